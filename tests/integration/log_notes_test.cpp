// What a LogFormat can say of a request's way to its backend: %{revproxy-NAME}n and %{fwdproxy-NAME}n.
#include <atomic>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/integration/support/client.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/slow_server.h"
#include "tests/integration/support/tls_host.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(log_notes)

namespace {

using std::chrono::milliseconds;

constexpr const char* kNames[] = {"backend", "member", "address",    "connection", "tries",    "pool-wait", "dial",
                                  "tls",     "total",  "first-byte", "sent",       "received", "error"};
constexpr const char* kAbsent = "-";

using Notes = std::map<std::string, std::string>;

std::uint64_t number(const Notes& notes, const std::string& name) {
  const std::string& text = notes.at(name);
  BOOST_TEST_REQUIRE(text.find_first_not_of("0123456789") == std::string::npos, name << " is " << text);
  return std::stoull(text);
}

// Each line of the log is a request, and has all notes that begin so.
struct NotingHttpd : Httpd {
  NotingHttpd(Mpm mpm, std::string of = "revproxy-")
      : Httpd(mpm, {.preforkStart = 1, .preforkChildren = 1}), prefix(std::move(of)) {
    expectLog(kAllTaken);
  }

  void startWith(const std::string& directives) {
    std::string format = "path=%U status=%>s";
    for (const std::string name : kNames) format += " " + name + "=%{" + prefix + name + "}n";
    configure("LogFormat \"" + format + "\" notes\nCustomLog notes.log notes\n" + directives);
    start();
  }

