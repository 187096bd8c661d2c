// Mappings to balancers: which target a member is asked for, and how what it says of itself comes back.
#include <array>
#include <map>
#include <set>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(balancer_mapping)

namespace {

std::string balancer(const std::string& name, const std::vector<std::string>& urls, const std::string& settings = "") {
  std::string text = "<RevProxyBalancer " + name + ">\n";
  for (const std::string& url : urls) text += "RevProxyMember " + url + "\n";
  return text + settings + "</RevProxyBalancer>\n";
}

// "GET /target", and the body behind it.
ScriptedOrigin::Script showingRequests() {
  return ScriptedOrigin::answering([](const OriginRequest& request) {
    return okResponse(request.method() + " " + request.target() + " " + request.body);
  });
}

// Redirects to /base/there, at the name that it was asked by.
ScriptedOrigin::Script redirecting() {
  return ScriptedOrigin::answering([](const OriginRequest& request) {
    return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://" + request.header("Host").value_or("") +
           "/base/there\r\n\r\n";
  });
}

ScriptedOrigin::Script saying(const std::string& text) {
  return ScriptedOrigin::answering(okResponse(text));
}

}  // namespace

PROXY_TEST(the_members_path_stands_before_the_mappings) {
  ScriptedOrigin origin(showingRequests());
  ScriptedOrigin rooted(showingRequests());
  Httpd httpd(mpm);
  httpd.configure(
      balancer("app", {origin.url("/base")}) + balancer("root", {rooted.url()}) +
      "RevProxyPass /app balancer://app/x\nRevProxyPass /plain balancer://app\n"
      "RevProxyPass /raw balancer://app/r nocanon\nRevProxyPass /up balancer://app/u request-buffer=64k\n"
      "RevProxyPass /root balancer://root\n<Location /here>\nRevProxyPass balancer://app/l/\n</Location>\n");
  httpd.start();
  Client client;
  const auto asked = [&](const std::string& path) { return client.get(httpd.url(path)).body; };
  BOOST_TEST(asked("/app/rest?q=%41") == "GET /base/x/rest?q=%41 ");
  BOOST_TEST(asked("/app") == "GET /base/x ");
  BOOST_TEST(asked("/plain/rest") == "GET /base/rest ");
  BOOST_TEST(asked("/here/rest") == "GET /base/l/rest ");
  BOOST_TEST(asked("/root/rest") == "GET /rest ");
  BOOST_TEST(asked("/app/%41%7e") == "GET /base/x/A~ ");
  BOOST_TEST(asked("/raw/%41%7e?%41") == "GET /base/r/%41%7e?%41 ");
  BOOST_TEST(client.post(httpd.url("/app/p"), "a body").body == "POST /base/x/p a body");
}

// A WebSocket that began at one member could begin at any: they are one service.
PROXY_TEST(what_one_member_may_change_to_is_offered_to_each) {
  ScriptedOrigin plain(showingHeads());
  ScriptedOrigin socket(showingHeads());
  Httpd httpd(mpm);
  httpd.configure(balancer("app", {plain.url(), "ws://127.0.0.1:" + std::to_string(socket.port())}) +
                  "RevProxyPass / balancer://app\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 2; ++round) {
    const std::string head = client.get(httpd.url("/"), {"Connection: Upgrade", "Upgrade: websocket"}).body;
    BOOST_TEST(headerValue(parseHeaders(head), "Upgrade").value_or("") == "websocket", head);
  }
  BOOST_TEST((plain.requests().size() == 1u && socket.requests().size() == 1u));
}

// Until the body is there nobody is asked, nor chosen.
PROXY_TEST(a_member_is_asked_when_the_upload_is_buffered) {
  ScriptedOrigin origin(showingRequests());
  Httpd httpd(mpm);
  httpd.configure(balancer("app", {origin.url()}) + "RevProxyPass / balancer://app request-buffer=64k\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\nfirst");
  BOOST_TEST(client.staysSilent(std::chrono::milliseconds(200)));
  BOOST_TEST(origin.connections() == 0u);
  client.send("-last");
  const std::string answer = client.readToEnd().data;
  BOOST_TEST(answer.ends_with("POST /p first-last"), answer);
}

