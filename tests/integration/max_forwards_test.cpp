// Max-Forwards: a TRACE or OPTIONS that may pass no further proxy is answered here, by either module.
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(max_forwards)

namespace {

struct Answer {
  std::string status;
  HeaderList headers;
  std::string body;
};

Answer answerTo(const Httpd& httpd, const std::string& requestLine, const std::string& lines) {
  RawClient client(httpd.port());
  client.send(requestLine + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n" + lines + "\r\n");
  const std::string all = client.readToEnd().data;
  const std::size_t end = all.find("\r\n\r\n");
  return {firstLine(all).substr(9, 3), parseHeaders(all), all.substr(end == std::string::npos ? all.size() : end + 4)};
}

// Both modules before one origin; what each is asked for it.
struct Fronts {
  Fronts(Mpm mpm, const ScriptedOrigin& origin, const std::string& more = "")
      : httpd(mpm), targets{"/x", origin.url("/x")} {
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1024-65535\nRevProxyPass / " + origin.url("/") +
                    "\n" + more);
    httpd.start();
  }

  Httpd httpd;
  std::vector<std::string> targets;
};

}  // namespace

PROXY_TEST(zero_ends_here) {
  ScriptedOrigin origin(showingHeads());
  Fronts fronts(mpm, origin);
  for (const std::string& target : fronts.targets) {
    const Answer options = answerTo(fronts.httpd, "OPTIONS " + target, "Max-Forwards: 0\r\n");
    BOOST_TEST(options.status == "200");
    const std::string allowed = headerValue(options.headers, "Allow").value_or("");
    for (const char* method : {"GET", "HEAD", "POST", "OPTIONS", "TRACE"})
      BOOST_TEST(allowed.find(method) != std::string::npos, method << " is not in " << allowed);
    BOOST_TEST(options.body.empty());
    const Answer trace = answerTo(fronts.httpd, "TRACE " + target, "Max-Forwards: 0\r\nX-Sent: yes\r\n");
    BOOST_TEST(trace.status == "200");
    BOOST_TEST(headerValue(trace.headers, "Content-Type").value_or("") == "message/http");
    BOOST_TEST(trace.body.find("TRACE " + target + " HTTP/1.1\r\n") != std::string::npos, trace.body);
    BOOST_TEST(trace.body.find("X-Sent: yes\r\n") != std::string::npos, trace.body);
  }
  BOOST_TEST(origin.connections() == 0U);
}

PROXY_TEST(more_than_zero_is_lowered_once) {
  ScriptedOrigin origin(showingHeads());
  Fronts fronts(mpm, origin);
  const auto seen = [&](const std::string& requestLine, const std::string& value) {
    const Answer answer = answerTo(fronts.httpd, requestLine, "Max-Forwards: " + value + "\r\n");
    return headerValue(parseHeaders(answer.body), "Max-Forwards").value_or("(none) " + answer.status);
  };
  for (const std::string& target : fronts.targets) {
    for (const std::string method : {"OPTIONS ", "TRACE "}) {
      BOOST_TEST(seen(method + target, "1") == "0");
      BOOST_TEST(seen(method + target, "10") == "9");
      // No number, so no Max-Forwards.
      BOOST_TEST(seen(method + target, "-1") == "-1");
      BOOST_TEST(seen(method + target, "many") == "many");
    }
    for (const std::string method : {"GET ", "POST ", "FROB "}) {
      BOOST_TEST(seen(method + target, "0") == "0");
      BOOST_TEST(seen(method + target, "5") == "5");
    }
  }
}

PROXY_TEST(what_is_not_allowed_stays_so) {
  ScriptedOrigin origin(showingHeads());
  Fronts fronts(mpm, origin, "TraceEnable Off\n");
  for (const std::string& target : fronts.targets) {
    BOOST_TEST(answerTo(fronts.httpd, "TRACE " + target, "Max-Forwards: 0\r\n").status == "405");
    BOOST_TEST(answerTo(fronts.httpd, "TRACE " + target, "Max-Forwards: 5\r\n").status == "405");
    const Answer options = answerTo(fronts.httpd, "OPTIONS " + target, "Max-Forwards: 0\r\n");
    BOOST_TEST(headerValue(options.headers, "Allow").value_or("").find("TRACE") == std::string::npos);
  }
  BOOST_TEST(origin.connections() == 0U);
}

PROXY_TEST(rules_hold_for_what_ends_here) {
  ScriptedOrigin origin(showingHeads());
  Fronts fronts(mpm, origin, "<Location /closed>\nRequire all denied\n</Location>\n");
  fronts.httpd.expectLog("AH01630");
  fronts.httpd.expectLog("destination-denied");
  BOOST_TEST(answerTo(fronts.httpd, "OPTIONS /closed", "Max-Forwards: 0\r\n").status == "403");
  BOOST_TEST(answerTo(fronts.httpd, "OPTIONS http://closed.test/", "Max-Forwards: 0\r\n").status == "403");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
