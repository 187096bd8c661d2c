// What a stored response hangs on: no two clients share one that the backend tells apart, by whatever it is told of
// them, and each gets it with the URLs of where it has asked.
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

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
      BOOST_TEST(response.header("Cache-Status").value_or("").ends_with("detail=vary-added"));
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

// A front that speaks TLS with the client: the redirect to https is for those who have not come by it.
PROXY_TEST_EVENT(what_a_trusted_front_says_of_the_client_counts) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    const std::string url = request.header("X-Forwarded-Proto").value_or("") + "://" +
                            request.header("X-Forwarded-Host").value_or("") + request.target();
    return okResponse(url, kFresh);
  }));
  Httpd httpd(mpm);
  httpd.loadModule("remoteip");
  httpd.configure("RemoteIPHeader X-Client\nRemoteIPInternalProxy 127.0.0.1\nRevProxyCache On\nRevProxyPass / " +
                  origin.url("/") + "\n<Location /unchanged>\nRevProxyAddHeaders Off\n</Location>\n");
  httpd.start();
  Client client;
  const auto ask = [&](const std::string& target, const std::string& scheme, const std::string& host, bool isTrusted) {
    std::vector<std::string> fields{"Host: inner.test", "X-Forwarded-Proto: " + scheme, "X-Forwarded-Host: " + host};
    if (isTrusted) fields.push_back("X-Client: 192.0.2.1");
    return client.get(httpd.url(target), fields);
  };
  const struct {
    std::string scheme;
    std::string host;
  } fronts[] = {{"http", "one.test"},  {"https", "one.test"},   {"https", "two.test"},
                {"HTTPS", "one.test"}, {"https", "one.test/x"}, {"https", "one.test/x y"},
                {"x y", "one.test"},   {"http", "inner.test"},  {"http", "http://one.test"}};
  for (const std::string target : {"/a", "/unchanged"}) {
    for (const bool isHitNow : {false, true}) {
      for (const auto& [scheme, host] : fronts) {
        const Response response = ask(target, scheme, host, true);
        BOOST_TEST(response.body == scheme + "://" + host + target);
        BOOST_TEST(isHit(response) == isHitNow, target << " " << scheme << " " << host);
      }
    }
  }
  // Who is not trusted says nothing, and shares with all others.
  BOOST_TEST(ask("/a", "https", "one.test", false).body == "http://inner.test/a");
  BOOST_TEST(isHit(ask("/a", "http", "evil.test", false)));
}

// A PROXY line vouches for no field, and where the client's connection was left behind it is not forgotten that it had
// one.
PROXY_TEST_EVENT(a_refresh_in_the_background_trusts_no_more_than_its_request) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    return okResponse(request.header("X-Forwarded-Host").value_or("none"),
                      "Cache-Control: max-age=60, stale-while-revalidate=600\r\nAge: 100\r\n");
  }));
  Httpd httpd(mpm);
  httpd.loadModule("remoteip");
  httpd.expectLog("AH03496|AH03507|remoteip");
  // On a port of its own: the harness asks the first one whether httpd is up.
  const int port = httpd.addPort();
  httpd.configure("<VirtualHost *:" + std::to_string(port) + ">\nRemoteIPProxyProtocol On\nRevProxyCache On\n" +
                  "RevProxyPass / " + origin.url("/") + "\n</VirtualHost>\n");
  httpd.start();
  for (int request = 0; request < 2; ++request) {
    RawClient client(port);
    client.send(
        "PROXY TCP4 192.0.2.1 127.0.0.1 4000 80\r\nGET /x HTTP/1.1\r\nHost: own.test\r\n"
        "X-Forwarded-Host: evil.test\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.readToEnd().data.ends_with("own.test"));
  }
  BOOST_TEST(waitUntil([&] { return origin.requests().size() >= 2; }));
  for (const OriginRequest& request : origin.requests())
    BOOST_TEST(request.header("X-Forwarded-Host").value_or("none") == "own.test");
}

