// One upgraded connection, seen closely: the handshake as it passes, what is not an upgrade after all, bytes both ways,
// and how a tunnel ends. Through the reverse proxy, and through the forward proxy's absolute-form requests.
#include <atomic>
#include <future>
#include <thread>

#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/echo_server.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/tunnel_checks.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(upgrade)

namespace {

using std::chrono::milliseconds;

constexpr const char* kOpen = "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n";
constexpr const char* kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Seen: yes\r\n\r\n";
constexpr const char* kEnded = "\\[(fwd|rev)proxy:info\\].*tunnel to 127\\.0\\.0\\.1:";

std::string request(const std::string& target, const std::string& token = "websocket") {
  const std::string upgrade = token.empty() ? "" : "Connection: Upgrade\r\nUpgrade: " + token + "\r\n";
  return "GET " + target + " HTTP/1.1\r\nHost: proxytest\r\n" + upgrade + "\r\n";
}

// Both modules on one httpd; a target with a host goes through the forward proxy.
struct Proxies {
  template <typename Origin>
  Proxies(Mpm mpm, const Origin& origin, const std::string& directives = "")
      : httpd(mpm), targets{"/ws/x", origin.url("/x")} {
    httpd.configure(kOpen + directives + "RevProxyPass /plain " + origin.url("/") + "\nRevProxyPass /ws " +
                    origin.url("/") + " upgrade=websocket\n");
    httpd.start();
  }

  Httpd httpd;
  std::vector<std::string> targets;
};

// Reads the request, switches, says something at once, and then sends back what comes.
void switchAndEcho(OriginConnection& connection) {
  connection.readHead();
  connection.write(std::string(kSwitching) + "hello");
  while (true) connection.write(connection.readExactly(1));
}

ScriptedOrigin::Script answeringOnce(const std::string& response) {
  return [response](OriginConnection& connection) {
    connection.readHead();
    connection.write(response);
    connection.waitForClose();
  };
}

std::string statusOf(const std::string& head) {
  return head.size() > 12 ? head.substr(9, 3) : head;
}

}  // namespace

PROXY_TEST_ALL(handshake_passes_and_no_byte_behind_it_is_lost) {
  ScriptedOrigin origin(switchAndEcho);
  const Proxies proxies(mpm, origin);
  for (const std::string& target : proxies.targets) {
    RawClient client(proxies.httpd.port());
    client.send(request(target) + "early");
    const std::string head = client.readHead();
    BOOST_TEST(statusOf(head) == "101");
    const HeaderList headers = parseHeaders(head);
    BOOST_TEST(headerValue(headers, "Upgrade").value_or("") == "websocket");
    BOOST_TEST(equalsIgnoringCase(headerValue(headers, "Connection").value_or(""), "upgrade"));
    BOOST_TEST(headerValue(headers, "X-Seen").value_or("") == "yes");
    BOOST_TEST(!headerValue(headers, "Content-Length").has_value());
    BOOST_TEST(!headerValue(headers, "Transfer-Encoding").has_value());
    BOOST_TEST(client.readExactly(10) == "helloearly");
    client.send("later");
    BOOST_TEST(client.readExactly(5) == "later");
  }
  for (const OriginRequest& seen : origin.requests()) {
    BOOST_TEST(seen.header("Upgrade").value_or("") == "websocket");
    BOOST_TEST(equalsIgnoringCase(seen.header("Connection").value_or(""), "upgrade"));
  }
}

PROXY_TEST_ALL(large_messages_both_ways_at_once) {
  constexpr std::uint64_t kSize = 20'000'000;
  constexpr std::size_t kPiece = 500'000;
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  const Proxies proxies(mpm, origin);
  for (const std::string& target : proxies.targets) {
    RawClient client(proxies.httpd.port());
    client.send(request(target));
    BOOST_TEST(statusOf(client.readHead()) == "101");
    std::jthread sending([&client] {
      ContentStream content(9, kSize);
      std::string piece(kPiece, '\0');
      while (content.read(piece.data(), piece.size()) > 0) client.send(piece);
    });
    Sha256 hash;
    for (std::uint64_t got = 0; got < kSize; got += kPiece) hash.update(client.readExactly(kPiece));
    BOOST_TEST(hash.finish() == hashOfContent(9, kSize));
  }
}

