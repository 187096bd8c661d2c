// What a stored response hangs on: no two clients share one that the backend tells apart, by whatever it is told of
// them, and each gets it with the URLs of where it has asked.
#include <string>
#include <string_view>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_keys)

namespace {

constexpr const char* kFresh = "Cache-Control: max-age=600\r\n";

bool isHit(const Response& response) {
  return response.header("Cache-Status").value_or("").find("; hit") != std::string::npos;
}

// Says what it was told in the field that the target names, and that this is what its answer hangs on.
std::string varyingAnswer(const OriginRequest& request) {
  const std::string name = request.target().substr(1);
  return okResponse(request.header(name).value_or("none"), kFresh + ("Vary: " + name + "\r\n"));
}

}  // namespace

// The client's own fields are alike: what it is told apart by is added on the way (RFC 9111 4.1).
PROXY_TEST_EVENT(what_is_added_on_the_way_is_nobody_elses) {
  ScriptedOrigin origin(ScriptedOrigin::answering(&varyingAnswer));
  Httpd httpd(mpm);
  httpd.loadModule("remoteip");
  httpd.configure(
      "RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\nRevProxyForwarded On\nRevProxyVia On\n"
      "RevProxyCache On\nRevProxyPass / " +
      origin.url("/") + "\n");
  httpd.start();
  Client client;
  for (const std::string name : {"X-Forwarded-For", "Forwarded"}) {
    for (const std::string address : {"192.0.2.1", "192.0.2.2", "192.0.2.1"}) {
      const Response response = client.get(httpd.url("/" + name), {"X-Client: " + address});
      BOOST_TEST(response.body.find(address) != std::string::npos, name << ": " << response.body);
      BOOST_TEST(!isHit(response));
    }
  }
  // The same for all who ask for that URL.
  for (const std::string name : {"Host", "Via", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Own"}) {
    const std::string first = client.get(httpd.url("/" + name), {"X-Client: 192.0.2.1"}).body;
    const Response second = client.get(httpd.url("/" + name), {"X-Client: 192.0.2.2"});
    BOOST_TEST(second.body == first);
    BOOST_TEST(isHit(second), name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