  std::vector<Notes> lines() const {
    std::ifstream log(directory().path() / "notes.log");
    std::vector<Notes> all;
    for (std::string line; std::getline(log, line);) {
      std::istringstream words(line);
      Notes notes;
      for (std::string word; words >> word;) notes[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
      if (notes["path"] != "*") all.push_back(std::move(notes));
    }
    return all;
  }

  // The line of the request that has just been answered: it is written afterwards.
  Notes last(std::size_t requests) const {
    BOOST_REQUIRE(waitUntil([&] { return lines().size() >= requests; }));
    BOOST_TEST(lines().size() == requests);
    return lines().back();
  }

  std::string prefix;
};

// In the order of time: what is waited for, until the first byte, until the end.
void expectOrderOfTime(const Notes& notes) {
  const std::uint64_t dial = notes.at("dial") == kAbsent ? 0 : number(notes, "dial");
  const std::uint64_t wait = notes.at("pool-wait") == kAbsent ? 0 : number(notes, "pool-wait");
  BOOST_TEST(dial + wait <= number(notes, "first-byte"));
  BOOST_TEST(number(notes, "first-byte") <= number(notes, "total"));
  BOOST_TEST(number(notes, "total") > 0U);
  BOOST_TEST(number(notes, "total") < 20'000'000U);
}

void expectAnswered(const Notes& notes, const ScriptedOrigin& origin, const std::string& connection,
                    std::size_t answerSize) {
  const OriginRequest request = origin.requests().back();
  BOOST_TEST(notes.at("status") == "200");
  BOOST_TEST(notes.at("backend") == origin.url());
  BOOST_TEST(notes.at("member") == origin.url());
  BOOST_TEST(notes.at("address") == "127.0.0.1:" + std::to_string(origin.port()));
  BOOST_TEST(notes.at("connection") == connection);
  BOOST_TEST(notes.at("tries") == "1");
  BOOST_TEST(notes.at("pool-wait") == kAbsent);
  BOOST_TEST((notes.at("dial") == kAbsent) == (connection == "reused"));
  BOOST_TEST(notes.at("tls") == kAbsent);
  BOOST_TEST(number(notes, "sent") == request.head.size() + request.body.size());
  BOOST_TEST(number(notes, "received") == answerSize);
  BOOST_TEST(notes.at("error") == kAbsent);
  expectOrderOfTime(notes);
}

// Nothing is invented for what did not happen.
void expectNoAnswer(const Notes& notes, const std::string& status, const std::string& error) {
  BOOST_TEST(notes.at("status") == status);
  BOOST_TEST(notes.at("error") == error);
  BOOST_TEST(notes.at("first-byte") == kAbsent);
  BOOST_TEST((notes.at("received") == "0" || notes.at("received") == kAbsent));
  BOOST_TEST(number(notes, "total") > 0U);
}

const std::string kAnswer = okResponse(std::string(50'000, 'a'), "X-More: of it\r\n");

}  // namespace

PROXY_TEST_ALL(new_connection_and_a_used_one) {
  ScriptedOrigin origin(ScriptedOrigin::answering(kAnswer));
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  client.get(httpd.url("/first"));
  expectAnswered(httpd.last(1), origin, "new", kAnswer.size());
  client.get(httpd.url("/second"));
  expectAnswered(httpd.last(2), origin, "reused", kAnswer.size());
  client.post(httpd.url("/third"), std::string(30'000, 'b'));
  expectAnswered(httpd.last(3), origin, "reused", kAnswer.size());
}

PROXY_TEST_ALL(forward_proxy_has_the_same_notes) {
  ScriptedOrigin origin(ScriptedOrigin::answering(kAnswer));
  NotingHttpd httpd(mpm, "fwdproxy-");
  httpd.startWith("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
  Client client;
  client.useProxy(httpd.proxyUrl());
  client.get(origin.url("/first"));
  expectAnswered(httpd.last(1), origin, "new", kAnswer.size());
  client.get(origin.url("/second"));
  expectAnswered(httpd.last(2), origin, "reused", kAnswer.size());
  const RefusingPort refusing;
  client.get(refusing.url() + "/third");
  expectNoAnswer(httpd.last(3), "503", "refused");
  httpd.requireLog("\\brefused\\b");
}

PROXY_TEST_ALL(backend_that_is_not_there) {
  const RefusingPort port;
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + port.url() + "\n");
  Client().get(httpd.url("/x"));
  const Notes notes = httpd.last(1);
  expectNoAnswer(notes, "503", "refused");
  BOOST_TEST(notes.at("backend") == port.url());
  BOOST_TEST(notes.at("address") == kAbsent);
  BOOST_TEST(notes.at("tries") == "1");
  BOOST_TEST(notes.at("sent") == kAbsent);
  httpd.requireLog("\\brefused\\b");
}

PROXY_TEST_ALL(backend_that_does_not_answer) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readRequest();
    connection.waitForClose();
  });
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + origin.url("/") + " timeout=300ms\n");
  Client().get(httpd.url("/x"));
  const Notes notes = httpd.last(1);
  expectNoAnswer(notes, "504", "first-byte-timeout");
  BOOST_TEST(number(notes, "sent") == origin.onlyRequest().head.size());
  BOOST_TEST(number(notes, "total") >= 300'000U);
  httpd.requireLog("\\bfirst-byte-timeout\\b");
}

PROXY_TEST_ALL(answer_that_breaks_off) {
  const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    connection.write(part);
  });
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + origin.url("/") + "\n");
  Client().get(httpd.url("/x"));
  const Notes notes = httpd.last(1);
  BOOST_TEST(notes.at("error") == "broken-body");
  BOOST_TEST(number(notes, "received") == part.size());
  expectOrderOfTime(notes);
  httpd.requireLog("\\bbroken-body\\b");
}

PROXY_TEST(request_that_was_sent_twice) {
  std::atomic<int> given_up = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    for (bool isKept = false; const auto request = connection.readRequest(); isKept = true) {
      if (isKept && request->target() == "/again" && ++given_up > 0) return;
      connection.write(kAnswer);
    }
  });
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + origin.url("/") + "\n");
  Client client;
  client.get(httpd.url("/x"));
  BOOST_TEST(client.get(httpd.url("/again")).status == 200);
  const Notes notes = httpd.last(2);
  BOOST_TEST(given_up == 1);
  BOOST_TEST(notes.at("tries") == "2");
  BOOST_TEST(notes.at("connection") == "new");
  BOOST_TEST(notes.at("error") == kAbsent);
  BOOST_TEST(number(notes, "dial") > 0U);
  BOOST_TEST(number(notes, "received") == kAnswer.size());
  expectOrderOfTime(notes);
}

