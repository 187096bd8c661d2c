// The cache for what httpd asks for itself: parts of a page that mod_include puts together, and ErrorDocument.
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_subrequest)

namespace {

constexpr const char* kFields = "Cache-Control: max-age=60\r\nETag: \"part\"\r\n";

// A page of two parts below /part, which is the cache's.
void configurePage(Httpd& httpd, const std::string& backend) {
  httpd.loadModule("include");
  httpd.configure("RevProxyPass /part " + backend +
                  " cache=on\n"
                  "<Location /page.shtml>\nOptions +Includes\nSetOutputFilter INCLUDES\n</Location>\n");
  std::ofstream(httpd.documentRoot() / "page.shtml")
      << "<<!--#include virtual=\"/part/a\" -->|<!--#include virtual=\"/part/b\" -->>\n";
}

}  // namespace

// What a client says of the page it says of none of its parts.
PROXY_TEST(parts_of_a_page_come_whole_from_the_cache) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("part", kFields)));
  Httpd httpd(mpm);
  configurePage(httpd, origin.url("/"));
  httpd.start();
  Client client;
  const std::vector<std::string> conditions = {"If-None-Match: \"part\"", "If-None-Match: *", "Range: bytes=0-1000",
                                               "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", "X-Own: 1"};
  for (int round = 0; round < 2; ++round) {
    for (const std::string& condition : conditions) {
      const Response response = client.get(httpd.url("/page.shtml"), {condition});
      BOOST_TEST(response.body == "<part|part>\n", condition);
    }
  }
  BOOST_TEST(origin.requests().size() == 2u);
}

// A client's conditions and ranges are for what it has asked for, and not for the page that tells of a failure.
PROXY_TEST_EVENT(an_error_page_comes_whole) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    return request.header("If-None-Match") ? "HTTP/1.1 304 Not Modified\r\n\r\n" : okResponse("sorry", kFields);
  }));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass /errors " + origin.url("/") + " cache=on\nErrorDocument 404 /errors/404\n");
  httpd.start();
  for (const std::string condition : {"If-None-Match: \"part\"", "Range: bytes=0-1"}) {
    const Response response = Client().get(httpd.url("/none"), {condition});
    BOOST_TEST(response.status == 404, condition);
    BOOST_TEST(response.body == "sorry", condition);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