// One place behind two mappings: each gets its own URLs, cookies and Via, from the store as from the backend.
PROXY_TEST_EVENT(what_is_stored_is_edited_for_who_gets_it) {
  ScriptedOrigin origin([&](OriginConnection& connection) {
    while (const auto request = connection.readRequest())
      connection.write("HTTP/1.1 302 Found\r\n" + std::string(kFresh) + "Location: http://" +
                       request->header("Host").value_or("") + "/inner/new\r\nSet-Cookie: a=b; Path=/inner\r\n" +
                       "Content-Length: 0\r\n\r\n");
  });
  Httpd httpd(mpm);
  const auto location = [&](const std::string& path, const std::string& settings) {
    return "<Location " + path + ">\n" + settings + "</Location>\n";
  };
  const std::string pass =
      "RevProxyPass " + origin.url("/inner/") + "\nRevProxyPassReverse " + origin.url("/inner/") + "\n";
  const auto configure = [&](const std::string& cookiePath) {
    httpd.configure(
        "RevProxyCacheStore kept lmdb size=4M path=" + (httpd.directory().path() / "kept").string() +
        "\nRevProxyCache On store=kept\nRevProxyCacheSetCookie On\n" + location("/one/", pass + "RevProxyVia On\n") +
        location("/two/", pass) + "RevProxyPassReverseCookiePath /inner " + cookiePath +
        "\n<RevProxyBalancer app>\nRevProxyMember " + origin.url("/inner") +
        "\n</RevProxyBalancer>\nRevProxyPass /app balancer://app/\nRevProxyPassReverse /app balancer://app/\n");
  };
  configure("/left");
  httpd.start();
  for (const bool isHitNow : {false, true}) {
    Client client;
    for (const std::string place : {"/one", "/two", "/app"}) {
      Response response = client.get(httpd.url(place + "/x"));
      const std::string cookie = isHitNow ? "a=b; Path=/right" : "a=b; Path=/left";
      // A child of before the restart may take a connection yet.
      const auto isEdited = [&] { return response.header("Set-Cookie").value_or("") == cookie; };
      BOOST_TEST(waitUntil([&] {
        if (!isEdited()) response = Client().get(httpd.url(place + "/x"));
        return isEdited();
      }));
      BOOST_TEST(isHit(response) == isHitNow);
      BOOST_TEST(response.header("Location").value_or("") == httpd.url(place + "/new"));
      BOOST_TEST(response.header("Via").has_value() == (place == "/one"));
    }
    if (isHitNow) break;
    configure("/right");
    httpd.graceful();
  }
}

// RFC 9111 4.4: what a successful POST names is gone, whichever way the backend names it.
PROXY_TEST_EVENT(what_a_change_names_is_removed_by_each_of_its_urls) {
  std::string named;  // by the next POST
  std::mutex mutex;
  ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) {
    const std::lock_guard lock(mutex);
    if (request.method() == "POST")
      return "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nLocation: " + named + "\r\n\r\n";
    return okResponse("", kFresh);
  }));
  Httpd httpd(mpm);
  const std::string url = origin.url("/inner/");
  httpd.configure("RevProxyCache On\nRevProxyPass /app/ " + url + "\nRevProxyPassReverse /app/ " + url +
                  "\n<Location /bare/>\nRevProxyPass " + url + "\n</Location>\nRevProxyPass /more " +
                  origin.url("/in/ner") + "\n<Location /kept/>\nRevProxyPreserveHost On\nRevProxyPass " + url +
                  "\n</Location>\n");
  httpd.start();
  Client client;
  const std::vector<std::string> host{"Host: www.test"};
  const auto isStored = [&](const std::string& target) { return isHit(client.get(httpd.url(target), host)); };
  const auto change = [&](const std::string& target, const std::string& location) {
    {
      const std::lock_guard lock(mutex);
      named = location;
    }
    BOOST_TEST(client.post(httpd.url(target), "", host).status == 201);
    // What begins in the millisecond of a removal is not stored.
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  };
  const struct {
    std::string at;
    std::string location;
    std::string removed;
  } rows[] = {
      {"/app/", url + "x", "/app/x"},
      {"/app/", "/inner/x", "/app/x"},
      {"/app/", "/app/x", "/app/x"},
      {"/app/", "http://www.test/app/x", "/app/x"},
      {"/app/", "HTTP://WWW.test:80/app/./y/../x", "/app/x"},
      {"/app/y", "x?a=b", "/app/x?a=b"},
      {"/app/", url + "x", "/bare/x"},
      {"/bare/", url + "x", "/bare/x"},
      {"/bare/", "/inner/x", "/app/x"},
      {"/bare/", "/bare/%C3%A9", "/bare/%C3%A9"},
      {"/app/", origin.url("/in/ner/x"), "/more/x"},
      {"/app/", "/more/x", "/more/x"},
      {"/kept/", "http://www.test/inner/x", "/kept/x"},
  };
  for (const auto& [at, location, removed] : rows) {
    BOOST_TEST_CONTEXT(location << " at " << at) {
      isStored(removed);
      isStored("/app/other");
      BOOST_TEST(isStored(removed));
      change(at, location);
      BOOST_TEST(!isStored(removed));
      BOOST_TEST(isStored("/app/other"));
    }
  }
  // Of another host.
  for (const std::string location : {"http://other.test/app/x", "http://127.0.0.1:1/inner/x", "//other.test/app/x"}) {
    isStored("/app/x");
    change("/app/", location);
    BOOST_TEST(isStored("/app/x"), location);
  }
}