PROXY_TEST_THREADS(wait_for_a_place_is_told) {
  SlowServer slow(milliseconds{100});
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + slow.url("/") + " max=1 acquire=20s\n");
  RequestSwarm swarm({.port = httpd.port(), .target = "/x", .total = 3, .atOnce = 3});
  BOOST_TEST(swarm.waitFor(kPatience));
  httpd.last(3);
  int waited = 0;
  for (const Notes& notes : httpd.lines()) {
    BOOST_TEST(notes.at("error") == kAbsent);
    expectOrderOfTime(notes);
    if (notes.at("pool-wait") == kAbsent) continue;
    ++waited;
    BOOST_TEST(number(notes, "pool-wait") > 10'000U);
    BOOST_TEST(notes.at("connection") == "reused");
    BOOST_TEST(notes.at("dial") == kAbsent);
  }
  BOOST_TEST(waited == 2);
}

PROXY_TEST_THREADS(wait_in_vain_is_told) {
  SlowServer slow(milliseconds{0});
  slow.stick();
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass / " + slow.url("/") + " max=1 acquire=200ms\n");
  RequestSwarm first({.port = httpd.port(), .target = "/first", .total = 1, .atOnce = 1});
  BOOST_REQUIRE(waitUntil([&] { return slow.requests() == 1; }));
  BOOST_TEST(Client().get(httpd.url("/second")).status == 503);
  const Notes notes = httpd.last(1);
  expectNoAnswer(notes, "503", "pool-timeout");
  BOOST_TEST(number(notes, "pool-wait") >= 200'000U);
  BOOST_TEST(number(notes, "total") >= number(notes, "pool-wait"));
  BOOST_TEST(notes.at("sent") == kAbsent);
  BOOST_TEST(notes.at("address") == kAbsent);
  BOOST_TEST(notes.at("connection") == kAbsent);
  httpd.requireLog("\\bpool-timeout\\b");
  slow.resume();
  BOOST_TEST(first.waitFor(kPatience));
}

PROXY_TEST_EVENT(parked_request_has_its_notes) {
  SlowServer slow(milliseconds{400});
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPark 0\nRevProxyPass /late " + slow.url("/") + " timeout=200ms\nRevProxyPass / " +
                  slow.url("/") + "\n");
  BOOST_TEST(Client().get(httpd.url("/x")).status == 200);
  const Notes notes = httpd.last(1);
  BOOST_TEST(notes.at("connection") == "new");
  BOOST_TEST(notes.at("error") == kAbsent);
  BOOST_TEST(number(notes, "first-byte") >= 400'000U);
  expectOrderOfTime(notes);
  BOOST_TEST(Client().get(httpd.url("/late")).status == 504);
  expectNoAnswer(httpd.last(2), "504", "first-byte-timeout");
  httpd.requireLog("\\bfirst-byte-timeout\\b");
}

// The handshake is a part of its own; the page comes from another httpd.
PROXY_TEST(handshake_is_told_for_a_backend_with_tls) {
  Httpd backend(mpm);
  TlsHost tls(backend);
  backend.configure(tls.configuration());
  backend.start();
  std::ofstream(backend.documentRoot() / "page") << "by TLS";
  NotingHttpd httpd(mpm);
  httpd.expectLog("RevProxyTLSVerify Off");
  httpd.startWith("RevProxyTLSVerify Off\nRevProxyPass / " + tls.url("/") + "\n");
  Client client;
  BOOST_TEST(client.get(httpd.url("/page")).body == "by TLS");
  const Notes fresh = httpd.last(1);
  BOOST_TEST(fresh.at("connection") == "new");
  BOOST_TEST(number(fresh, "tls") > 0U);
  BOOST_TEST(number(fresh, "dial") > 0U);
  BOOST_TEST(number(fresh, "tls") + number(fresh, "dial") <= number(fresh, "first-byte"));
  BOOST_TEST(client.get(httpd.url("/page")).body == "by TLS");
  const Notes kept = httpd.last(2);
  BOOST_TEST(kept.at("connection") == "reused");
  BOOST_TEST(kept.at("tls") == kAbsent);
  BOOST_TEST(kept.at("dial") == kAbsent);
}

PROXY_TEST(request_that_is_not_proxied_has_none) {
  NotingHttpd httpd(mpm);
  httpd.startWith("RevProxyPass /x !\n");
  Client().get(httpd.url("/x"));
  const Notes notes = httpd.last(1);
  for (const std::string name : kNames) BOOST_TEST(notes.at(name) == kAbsent);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