PROXY_TEST_ALL(each_side_that_closes_ends_the_other) {
  std::promise<void> closed;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    const std::string head = connection.readHead();
    connection.write(kSwitching);
    if (head.find("X-Leave: origin") != std::string::npos) return connection.write("bye");
    if (connection.waitForClose()) closed.set_value();
  });
  const Proxies proxies(mpm, origin);
  for (const std::string& target : proxies.targets) {
    closed = {};
    RawClient leaving(proxies.httpd.port());
    leaving.send(request(target));
    leaving.readHead();
    leaving.close();
    BOOST_TEST((closed.get_future().wait_for(kPatience) == std::future_status::ready));
    RawClient left(proxies.httpd.port());
    left.send("GET " + target + " HTTP/1.1\r\nHost: proxytest\r\nX-Leave: origin\r\nConnection: Upgrade\r\n" +
              "Upgrade: websocket\r\n\r\n");
    left.readHead();
    const RawClient::Ending rest = left.readToEnd();
    BOOST_TEST(rest.data == "bye");
    BOOST_TEST(!rest.timedOut);
  }
}

PROXY_TEST_ALL(other_answers_are_plain_responses) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    if (request.target().ends_with("denied"))
      return std::string("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    return okResponse("just a page");
  }));
  const Proxies proxies(mpm, origin);
  for (const std::string& target : proxies.targets) {
    RawClient client(proxies.httpd.port());
    client.send(request(target));
    BOOST_TEST(statusOf(client.readHead()) == "200");
    BOOST_TEST(client.readExactly(11) == "just a page");
    client.send(request(target + "/denied"));
    BOOST_TEST(statusOf(client.readHead()) == "403");
    BOOST_TEST(client.readExactly(2) == "no");
    client.send(request(target, ""));
    BOOST_TEST(statusOf(client.readHead()) == "200");
    BOOST_TEST(client.readExactly(11) == "just a page");
  }
}

PROXY_TEST_ALL(switch_to_what_was_not_asked_for_is_a_502) {
  ScriptedOrigin origin(
      answeringOnce("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"));
  Proxies proxies(mpm, origin);
  proxies.httpd.expectLog("\\[(fwd|rev)proxy:(warn|error)\\].*GET ");
  for (const std::string& target : proxies.targets) {
    for (const std::string token : {"websocket", ""}) {
      RawClient client(proxies.httpd.port());
      client.send(request(target, token));
      BOOST_TEST(statusOf(client.readHead()) == "502", target << " with \"" << token << "\"");
    }
  }
}

// Nobody upgrades who was not told to: the field stays here, and a backend that switches all the same is wrong.
PROXY_TEST_ALL(no_upgrade_where_it_is_off) {
  ScriptedOrigin origin(showingHeads());
  const Proxies proxies(mpm, origin, "FwdProxyUpgrade None\n");
  for (const std::string& target : {std::string("/plain/x"), origin.url("/x")}) {
    RawClient client(proxies.httpd.port());
    client.send(request(target));
    BOOST_TEST(statusOf(client.readHead()) == "200");
  }
  RawClient other(proxies.httpd.port());
  other.send(request("/ws/x", "h2c"));
  BOOST_TEST(statusOf(other.readHead()) == "200");
  for (const OriginRequest& seen : origin.requests()) {
    BOOST_TEST(!seen.header("Upgrade").has_value(), seen.head);
    BOOST_TEST(!equalsIgnoringCase(seen.header("Connection").value_or(""), "upgrade"), seen.head);
  }
}

PROXY_TEST_ALL(schemes_for_websockets) {
  CertificateAuthority authority;
  const Certificate certificate = authority.issue("IP:127.0.0.1");
  EchoServer clear(EchoServer::Speaks::kWebSocket);
  EchoServer secure(EchoServer::Speaks::kWebSocket, &certificate);
  Httpd httpd(mpm);
  const TlsHost tls(httpd);
  httpd.configure("RevProxyTLSCACertificateFile \"" + authority.certificateFile().string() +
                  "\"\nRevProxyPass /ws ws://" + clear.authority() + "/\nRevProxyPass /wss wss://" +
                  secure.authority() + "/\n" + tls.configuration());
  httpd.start();
  for (const std::string target : {"/ws/x", "/wss/x"}) {
    for (const int port : {httpd.port(), tls.port()}) {
      TunnelOpening opening = upgradeThrough(port, target);
      opening.tls = port == tls.port();
      TunnelSwarm swarm(opening);
      expectOpen(swarm, 3);
      expectEchoes(swarm, 3);
    }
  }
}