// RFC 9110 9.3.3: a POST's answer is for later GETs where the client reads in Content-Location the URL that it asked.
PROXY_TEST_EVENT(an_answer_to_post_is_kept_by_the_url_that_its_client_reads) {
  ScriptedOrigin origin(ScriptedOrigin::answering([&](const OriginRequest& request) {
    return okResponse(request.method(), std::string(kFresh) + "Content-Location: http://" +
                                            request.header("Host").value_or("") + request.target() + "\r\n");
  }));
  Httpd httpd(mpm);
  const std::string url = origin.url("/inner/");
  httpd.configure("RevProxyCache On\nRevProxyPass /app/ " + url + "\nRevProxyPassReverse /app/ " + url +
                  "\nRevProxyPass /bare/ " + url + "\n");
  httpd.start();
  Client client;
  for (const std::string target : {"/app/x", "/bare/x"}) {
    BOOST_TEST(client.post(httpd.url(target), "").body == "POST");
    BOOST_TEST(client.get(httpd.url(target)).body == (target == "/app/x" ? "POST" : "GET"));
  }
}

PROXY_TEST_EVENT(a_purge_reaches_all_mappings_and_stores_of_one_host) {
  const auto answering = [] {
    return ScriptedOrigin::answering(okResponse("", kFresh + std::string("Cache-Tag: t\r\n")));
  };
  ScriptedOrigin one(answering());
  ScriptedOrigin two(answering());
  Httpd httpd(mpm);
  const std::string any = "<VirtualHost *:" + std::to_string(httpd.port()) + ">\nServerName ";
  const std::string settings =
      "\nRevProxyCache On\nRevProxyCachePurge On\n<Location />\nRequire all granted\n</Location>\n"
      "RevProxyPass / " +
      one.url("/") + "\nRevProxyPass /two/ " + two.url("/") +
      "\n<Location /two/apart/>\nRevProxyCache On store=apart\n</Location>\n</VirtualHost>\n";
  httpd.configure("RevProxyCacheStore apart lmdb size=4M path=" + (httpd.directory().path() / "apart").string() + "\n" +
                  any + "a.test" + settings + any + "b.test" + settings);
  httpd.start();
  Client client;
  const std::vector<std::string> targets{"/x", "/two/x", "/two/apart/x"};
  const auto isStored = [&](const std::string& host, const std::string& target) {
    return isHit(client.get(httpd.url(target), {"Host: " + host}));
  };
  const auto storeAll = [&] {
    for (const std::string host : {"a.test", "b.test"})
      for (const std::string& target : targets)
        BOOST_TEST(waitUntil([&] { return isStored(host, target); }), host << target);
  };
  const auto purge = [&](const std::string& target, const std::string& field) {
    return client.perform({.url = httpd.url(target), .method = "PURGE", .headers = {"Host: a.test", field}}).status;
  };
  const struct {
    std::string target;
    std::string field;
    std::vector<bool> stays;
  } rows[] = {{"/*", "X-None: 1", {false, false, false}},
              {"/two/*", "X-None: 1", {true, false, false}},
              {"/", "Cache-Tag: t", {false, false, false}},
              {"/two/x", "X-None: 1", {true, false, true}},
              {"/two/apart/x", "X-None: 1", {true, true, false}}};
  for (const auto& [target, field, stays] : rows) {
    BOOST_TEST_CONTEXT("PURGE " << target << " with " << field) {
      storeAll();
      BOOST_TEST(purge(target, field) == 200);
      for (const std::string& other : targets) BOOST_TEST(isStored("b.test", other), other);
      for (std::size_t place = 0; place < targets.size(); ++place)
        BOOST_TEST(isStored("a.test", targets[place]) == stays[place], targets[place]);
    }
  }
}

