// Statuses, reasons and methods that nobody has heard of pass through both modules as they came.
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(unchanged)

namespace {

constexpr const char* kBody = "a body of its own";

bool hasNoBody(int status) {
  return status == 204 || status == 304;
}

// Says whatever status line the request asks for in X-Say, with a body where there may be one.
ScriptedOrigin::Script sayingStatuses() {
  return ScriptedOrigin::answering([](const OriginRequest& request) {
    const std::string line = request.header("X-Say").value_or("200 OK");
    const int status = std::stoi(line);
    const std::string length = "Content-Length: " + std::to_string(std::string_view(kBody).size()) + "\r\n";
    const char* space = line.size() == 3 ? " " : "";  // an empty reason: the field that asks for it ends before it
    return "HTTP/1.1 " + line + space + "\r\nX-Own: 1\r\n" + (hasNoBody(status) ? "" : length) + "\r\n" +
           (hasNoBody(status) || request.method() == "HEAD" ? "" : kBody);
  });
}

struct Fronts {
  Fronts(Mpm mpm, const ScriptedOrigin& origin) : httpd(mpm), targets{"/x", origin.url("/x")} {
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1024-65535\nRevProxyPass / " + origin.url("/") +
                    "\n");
    httpd.start();
  }

  Httpd httpd;
  std::vector<std::string> targets;  // for mod_revproxy, and for mod_fwdproxy
};

struct Answer {
  std::string statusLine;
  HeaderList headers;
  std::string body;
};

// On a connection that is kept while httpd keeps it, so that a body that is longer or shorter than announced would be
// seen in the next. After some statuses, such as 400 and 503, httpd always closes.
class Asker {
 public:
  explicit Asker(const Httpd& httpd) : httpd_(httpd) {}

  Answer ask(const std::string& requestLine, const std::string& lines, const std::string& body = "") {
    if (!client_) client_.emplace(httpd_.port());
    client_->send(requestLine + " HTTP/1.1\r\nHost: a.test\r\n" + lines + "\r\n" + body);
    const std::string head = client_->readHead();
    Answer answer{firstLine(head), parseHeaders(head), ""};
    const int status = std::stoi(answer.statusLine.substr(9, 3));
    const std::string length = headerValue(answer.headers, "Content-Length").value_or("0");
    if (!requestLine.starts_with("HEAD ") && !hasNoBody(status)) answer.body = client_->readExactly(std::stoul(length));
    if (!equalsIgnoringCase(headerValue(answer.headers, "Connection").value_or(""), "close")) return answer;
    BOOST_TEST(client_->readToEnd().data == "");
    client_.reset();
    return answer;
  }

 private:
  const Httpd& httpd_;
  std::optional<RawClient> client_;
};

}  // namespace

PROXY_TEST(every_status_keeps_its_reason_and_its_body) {
  ScriptedOrigin origin(sayingStatuses());
  Fronts fronts(mpm, origin);
  std::vector<int> statuses{200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299, 300, 301, 302, 303, 304, 305, 306,
                            307, 308, 399, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414,
                            415, 416, 417, 418, 419, 420, 421, 422, 423, 424, 425, 426, 428, 429, 430, 431, 444, 451,
                            499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 510, 511, 520, 530, 599};
  for (const std::string& target : fronts.targets) {
    Asker client(fronts.httpd);
    for (const int status : statuses)
      for (const std::string method : {"GET ", "HEAD "}) {
        BOOST_TEST_CHECKPOINT(method << target << " answered " << status);
        const std::string line = std::to_string(status) + " Said So";
        const Answer answer = client.ask(method + target, "X-Say: " + line + "\r\n");
        BOOST_TEST(answer.statusLine == "HTTP/1.1 " + line, method);
        BOOST_TEST(answer.body == (hasNoBody(status) || method == "HEAD " ? "" : kBody));
        BOOST_TEST(headerValue(answer.headers, "X-Own").value_or("") == "1", line);
        const std::string length = std::to_string(std::string_view(kBody).size());
        if (!hasNoBody(status)) BOOST_TEST(headerValue(answer.headers, "Content-Length").value_or("") == length, line);
      }
  }
}

PROXY_TEST(a_reason_is_whatever_it_is) {
  ScriptedOrigin origin(sayingStatuses());
  Fronts fronts(mpm, origin);
  for (const std::string& target : fronts.targets) {
    Asker client(fronts.httpd);
    for (const std::string reason : {"", " ", "OK", "ok", "Not Found", "200", "200 OK", "(it's) <b>\"odd\"</b> %41 %s",
                                     "\xc3\xa4\xff obs-text", "tab\tin it", "two  spaces"})
      for (const std::string status : {"200", "299", "404", "599"}) {
        const Answer answer = client.ask("GET " + target, "X-Say: " + status + " " + reason + "\r\n");
        // The header field that asks for it has no spaces at its end, and so neither has the status line.
        const std::string said = "HTTP/1.1 " + status + " " + (reason == " " ? "" : reason);
        BOOST_TEST(answer.statusLine == said);
        BOOST_TEST(answer.body == kBody);
      }
  }
}

PROXY_TEST(methods_go_over_as_they_are) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    return okResponse(request.method() == "HEAD" ? "" : request.method() + " " + request.body);
  }));
  Fronts fronts(mpm, origin);
  for (const std::string& target : fronts.targets) {
    Asker client(fronts.httpd);
    for (const std::string method : {"FROBNICATE", "get", "Get", "head", "trace", "PROPFIND", "M-SEARCH", "A",
                                     "!#$%&'*+-.^_`|~", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCD"}) {
      BOOST_TEST(client.ask(method + " " + target, "").body == method + " ");
      BOOST_TEST(client.ask(method + " " + target, "Content-Length: 4\r\n", "body").body == method + " body");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