namespace {

// Far more than the kernel keeps for the connections of one tunnel, however large it lets their buffers grow.
constexpr std::uint64_t kMostInFlight = 500'000'000;

// Sends content until it is told that it is enough, and lets others see how far it has come.
class Flood {
 public:
  Flood()
      : origin([this](OriginConnection& connection) {
          connection.readHead();
          connection.write(kSwitching);
          ContentStream content(kSeed, kMostInFlight);
          std::string piece(64 * 1024, '\0');
          while (!isEnough) {
            const std::size_t count = content.read(piece.data(), piece.size());
            if (count == 0) return;
            connection.write(std::string_view(piece).substr(0, count));
            sent += count;
          }
        }) {}

  // True once nothing has moved for a good while.
  bool standsStill() const {
    return waitUntil([this] {
      const std::uint64_t before = sent;
      std::this_thread::sleep_for(milliseconds(300));
      return before > 0 && sent == before;
    });
  }

  static constexpr std::uint64_t kSeed = 4;
  std::atomic<bool> isEnough = false;
  std::atomic<std::uint64_t> sent = 0;  // bytes of content, by the connection of now
  ScriptedOrigin origin;
};

}  // namespace

PROXY_TEST_ALL(a_reader_that_does_not_read_fills_no_memory) {
  constexpr std::size_t kMostGrowth = 4 * 1024 * 1024;
  Flood flood;
  const Proxies proxies(mpm, flood.origin);
  for (const std::string& target : proxies.targets) {
    flood.isEnough = false;
    flood.sent = 0;
    std::map<pid_t, std::size_t> before;
    for (const pid_t child : proxies.httpd.children()) before[child] = privateMemory(child);
    RawClient client(proxies.httpd.port());
    client.send(request(target));
    BOOST_TEST(statusOf(client.readHead()) == "101");
    BOOST_TEST(flood.standsStill());
    BOOST_TEST(flood.sent < kMostInFlight);
    for (const auto& [child, memory] : before) {
      if (!sanitized()) BOOST_TEST(privateMemory(child) < memory + kMostGrowth);
    }
    flood.isEnough = true;
    const RawClient::Ending all = client.readToEnd();
    BOOST_TEST(all.data.size() == flood.sent);
    BOOST_TEST(hashOf(all.data) == hashOfContent(Flood::kSeed, flood.sent));
  }
}

PROXY_TEST_ALL(end_of_a_tunnel_is_logged) {
  ScriptedOrigin origin(switchAndEcho);
  Proxies proxies(mpm, origin);
  const std::string tunnelTo = std::string(kEnded) + std::to_string(origin.port()) + " ended: ";
  std::vector<std::string> heads;
  for (const std::string& target : proxies.targets) heads.push_back(request(target));
  for (const std::string& head : heads) {
    RawClient client(proxies.httpd.port());
    client.send(head + "12345678");
    client.readHead();
    BOOST_TEST(client.readExactly(13) == "hello12345678");
  }
  const std::string pattern = tunnelTo + ".+; 8 bytes to it, 13 bytes from it, [0-9]+ ms";
  const bool told = waitUntil([&] { return proxies.httpd.errorLog().linesMatching(pattern).size() == heads.size(); });
  BOOST_TEST(told, proxies.httpd.errorLog().text());
}

PROXY_TEST_ALL(silent_tunnels_end_and_busy_ones_do_not) {
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  Proxies proxies(mpm, origin, "FwdProxyTunnelTimeout 500ms\nRevProxyTunnelTimeout 500ms\n");
  for (const std::string& target : proxies.targets) {
    RawClient busy(proxies.httpd.port());
    RawClient silent(proxies.httpd.port());
    for (RawClient* client : {&busy, &silent}) {
      client->send(request(target));
      BOOST_TEST(statusOf(client->readHead()) == "101");
    }
    for (int round = 0; round < 8; ++round) {
      busy.send("x");
      BOOST_TEST(busy.readExactly(1) == "x");
      std::this_thread::sleep_for(milliseconds(100));
    }
    BOOST_TEST(!silent.readToEnd().timedOut);
    BOOST_TEST(!busy.readToEnd().timedOut);
  }
  BOOST_TEST(waitUntil([&] { return origin.openConnections() == 0; }));
  proxies.httpd.requireLog(kEnded);
}

PROXY_TEST_ALL(lifetime_ends_busy_tunnels_too) {
  EchoServer origin(EchoServer::Speaks::kWebSocket);
  const Proxies proxies(mpm, origin, "FwdProxyTunnelLifetime 600ms\nRevProxyTunnelLifetime 600ms\n");
  for (const std::string& target : proxies.targets) {
    TunnelSwarm swarm(upgradeThrough(proxies.httpd.port(), target));
    expectOpen(swarm, 3);
    BOOST_TEST(waitUntil([&] { return swarm.pingAll(kPatience) == 0; }));
    BOOST_TEST(swarm.closedByOther() == 3);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