// Split horizon: one name, a vhost for those inside and one for those outside.
PROXY_TEST_EVENT(vhosts_of_one_name_share_nothing) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target(), kFresh); }));
  Httpd httpd(mpm);
  const std::string port = std::to_string(httpd.port());
  const auto vhost = [&](const std::string& address) {
    return "<VirtualHost " + address + ":" + port + ">\nServerName site.test\nRevProxyCache On\nRevProxyPass / " +
           origin.url("/") + "\n</VirtualHost>\n";
  };
  httpd.configure("Listen 127.0.0.2:" + port + "\n" + vhost("127.0.0.1") + vhost("127.0.0.2"));
  httpd.start();
  Client client;
  const auto isHitAt = [&](const std::string& address) {
    return isHit(client.get("http://" + address + ":" + port + "/x", {"Host: site.test"}));
  };
  BOOST_TEST(waitUntil([&] { return isHitAt("127.0.0.1"); }));
  BOOST_TEST(!isHitAt("127.0.0.2"));
  BOOST_TEST(waitUntil([&] { return isHitAt("127.0.0.2"); }));
}

// The backend hears of them in a field that no Vary names, and the client's Authorization stays here (RFC 9111 3.5).
PROXY_TEST_EVENT(what_a_known_user_gets_is_the_users_own) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    const std::string permission = request.target() == "/shared" ? "Cache-Control: max-age=600, public\r\n" : kFresh;
    return okResponse(request.header("X-User").value_or("nobody"), permission);
  }));
  Httpd httpd(mpm);
  for (const char* const module : {"headers", "auth_basic", "authn_core", "authn_anon", "authz_user"})
    httpd.loadModule(module);
  httpd.configure("RevProxyCache On\nRevProxyPass / " + origin.url("/") +
                  "\n<Location />\nAuthType Basic\nAuthName all\nAuthBasicProvider anon\nAnonymous *\n"
                  "Anonymous_MustGiveEmail Off\nRequire valid-user\nRequestHeader set X-User expr=%{REMOTE_USER}\n"
                  "RequestHeader unset Authorization\n</Location>\n");
  httpd.start();
  Client client;
  const auto ask = [&](const std::string& target, const std::string& credentials) {
    return client.get(httpd.url(target), {"Authorization: Basic " + credentials});
  };
  const std::string alice = "YWxpY2U6eA==";
  const std::string bob = "Ym9iOng=";
  for (int times = 0; times < 2; ++times) {
    BOOST_TEST(ask("/own", alice).body == "alice");
    BOOST_TEST(ask("/own", bob).body == "bob");
  }
  BOOST_TEST(ask("/shared", alice).body == "alice");
  BOOST_TEST(waitUntil([&] { return isHit(ask("/shared", bob)); }));
  BOOST_TEST(ask("/shared", bob).body == "alice");
}

// What comes in parts bears the tags of its site too, and so does what is made of them.
PROXY_TEST_EVENT(a_purge_by_tag_reaches_parts) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      "HTTP/1.1 206 Partial Content\r\nETag: \"x\"\r\nCache-Tag: news\r\nContent-Range: bytes 0-3/4\r\n"
      "Content-Length: 4\r\n" +
      std::string(kFresh) + "\r\nbody"));
  Httpd httpd(mpm);
  httpd.configure(
      "RevProxyCache On\nRevProxyCachePurge On\n<Location />\nRequire all granted\n</Location>\nRevProxyPass / " +
      origin.url("/") + "\n");
  httpd.start();
  Client client;
  const auto isStored = [&] { return isHit(client.get(httpd.url("/x"), {"Range: bytes=0-3"})); };
  BOOST_TEST(waitUntil(isStored));
  BOOST_TEST(client.perform({.url = httpd.url("/"), .method = "PURGE", .headers = {"Cache-Tag: news"}}).status == 200);
  BOOST_TEST(!isStored());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