// Each rule is of its own balancer's members, whichever of them answers.
PROXY_TEST(what_the_member_calls_itself_is_mapped_back) {
  ScriptedOrigin one(redirecting());
  ScriptedOrigin two(redirecting());
  ScriptedOrigin other(redirecting());
  Httpd httpd(mpm);
  httpd.configure(balancer("a", {one.url("/base"), two.url("/base")}) + balancer("b", {other.url()}) +
                  "RevProxyPass /a balancer://a/\nRevProxyPassReverse /a balancer://a/\n"
                  "RevProxyPass /b balancer://b/\nRevProxyPassReverse /b balancer://b/\n"
                  "<Location /c>\nRevProxyPass balancer://b/base\nRevProxyPassReverse balancer://b/base\n</Location>\n"
                  "<Location /d>\nRevProxyPass " +
                  other.url("/") + "\n</Location>\n");
  httpd.start();
  Client client;
  const auto location = [&](const std::string& path) {
    return client.get(httpd.url(path)).header("Location").value_or("");
  };
  for (int round = 0; round < 4; ++round) BOOST_TEST(location("/a/x") == httpd.url("/a/there"));
  BOOST_TEST(one.requests().size() == 2u);
  BOOST_TEST(location("/b/x") == httpd.url("/b/base/there"));
  BOOST_TEST(location("/c/x") == httpd.url("/c/there"));
  // The same backend, but not by that balancer.
  BOOST_TEST(location("/d/x") == other.url("/base/there"));
}

PROXY_TEST(a_hash_keeps_each_url_at_one_member) {
  const std::array<ScriptedOrigin, 3> origins{ScriptedOrigin(saying("0")), ScriptedOrigin(saying("1")),
                                              ScriptedOrigin(saying("2"))};
  const std::vector<std::string> urls{origins[0].url(), origins[1].url(), origins[2].url()};
  Httpd httpd(mpm);
  // Of two expressions the last one holds: the first would send all to one.
  httpd.configure(balancer("hashed", urls, "RevProxySet method=hash hash=same\nRevProxySet hash=%{REQUEST_URI}\n") +
                  balancer("spread", urls) +
                  "RevProxyPass /hashed balancer://hashed\nRevProxyPass /spread balancer://spread\n");
  httpd.start();
  std::map<std::string, std::set<std::string>> members;  // by URL
  std::set<std::string> all;
  for (int round = 0; round < 3; ++round) {
    Client client;
    for (int number = 0; number < 20; ++number) {
      const std::string path = "/hashed/" + std::to_string(number);
      const std::string member = client.get(httpd.url(path)).body;
      members[path].insert(member);
      all.insert(member);
    }
  }
  BOOST_TEST(all.size() > 1u);
  for (const auto& [path, one] : members) BOOST_TEST(one.size() == 1u, path);
  Client client;
  std::set<std::string> spread;
  for (int number = 0; number < 3; ++number) spread.insert(client.get(httpd.url("/spread/same")).body);
  BOOST_TEST(spread.size() == 3u);
}

PROXY_TEST_EVENT(a_vhosts_own_balancer_goes_before_the_servers_of_that_name) {
  ScriptedOrigin servers(saying("server's"));
  ScriptedOrigin own(saying("own"));
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  const auto host = [&](const std::string& name, const std::string& text) {
    return "<VirtualHost *:" + port + ">\nServerName " + name + ".test\n" + text + "</VirtualHost>\n";
  };
  const std::string pass = "RevProxyPass /app balancer://app\n";
  httpd.configure(balancer("app", {servers.url()}) + "RevProxyPass /inherited balancer://app\n" + host("plain", pass) +
                  host("own", balancer("app", {own.url()}) + pass));
  httpd.start();
  Client client;
  const auto asked = [&](const std::string& name, const std::string& path) {
    return client.get(httpd.url(path), {"Host: " + name + ".test"}).body;
  };
  BOOST_TEST(asked("plain", "/app") == "server's");
  BOOST_TEST(asked("own", "/app") == "own");
  // Written in the server, it means the server's.
  BOOST_TEST(asked("own", "/inherited") == "server's");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
