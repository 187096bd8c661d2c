// Probes against servers that do what a test says: what each makes of what comes, and that none takes longer than it
// may.
#include "mod_revproxy/health/probe.h"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include "common/reactor/loop_task.h"
#include "tests/unit/support/answering_server.h"
#include "tests/unit/support/h2_server.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;
using namespace revproxy;

BOOST_AUTO_TEST_SUITE(probe, *boost::unit_test::timeout(120))

namespace {

using Words = std::vector<std::string>;

HealthCheck checkOf(const Words& words) {
  auto check = HealthCheck::parse(words);
  if (!check) throw std::runtime_error(check.error().detail);
  return *check;
}

ConnectPlan planTo(std::uint16_t port) {
  ConnectPlan plan;
  plan.destination = {"127.0.0.1", port};
  plan.guard = &AddressGuard::alwaysOpen();
  plan.limit = milliseconds{20'000};
  return plan;
}

ProbeResult probed(std::string_view name, ConnectPlan plan, const HealthCheck& check) {
  boost::asio::io_context context;
  const auto connector = std::move(*Connector::make(context));
  auto task = (**builtinProbes().find(name))({context, *connector}, {std::move(plan), "app.test", check.uri, &check});
  task.start();
  while (!task.isDone() && context.run_one() > 0) continue;
  return task.result();
}

std::string whyOf(const ProbeResult& result) {
  return result.outcome ? "" : result.outcome.error().detail;
}

std::string response(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

// Speaks HTTP/2, and answers everything with that.
AnsweringServer::Script speakHttp2(const std::string& status, const std::string& body) {
  return [status, body](const FileDescriptor& caller) {
    H2Server session;
    std::size_t answered = 0;
    std::string bytes(16 * 1024, '\0');
    while (true) {
      sendAll(caller.get(), session.output());
      const ssize_t count = ::recv(caller.get(), bytes.data(), bytes.size(), 0);
      if (count <= 0) return;
      session.feed({bytes.data(), static_cast<std::size_t>(count)});
      if (session.requests.size() == answered) continue;
      answered = session.requests.size();
      session.respond(session.requests.rbegin()->first, {{{":status", status}}, body});
    }
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_request_says_who_asks_whom) {
  AnsweringServer server(response("ok"));
  const auto result = probed("http", planTo(server.port()), checkOf({"uri=/healthz?deep=1"}));
  BOOST_TEST(whyOf(result) == "");
  BOOST_TEST(result.status == 200u);
  BOOST_TEST(result.latency.count() > 0);
  const std::string request = server.lastRequest();
  BOOST_TEST(request.starts_with("GET /healthz?deep=1 HTTP/1.1\r\nHost: app.test\r\nUser-Agent: mod_revproxy/"),
             request);
  BOOST_TEST(request.find("Connection: close\r\n") != std::string::npos, request);
}

BOOST_AUTO_TEST_CASE(each_connection_is_a_new_one) {
  AnsweringServer server("HTTP/1.1 204 No Content\r\n\r\n");
  for (int count = 1; count <= 3; ++count) {
    BOOST_TEST(whyOf(probed("http", planTo(server.port()), checkOf({}))) == "");
    BOOST_TEST(server.callers() == count);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_is_judged_by_status_and_body) {
  const std::string kSplit = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n3\r\n ok\r\n0\r\n\r\n";
  struct Row {
    std::string answer;
    Words words;
    const char* outcome;
    const char* why;
  };
  const Row rows[] = {
      {response("all ok"), {"body=~all ok"}, "done", ""},
      {response("all fine"), {"body=~all ok"}, "failed-status", "status 200, and the body has no \"all ok\""},
      {response(""), {"body=~ok"}, "failed-status", "status 200, and the body has no \"ok\""},
      {kSplit, {"body=~all ok"}, "done", ""},
      {response(std::string(64 * 1024 - 2, '.') + "ok"), {"body=~ok"}, "done", ""},
      {response(std::string(64 * 1024 - 1, '.') + "ok"), {"body=~ok"}, "failed-status", "and the body has no"},
      {response(std::string(1024 * 1024, '.')), {}, "done", ""},
      {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", {}, "done", ""},
      {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", {"expect=200-299"}, "failed-status", "302, expected 200-299"},
      {"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nok", {"body=~ok"}, "failed-status", "503, expected 200-399"},
      {"HTTP/1.1 100 Continue\r\n\r\n" + response("ok"), {"body=~ok"}, "done", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok", {"body=~ok"}, "broken-body", ""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {"method=HEAD"}, "done", ""},
      {"HTTP/1.0 200 OK\r\n\r\nok until the end", {"body=~end$"}, "done", ""},
      {"SSH-2.0-OpenSSH_9.2\r\n", {}, "malformed-response", ""},
      {"", {}, "closed-early", ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.answer.substr(0, 60)) {
      const AnsweringServer server(row.answer);
      const auto result = probed("http", planTo(server.port()), checkOf(row.words));
      BOOST_TEST(outcomeOf(result.outcome) == row.outcome);
      BOOST_TEST(whyOf(result).find(row.why) != std::string::npos, whyOf(result));
    }
}

BOOST_AUTO_TEST_CASE(whoever_lets_a_check_wait_fails_it) {
  const AnsweringServer silent(&staySilent);
  const AnsweringServer dribbling([](const FileDescriptor& caller) {
    sendAll(caller.get(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    receiveUntilEnd(caller.get());
  });
  const SwallowingPort swallowing;
  const HealthCheck check = checkOf({"timeout=50ms"});
  const auto mute = probed("http", planTo(silent.port()), check);
  BOOST_TEST(outcomeOf(mute.outcome) == "total-timeout");
  BOOST_TEST(whyOf(mute) == "the response was not complete within 50 ms");
  BOOST_TEST(mute.status == 0u);
  BOOST_TEST(outcomeOf(probed("http", planTo(dribbling.port()), check).outcome) == "total-timeout");
  for (const char* name : {"tcp", "http", "h2"})
    BOOST_TEST(outcomeOf(probed(name, planTo(swallowing.port()), check).outcome) == "connect-timeout", name);
}

BOOST_AUTO_TEST_CASE(a_connection_alone_is_enough_for_tcp) {
  const AnsweringServer silent(&staySilent);
  BOOST_TEST(whyOf(probed("tcp", planTo(silent.port()), checkOf({"method=TCP"}))) == "");
}

BOOST_AUTO_TEST_CASE(certificates_are_verified) {
  const CertificateAuthority authority;
  const TlsServer tls(authority.issue("DNS:good.test"));
  const AnsweringServer server([&tls](FileDescriptor caller) {
    TlsPeer peer(tls.context(), std::move(caller));
    std::string request;
    if (!peer.accept()) return;
    while (!request.ends_with("\r\n\r\n")) {
      const std::string byte = peer.receive(1);
      if (byte.empty()) return;
      request += byte;
    }
    peer.send(response("ok"));
    peer.endWriting();
  });
  const auto outcomeWith = [&](const char* probeToUse, std::shared_ptr<TlsContext> context, const char* name) {
    ConnectPlan plan = planTo(server.port());
    plan.tls = std::move(context);
    plan.verifyName = name;
    return std::string{outcomeOf(probed(probeToUse, plan, checkOf({})).outcome)};
  };
  const CertificateAuthority other("another authority");
  for (const char* name : {"tcp", "http"}) BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(outcomeWith(name, trusting(authority), "good.test") == "done");
      BOOST_TEST(outcomeWith(name, trusting(authority), "bad.test") == "tls-wrong-name");
      BOOST_TEST(outcomeWith(name, trusting(other), "good.test") == "tls-untrusted");
    }
}

BOOST_AUTO_TEST_CASE(members_that_speak_http2_alone_are_asked_in_it) {
  const AnsweringServer good(speakHttp2("200", "all ok"));
  const AnsweringServer bad(speakHttp2("503", "all ok"));
  BOOST_TEST(whyOf(probed("h2", planTo(good.port()), checkOf({"body=~ok"}))) == "");
  BOOST_TEST(whyOf(probed("h2", planTo(good.port()), checkOf({"body=~no"}))).find("the body has no \"no\"") !=
             std::string::npos);
  BOOST_TEST(whyOf(probed("h2", planTo(bad.port()), checkOf({}))) == "status 503, expected 200-399");
}

// What holds for every probe, whatever it asks.
BOOST_AUTO_TEST_CASE(the_contract_of_probes) {
  for (const auto& [name, implementation] : builtinProbes().rows()) BOOST_TEST_CONTEXT(name) {
      const RefusingPort refusing;
      const HealthCheck check = checkOf({"timeout=10s"});
      const auto refused = probed(name, planTo(refusing.port()), check);
      BOOST_TEST(outcomeOf(refused.outcome) == "refused");
      BOOST_TEST(refused.status == 0u);

      ConnectPlan socket = planTo(1);
      socket.socketPath = "/nonexistent/socket";
      BOOST_TEST(outcomeOf(probed(name, socket, check).outcome) == "refused");

      // Dropped while it waits: nothing goes on, and nothing stays open.
      const AnsweringServer silent(&staySilent);
      const SwallowingPort swallowing;
      const std::size_t before = countDescriptors();
      for (const std::uint16_t port : {silent.port(), swallowing.port()}) {
        boost::asio::io_context context;
        const auto connector = std::move(*Connector::make(context));
        ConnectPlan plan = planTo(port);
        plan.limit = milliseconds{100};
        std::optional<Task<ProbeResult>> task(implementation({context, *connector}, {plan, "app.test", "/", &check}));
        task->start();
        context.run_for(milliseconds{20});
        task.reset();
        context.run();
      }
      // The servers' own ends go when they have seen it.
      BOOST_TEST(eventually([before] { return countDescriptors() == before; }));
    }
}

BOOST_AUTO_TEST_CASE(a_check_chooses_its_probe) {
  using Method = HealthCheck::Method;
  BOOST_TEST(probeName(Method::kTcp, false) == "tcp");
  BOOST_TEST(probeName(Method::kTcp, true) == "tcp");
  BOOST_TEST(probeName(Method::kGet, false) == "http");
  BOOST_TEST(probeName(Method::kHead, true) == "h2");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
