// Golden bytes (wire/): what goes out to the origin for a request, compared whole.
#include <map>
#include <mutex>
#include <optional>

#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_answer.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(wire_bytes)

namespace {

using Words = std::map<std::string, std::string>;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t place = text.find(from); place != std::string::npos; place = text.find(from, place + to.size()))
    text.replace(place, from.size(), to);
  return text;
}

// Keeps every byte of the requests that come, and answers each with 200.
class RecordingOrigin {
 public:
  explicit RecordingOrigin(ScriptedOrigin::Loopback loopback)
      : origin_([this](OriginConnection& connection) { serve(connection); }, loopback) {}

  int port() const { return origin_.port(); }

  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, "");
  }

 private:
  void serve(OriginConnection& connection) {
    while (true) {
      std::string bytes = connection.readHead();
      const HeaderList headers = parseHeaders(bytes);
      if (headerValue(headers, "Transfer-Encoding")) {
        while (!bytes.ends_with("\r\n0\r\n\r\n")) bytes += connection.readExactly(1);
      } else {
        bytes += connection.readExactly(std::stoul(headerValue(headers, "Content-Length").value_or("0")));
      }
      {
        const std::lock_guard lock(mutex_);
        seen_ += bytes;
      }
      connection.write(bytes.starts_with("HEAD ") ? "HTTP/1.1 200 OK\r\n\r\n" : okResponse("answer"));
    }
  }

  std::mutex mutex_;
  std::string seen_;
  ScriptedOrigin origin_;  // the last: its threads use the rest
};

class Bench {
 public:
  explicit Bench(Mpm mpm)
      : origin_(ScriptedOrigin::Loopback::kV4),
        httpd_(mpm, {.preforkStart = 1, .preforkChildren = 1}),
        slashes_(httpd_.addPort()),
        forward_(httpd_.addPort()),
        forwardVia_(httpd_.addPort()) {
    if (hasLoopback6()) origin6_.emplace(ScriptedOrigin::Loopback::kV6);
    httpd_.expectLog(kAllTaken);
    httpd_.expectLog("AH[0-9]+: |request-refused|bad-authority|unsupported-(scheme|coding)");
    httpd_.configure(configuration());
    httpd_.start();
    words_ = {{"{origin}", "127.0.0.1:" + std::to_string(origin_.port())},
              {"{origin6}", "[::1]:" + port6()},
              {"{origin-name}", "localhost:" + std::to_string(origin_.port())},
              {"{ORIGIN-NAME}", "LocalHost.:" + std::to_string(origin_.port())},
              {"{software}", software()}};
  }

  void check(const WireRow& row) {
    if (!origin6_ && row.golden.find("{origin6}") != std::string::npos) {
      BOOST_TEST_MESSAGE("no ::1 here for " << row.name);
      return;
    }
    BOOST_TEST_CONTEXT(row.name) {
      RawClient client =
          row.to == WireRow::To::kServer6 ? RawClient(connectTo6(portOf(row.to))) : RawClient(portOf(row.to));
      client.send(wireForm(row.sent, row));
      const RawAnswer answer = readAnswerHead(client);
      BOOST_TEST(answer.status() == row.status);
      const std::string seen = origin_.take() + (origin6_ ? origin6_->take() : "");
      const std::string golden = wireForm(row.golden, row);
      BOOST_TEST((seen == golden), "what went out is\n" << seen << "\nand not\n" << golden);
    }
  }

 private:
  std::string port6() const { return std::to_string(origin6_ ? origin6_->port() : 1); }

  std::string configuration() const {
    const std::string origin = "http://127.0.0.1:" + std::to_string(origin_.port());
    const std::string origin6 = "http://[::1]:" + port6();
    const auto virtualHost = [](int port, const std::string& lines) {
      return "<VirtualHost 127.0.0.1:" + std::to_string(port) + ">\nServerName httpd.test\n" + lines +
             "</VirtualHost>\n";
    };
    const std::string forward =
        "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535 [::1]:1-65535 localhost:1-65535\n"
        "FwdProxyPrivateNetworks 127.0.0.0/8 ::1/128\n";
    return (origin6_ ? "Listen [::1]:" + std::to_string(httpd_.port()) : "") +
           "\nAllowEncodedSlashes NoDecode\nRevProxyAddHeaders Off\n"
           "RevProxyPass /plain " +
           origin + "/\nRevProxyPass /slash " + origin + "/base/\nRevProxyPass /base " + origin +
           "/base\nRevProxyPass /below/ " + origin + "/base\nRevProxyPass /buffered " + origin +
           "/ request-buffer=64k\nRevProxyPass /socket " + origin + "/ upgrade=websocket\nRevProxyPass /single " +
           origin + "/ disablereuse=On\nRevProxyPass /told " + origin + "/\nRevProxyPass /told6 " + origin6 +
           "/\nRevProxyPass /via " + origin + "/\nRevProxyPass /via-full " + origin + "/\nRevProxyPass /preserved " +
           origin +
           "/\n<LocationMatch ^/told6?/>\nRevProxyAddHeaders On\n</LocationMatch>\n"
           "<Location /via>\nRevProxyVia On\n</Location>\n<Location /via-full>\nRevProxyVia Full\n</Location>\n"
           "<Location /preserved>\nRevProxyPreserveHost On\n</Location>\n" +
           virtualHost(slashes_, "MergeSlashes Off\nAllowEncodedSlashes NoDecode\n") +
           virtualHost(forward_, forward + "FwdProxyVia Off\n") + virtualHost(forwardVia_, forward);
  }

  // As the page of an error that is httpd's own says.
  std::string software() const {
    RawClient client(httpd_.port());
    client.send("GET /nothing-here HTTP/1.1\r\nHost: a\r\n\r\n");
    return readAnswerHead(client).header("Server").value_or("");
  }

  int portOf(WireRow::To to) const {
    switch (to) {
      case WireRow::To::kSlashes:
        return slashes_;
      case WireRow::To::kForward:
        return forward_;
      case WireRow::To::kForwardVia:
        return forwardVia_;
      default:
        return httpd_.port();
    }
  }

  std::string wireForm(std::string text, const WireRow& row) const {
    for (const auto& [word, value] : words_) text = replaced(std::move(text), word, value);
    text = replaced(std::move(text), "{proxy}", std::to_string(portOf(row.to)));
    return row.exact ? text : replaced(std::move(text), "\n", "\r\n");
  }

  RecordingOrigin origin_;
  std::optional<RecordingOrigin> origin6_;  // where there is ::1
  Httpd httpd_;
  int slashes_;
  int forward_;
  int forwardVia_;
  Words words_;
};

void check(Mpm mpm, const std::vector<std::vector<WireRow>>& tables) {
  Bench bench(mpm);
  for (const std::vector<WireRow>& rows : tables)
    for (const WireRow& row : rows) bench.check(row);
}

}  // namespace

PROXY_TEST(requests_through_the_reverse_proxy) {
  check(mpm, {methodRows(), bodyRows(), pathRows(), sentFieldRows(), forwardedFieldRows()});
}

PROXY_TEST(requests_through_the_forward_proxy) {
  check(mpm, {forwardRows()});
}

PROXY_TEST(requests_that_are_refused) {
  check(mpm, {refusedRequestRows(), refusedForwardRows()});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
