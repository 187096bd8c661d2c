// How the reverse proxy lives with the rest of httpd: its URL settings, LimitRequestBody, other modules, and
// connections that a worker holds on to.
#include <atomic>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(neighbours)

namespace {

ScriptedOrigin::Script tellingTarget() {
  return ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target()); });
}

std::string targetSeen(Httpd& httpd, const std::string& target) {
  RawClient client(httpd.port());
  client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = client.readToEnd().data;
  return all.substr(0, 12) == "HTTP/1.1 200" ? all.substr(all.find("\r\n\r\n") + 4) : all.substr(9, 3);
}

}  // namespace

// The backend gets what httpd's access rules have judged, as the client encoded it where that is the same path.
PROXY_TEST(encoded_characters_reach_the_backend) {
  const ScriptedOrigin origin(tellingTarget());
  struct Row {
    std::string settings, sent, seen;
  };
  const std::vector<Row> rows{
      {"", "/app/a%20b%3Fc%25", "/a%20b%3Fc%25"},
      {"", "/app/%41%7e", "/A~"},
      {"", "/app/x?a=%2F&b=c%20d", "/x?a=%2F&b=c%20d"},
      {"", "/app/./b/../c", "/c"},
      {"", "/app//b", "/b"},
      {"", "/app/a%2Fb", "404"},
      {"", "/app/a;v=1,2/b@c:d", "/a;v=1,2/b@c:d"},
      {"", "/app/\"<>|", "/%22%3C%3E%7C"},
      {"AllowEncodedSlashes NoDecode", "/app/q/%2F/", "/q/%2F/"},
      {"AllowEncodedSlashes On", "/app/a%2Fb", "/a%2Fb"},
      {"AllowEncodedSlashes On", "/app/q/%2F../x", "/x"},
      {"MergeSlashes Off", "/app/a//b", "/a//b"},
  };
  for (const Row& row : rows) {
    Httpd httpd(mpm);
    httpd.configure(row.settings + "\nRevProxyPass /app " + origin.url("/") + "\n");
    httpd.start();
    BOOST_TEST(targetSeen(httpd, row.sent) == row.seen, row.settings << " " << row.sent);
  }
}

PROXY_TEST(rewritten_path_is_what_is_mapped) {
  const ScriptedOrigin origin(tellingTarget());
  Httpd httpd(mpm);
  httpd.loadModule("rewrite");
  httpd.configure(
      "RewriteEngine On\nRewriteRule ^/old/(.*) /app/new-$1 [PT]\nRewriteRule ^/gone http://other.test/ [R]\n"
      "RevProxyPass /app " +
      origin.url("/") + "\nRevProxyPass /gone " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/old/a%20b%25;c?q=1")).body == "/new-a%20b%25;c?q=1");
  BOOST_TEST(client.get(httpd.url("/gone")).status == 302);
}

PROXY_TEST(file_names_and_extensions_do_not_interfere) {
  const ScriptedOrigin origin(tellingTarget());
  Httpd httpd(mpm);
  httpd.loadModule("mime");
  httpd.configure(
      "TypesConfig /etc/mime.types\nAddHandler server-status .php\n<Directory />\nRequire all denied\n"
      "</Directory>\nRevProxyPass / " +
      origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/index.php"));
  BOOST_TEST(response.body == "/index.php");
}

PROXY_TEST(require_holds_for_mapped_paths) {
  const ScriptedOrigin origin(tellingTarget());
  Httpd httpd(mpm);
  httpd.expectLog("AH01630");
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n<Location /admin>\nRequire all denied\n</Location>\n");
  httpd.start();
  for (const std::string target : {"/admin", "/admin/x", "//admin/x", "/%61dmin/x", "/x/../admin", "/x/%2e%2e/admin"})
    BOOST_TEST(targetSeen(httpd, target) == "403", target);
  BOOST_TEST(targetSeen(httpd, "/administrator") == "/administrator");
}

PROXY_TEST(limit_request_body_holds_where_it_is_set) {
  const ScriptedOrigin origin(tellingTarget());
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n<Location /small>\nLimitRequestBody 1000\n</Location>\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.post(httpd.url("/small"), std::string(1000, 'a')).status == 200);
  BOOST_TEST(client.post(httpd.url("/large"), std::string(5000, 'a')).status == 200);
  BOOST_TEST(client.post(httpd.url("/small"), std::string(1001, 'a')).status == 413);
  httpd.requireLog("client-too-large.*1000 bytes of LimitRequestBody");
  Request chunked{.url = httpd.url("/small"), .method = "POST"};
  std::size_t left = 5000;
  chunked.upload = [&left](char* buffer, std::size_t capacity) {
    const std::size_t count = std::min({left, capacity, std::size_t{500}});
    std::fill_n(buffer, count, 'b');
    left -= count;
    return count;
  };
  BOOST_TEST(client.perform(chunked).status == 413);
}

PROXY_TEST(trace_follows_trace_enable) {
  const ScriptedOrigin origin(tellingTarget());
  for (const bool enabled : {false, true}) {
    Httpd httpd(mpm);
    httpd.configure(std::string("TraceEnable ") + (enabled ? "On" : "Off") + "\nRevProxyPass / " + origin.url("/") +
                    "\n");
    httpd.start();
    Client client;
    BOOST_TEST(client.perform({.url = httpd.url("/t"), .method = "TRACE"}).status == (enabled ? 200 : 405));
  }
}

// An error page that is itself proxied is a GET; httpd leaves the fields of the failed request's body on it.
PROXY_TEST(error_page_from_a_backend_announces_no_body) {
  const ScriptedOrigin origin([](OriginConnection& connection) {
    while (const auto request = connection.readRequest()) {
      if (request->target() == "/fails") return connection.reset();
      connection.write(okResponse(request->method() + " " + request->target() + " " +
                                  request->header("Content-Length").value_or("none")));
    }
  });
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
  httpd.expectLog("AH00161|closed-early|client-");
  httpd.configure("RevProxyPass / " + origin.url("/") + "\nErrorDocument 502 /sorry\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 3; ++round) {
    const Response page = client.post(httpd.url("/fails"), "a body of some length");
    BOOST_TEST(page.status == 502);
    BOOST_TEST(page.body == "GET /sorry none");
    BOOST_TEST(client.get(httpd.url("/next")).body == "GET /next none");
  }
}

PROXY_TEST(posts_of_nothing_say_so) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.header("Content-Length").value_or("none")); }));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.post(httpd.url("/"), "", {"Content-Length: 0"}).body == "0");
  BOOST_TEST(client.get(httpd.url("/")).body == "none");
}

