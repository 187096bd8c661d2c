// RevProxyPass nocanon: the path goes on as the client has sent it, and only where httpd has judged that same path.
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(nocanon)

namespace {

// The target that the backend was asked for; the status where it was not.
std::string targetFor(const Httpd& httpd, const std::string& target, const std::string& host = "first.test") {
  RawClient client(httpd.port());
  client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
  const std::string answer = client.readToEnd().data;
  const std::string status = firstLine(answer).substr(9, 3);
  return status == "200" ? answer.substr(answer.find("\r\n\r\n") + 4) : status;
}

ScriptedOrigin::Script showingTargets() {
  return ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target()); });
}

}  // namespace

PROXY_TEST(the_path_goes_on_as_it_was_sent) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /raw " + origin.url("/base") + " nocanon\nRevProxyPass /plain " + origin.url("/base") +
                  "\n<Location /here>\nRevProxyPass " + origin.url("/there") + " nocanon=on\n</Location>\n");
  httpd.start();
  BOOST_TEST(targetFor(httpd, "/raw/%41%7e%2c?%41") == "/base/%41%7e%2c?%41");
  BOOST_TEST(targetFor(httpd, "/plain/%41%7e%2c?%41") == "/base/A~%2c?%41");
  BOOST_TEST(targetFor(httpd, "/%72aw/x") == "/base/x");
  BOOST_TEST(targetFor(httpd, "/raw") == "/base");
  BOOST_TEST(targetFor(httpd, "http://first.test/raw/%61") == "/base/%61");
  BOOST_TEST(targetFor(httpd, "/here/%61") == "/there/%61");
}

PROXY_TEST(what_has_two_readings_goes_nowhere) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  httpd.loadModule("rewrite");
  const std::string port = std::to_string(httpd.port());
  const std::string mapping = "RevProxyPass /raw " + origin.url("/base") + " nocanon\n";
  httpd.configure("<VirtualHost *:" + port + ">\nServerName first.test\nAllowEncodedSlashes NoDecode\n" + mapping +
                  "RewriteEngine On\nRewriteRule ^/old/(.*) /raw/$1 [PT]\n</VirtualHost>\n<VirtualHost *:" + port +
                  ">\nServerName unmerged.test\nMergeSlashes Off\n" + mapping + "</VirtualHost>\n");
  httpd.start();
  httpd.expectLog("path-refused");
  for (const std::string target : {"/raw/a/../b", "/raw/./b", "/raw/%2e%2E/raw/b", "/raw/a%2f..%2fb", "/raw/..;/b",
                                   "/raw//b", "//raw/b", "/x/../raw/b", "/raw/b%5c..%5cc"}) {
    BOOST_TEST(targetFor(httpd, target) == "400", target);
  }
  httpd.requireLog("GET /raw/a/\\.\\./b -> http://127.* path-refused: the raw path .* has a dot segment");
  httpd.requireLog("path-refused: the raw path \"/raw//b\" has \"//\"");
  BOOST_TEST(targetFor(httpd, "/raw//b", "unmerged.test") == "400");
  BOOST_TEST(targetFor(httpd, "/old/b") == "400");
  httpd.requireLog("path-refused: the raw path \"/old/b\" is not the path that httpd has judged, \"/raw/b\"");
  BOOST_TEST(origin.requests().empty());
  BOOST_TEST(targetFor(httpd, "/raw/b") == "/base/b");
}

// What may not stand in a target is encoded elsewhere; here it would not be what was sent.
PROXY_TEST(bytes_that_may_not_stand_there_are_refused_not_encoded) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /raw " + origin.url("/") + " nocanon\nRevProxyPass /plain " + origin.url("/") + "\n");
  httpd.start();
  for (const std::string bytes : {"\xc3\xa4", "a b", "a\tb",
                                  "a\x01"
                                  "b",
                                  "a#b", "a?b\x7f", "a?\xff"}) {
    BOOST_TEST(targetFor(httpd, "/raw/" + bytes) == "400", bytes);
  }
  BOOST_TEST(origin.requests().empty());
  httpd.expectLog("path-refused|request-refused");
  BOOST_TEST(targetFor(httpd, "/plain/\xc3\xa4") == "/%C3%A4");
}

// RabbitMQ's management interface names its first virtual host "/".
PROXY_TEST(an_encoded_slash_of_rabbitmq_comes_through) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  std::string sites;
  for (const std::string setting : {"Off", "On", "NoDecode"})
    sites += "<VirtualHost *:" + port + ">\nServerName " + setting + ".test\nAllowEncodedSlashes " + setting +
             "\nRevProxyPass /plain " + origin.url("/") + "\nRevProxyPass /raw " + origin.url("/") +
             " nocanon\n</VirtualHost>\n";
  httpd.configure(sites);
  httpd.start();
  const auto seen = [&](const std::string& setting, const std::string& prefix) {
    return targetFor(httpd, prefix + "/api/queues/%2F/", setting + ".test");
  };
  BOOST_TEST(seen("Off", "/plain") == "404");
  BOOST_TEST(seen("Off", "/raw") == "404");
  BOOST_TEST(seen("NoDecode", "/plain") == "/api/queues/%2F/");
  BOOST_TEST(seen("NoDecode", "/raw") == "/api/queues/%2F/");
  // httpd has judged /api/queues/, and that is what goes on, or nothing.
  BOOST_TEST(seen("On", "/plain") == "/api/queues/");
  BOOST_TEST(seen("On", "/raw") == "400");
  httpd.requireLog("path-refused: .*write AllowEncodedSlashes NoDecode");
  BOOST_TEST(targetFor(httpd, "/raw/api/queues/%2Fx", "On.test") == "400");
}

PROXY_TEST(access_rules_hold_for_the_raw_path) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  httpd.expectLog("AH01630: client denied by server configuration");
  httpd.expectLog("path-refused");
  httpd.configure("AllowEncodedSlashes NoDecode\nRevProxyPass / " + origin.url("/") +
                  " nocanon\n<Location /closed>\nRequire all denied\n</Location>\n");
  httpd.start();
  for (const std::string target : {"/closed/x", "/%63losed/x", "/open/../closed/x", "//closed/x", "/open/%2e%2e/closed",
                                   "/./closed", "/open%2f..%2fclosed", "http://first.test//closed/x"}) {
    const std::string seen = targetFor(httpd, target);
    BOOST_TEST((seen == "403" || seen == "400"), target << " gave " << seen);
  }
  BOOST_TEST(origin.requests().empty());
  BOOST_TEST(targetFor(httpd, "/open%2Fx") == "/open%2Fx");
}

// httpd asks for it itself, with a path of its own.
PROXY_TEST(an_error_page_may_be_behind_it) {
  ScriptedOrigin origin(showingTargets());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /raw " + origin.url("/base") + " nocanon\nErrorDocument 404 /raw/%6Fops?a\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("GET /nowhere//x HTTP/1.1\r\nHost: first.test\r\nConnection: close\r\n\r\n");
  const std::string answer = client.readToEnd().data;
  BOOST_TEST(firstLine(answer) == "HTTP/1.1 404 Not Found");
  BOOST_TEST(answer.ends_with("\r\n\r\n/base/%6Fops?a"), answer);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