// What the client nominates is its own: a field that httpd adds by the same name stays.
PROXY_TEST(connection_cannot_take_away_what_the_administrator_sets) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.header("X-User").value_or("none")); }));
  for (const std::string set : {"", "RequestHeader set X-User alice\n"}) {
    Httpd httpd(mpm);
    httpd.loadModule("headers");
    httpd.configure(set + "RevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
    RawClient client(httpd.port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-User: mallory\r\nConnection: X-User, close\r\n\r\n");
    BOOST_TEST(client.readToEnd().data.ends_with(set.empty() ? "none" : "alice"));
  }
}

// mod_remoteip's word for the client makes the other fields of that peer true; a PROXY line vouches for none.
PROXY_TEST(forwarded_fields_are_believed_from_trusted_peers_alone) {
  const ScriptedOrigin origin(ScriptedOrigin::answering(
      [](const OriginRequest& request) { return okResponse(request.header("X-Forwarded-Proto").value_or("none")); }));
  struct Row {
    std::string settings, preamble, seen;
  };
  const std::vector<Row> rows{{"", "", "http"},
                              {"RemoteIPHeader X-Real\nRemoteIPInternalProxy 127.0.0.1\n", "", "https"},
                              {"RemoteIPHeader X-Real\nRemoteIPInternalProxy 192.0.2.1\n", "", "http"},
                              {"RemoteIPProxyProtocol On\n", "PROXY TCP4 198.51.100.7 127.0.0.1 5000 80\r\n", "http"}};
  for (const Row& row : rows) {
    Httpd httpd(mpm);
    httpd.loadModule("remoteip");
    httpd.expectLog("AH03496|AH03507|remoteip");
    // On a port of its own: the harness asks the first one whether httpd is up.
    const int port = httpd.addPort();
    httpd.configure("<VirtualHost *:" + std::to_string(port) + ">\n" + row.settings + "RevProxyPass / " +
                    origin.url("/") + "\n</VirtualHost>\n");
    httpd.start();
    RawClient client(port);
    client.send(
        row.preamble +
        "GET / HTTP/1.1\r\nHost: a\r\nX-Real: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.readToEnd().data.ends_with("\r\n\r\n" + row.seen), row.settings << row.preamble);
  }
}

// HTTP/1.0 has no chunks: to such a client an orderly close would be the end of a whole response.
PROXY_TEST(broken_body_ends_in_a_reset_for_an_old_client) {
  const ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    connection.waitForClose();
  });
  Httpd httpd(mpm);
  httpd.configure("RevProxyTimeout 300ms\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const RawClient::Ending ending = client.readToEnd();
  BOOST_TEST(ending.data.ends_with("hello"));
  BOOST_TEST(ending.reset);
  httpd.requireLog("idle-timeout");
}

// What authenticates the connection must not serve the next client.
PROXY_TEST(connections_with_ntlm_are_not_shared) {
  const ScriptedOrigin origin([](OriginConnection& connection) {
    while (connection.readRequest()) connection.write(okResponse(std::to_string(connection.number())));
  });
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 1});
  httpd.expectLog("AH00161");
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).body == client.get(httpd.url("/")).body);
  const std::string authenticated = client.get(httpd.url("/"), {"Authorization: NTLM TlRMTVNTUAAB"}).body;
  BOOST_TEST(client.get(httpd.url("/")).body != authenticated);
}

PROXY_TEST(a_held_connection_serves_pipelined_and_late_requests) {
  const ScriptedOrigin origin(tellingTarget());
  for (const std::string hold : {"Off", "5ms", "100ms"}) {
    Httpd httpd(mpm);
    httpd.configure("RevProxyKeepAliveHold " + hold + "\nRevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
    RawClient client(httpd.port());
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    client.readUntil("/first");
    client.readUntil("/second");
    // Behind the hold: the MPM has the connection again.
    BOOST_TEST(client.staysSilent(std::chrono::milliseconds(150)));
    client.send("GET /third HTTP/1.1\r\nHost: a\r\n\r\n");
    client.readUntil("/third");
    client.send("GET /fourth HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.readToEnd().data.ends_with("/fourth"));
  }
}

// More busy clients than workers: a hold must not starve those who wait.
PROXY_TEST(held_connections_starve_nobody) {
  const ScriptedOrigin origin(tellingTarget());
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 4, .preforkStart = 4, .preforkChildren = 64});
  httpd.expectLog("AH00(161|484)");
  httpd.configure("RevProxyKeepAliveHold 100ms\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  std::atomic<int> answered{0};
  {
    std::vector<std::jthread> clients;
    for (int index = 0; index < 12; ++index)
      clients.emplace_back([&] {
        Client client;
        for (int round = 0; round < 20; ++round) answered += client.get(httpd.url("/x")).status == 200;
      });
  }
  BOOST_TEST(answered == 12 * 20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
