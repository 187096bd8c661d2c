// The stages of a connection on its way, name, dial and TLS: how each fails, and how each ends when its time is over or
// nobody wants it any more.
#include <array>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "common/net/connector.h"
#include "common/net/event_loop.h"
#include "common/net/name_cache.h"
#include "tests/support/dns_server.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(connector_stages, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLimit{20'000};
constexpr milliseconds kShort{100};
const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

ConnectPlan planTo(std::string host, std::uint16_t port, milliseconds limit = kLimit, std::string nameServers = "") {
  ConnectPlan plan;
  plan.destination = {std::move(host), port};
  plan.guard = &kOpen;
  plan.limit = limit;
  plan.nameServers = std::move(nameServers);
  return plan;
}
ConnectPlan securePlanTo(std::uint16_t port, const TlsRequest& request, milliseconds limit = kLimit) {
  ConnectPlan plan = planTo("127.0.0.1", port, limit);
  plan.tls = request.context;
  plan.verifyName = request.name;
  plan.sessionKey = request.sessionKey;
  return plan;
}

// Made once: keys cost time.
const CertificateAuthority& authority() {
  static const CertificateAuthority theAuthority;
  return theAuthority;
}
const Identity& goodIdentity() {
  static const Identity identity = authority().issue("DNS:good.test");
  return identity;
}

// A connector on a loop that the test drives.
class Loop {
 public:
  std::shared_ptr<ConnectJob> start(ConnectPlan plan) {
    auto job = std::make_shared<ConnectJob>(std::move(plan), [this] { ++ended_; });
    connector_->start(job);
    return job;
  }
  // Goes on until nothing is to be done at once, for a while.
  void goOn(milliseconds span = milliseconds{50}) {
    context_.restart();
    context_.run_for(span);
  }
  void giveUp(ConnectJob& job) { connector_->giveUp(job); }
  int ended() const { return ended_; }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Connector> connector_ = std::move(*Connector::make(context_));
  int ended_ = 0;
};

// The error of a job that was given up while it waits for what never comes.
void requireGivenUp(ConnectPlan plan) {
  Loop loop;
  loop.goOn();
  const std::size_t before = countDescriptors();
  {
    const auto job = loop.start(std::move(plan));
    loop.goOn();
    BOOST_REQUIRE(!job->isDone());
    loop.giveUp(*job);
    loop.goOn();
    BOOST_REQUIRE(job->isDone());
    BOOST_TEST(loop.ended() == 1);
    BOOST_TEST(outcomeOf(job->take()) == "client-gone");
    loop.giveUp(*job);
    BOOST_TEST(loop.ended() == 1);
  }
  // A resolver stays, with what it is asking.
  BOOST_TEST(countDescriptors() <= before + 2);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_name_is_asked_of_the_servers_that_the_plan_names) {
  const DnsServer server({{"here.test", {"127.0.0.1"}}, {"both.test", {"127.0.0.1", "::1"}}});
  const Listener listener;
  BOOST_TEST(outcomeOf(connectHere(planTo("here.test", listener.port(), kLimit, server.address()))) == "done");
  BOOST_TEST(outcomeOf(connectHere(planTo("both.test", listener.port(), kLimit, server.address()))) == "done");
  BOOST_TEST(outcomeOf(connectHere(planTo("gone.test", listener.port(), kLimit, server.address()))) == "unresolvable");
}

BOOST_AUTO_TEST_CASE(a_report_says_what_was_dialled_and_how_long_it_took) {
  const DnsServer server(DnsServer::Zone{{"here.test", {"127.0.0.1"}}});
  const Listener listener;
  const auto made = connectHere(planTo("here.test", listener.port(), kLimit, server.address()));
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  BOOST_TEST(made->report.address == "127.0.0.1:" + std::to_string(listener.port()));
  BOOST_TEST(made->report.dial.count() > 0);
  BOOST_TEST(made->report.tls.count() == 0);
}

// DNS rebinding: what counts is where the name leads, whatever the name.
BOOST_AUTO_TEST_CASE(a_name_that_leads_inside_is_refused_and_never_dialled) {
  const DnsServer server({{"inside.test", {"127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1"}}});
  const Listener trap;
  ConnectPlan plan = planTo("inside.test", trap.port(), kLimit, server.address());
  plan.guard = &kClosed;
  const auto refused = connectHere(std::move(plan));
  BOOST_REQUIRE_EQUAL(outcomeOf(refused), "address-refused");
  BOOST_TEST(refused.error().detail.find("10.0.0.1") != std::string::npos, refused.error().detail);
  BOOST_TEST(refused.error().detail.find("inside.test:") != std::string::npos, refused.error().detail);
  BOOST_TEST(!trap.hasCaller());
}

BOOST_AUTO_TEST_CASE(what_is_known_of_a_name_is_judged_as_if_it_had_come_just_now) {
  const DnsServer server(DnsServer::Zone{{"inside.test", {"127.0.0.1"}}});
  const Listener listener;
  NameCache names;
  ConnectPlan plan = planTo("inside.test", listener.port(), kLimit, server.address());
  plan.names = &names;
  BOOST_TEST(outcomeOf(connectHere(plan)) == "done");
  const int asked = server.questions();
  BOOST_TEST(outcomeOf(connectHere(plan)) == "done");
  plan.guard = &kClosed;
  BOOST_TEST(outcomeOf(connectHere(plan)) == "address-refused");
  BOOST_TEST(server.questions() == asked);
}

// However little time there is, and however long the servers take.
BOOST_AUTO_TEST_CASE(last_addresses_serve_on_before_the_limit_is_over) {
  const DnsServer silent({}, DnsServer::Manner::kSilent);
  const Listener listener;
  NameCache names;
  names.keep(NameCache::keyOf(silent.address(), "here.test"), {Addresses{*IpAddress::parse("127.0.0.1")}},
             Clock::now() - std::chrono::seconds{10});
  ConnectPlan plan = planTo("here.test", listener.port(), milliseconds{3000}, silent.address());
  plan.names = &names;
  const auto made = connectHere(plan);
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  BOOST_TEST(made->report.note.find("\"here.test\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_the_guard_lets_through_of_a_name_is_dialled) {
  const DnsServer server({{"mixed.test", {"10.0.0.1", "127.0.0.1"}}});
  const Listener listener;
  AddressGuard guard = AddressGuard::closed();
  guard.allow(Network::parse("127.0.0.0/8").value(), PortSet::all());
  ConnectPlan plan = planTo("mixed.test", listener.port(), kLimit, server.address());
  plan.guard = &guard;
  BOOST_TEST(outcomeOf(connectHere(std::move(plan))) == "done");
}

// Not by c-ares's own limit, which is longer.
BOOST_AUTO_TEST_CASE(a_name_server_that_never_answers_ends_with_the_limit) {
  const DnsServer silent({}, DnsServer::Manner::kSilent);
  const auto result = connectHere(planTo("slow.test", 80, kShort, silent.address()));
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "unresolvable");
  BOOST_TEST(result.error().detail.find("slow.test") != std::string::npos);
  BOOST_TEST(result.error().detail.find("in time") != std::string::npos, result.error().detail);
  BOOST_TEST(silent.questions() > 0);
}

BOOST_AUTO_TEST_CASE(a_host_that_swallows_connections_ends_with_the_limit) {
  const SwallowingPort swallowing;
  const auto result = connectHere(planTo("127.0.0.1", swallowing.port(), kShort));
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "connect-timeout");
  BOOST_TEST(result.error().detail.find("127.0.0.1:") != std::string::npos);
}

// Whoever wants it may have gone meanwhile, at whatever stage.
BOOST_AUTO_TEST_CASE(a_connection_that_nobody_wants_any_more_is_given_up) {
  const SwallowingPort swallowing;
  const DnsServer silent({}, DnsServer::Manner::kSilent);
  for (const ConnectPlan& plan :
       {planTo("127.0.0.1", swallowing.port()), planTo("slow.test", 80, kLimit, silent.address())}) {
    int asked = 0;
    const auto isWanted = [&asked] { return ++asked < 3; };
    BOOST_TEST(outcomeOf(connectHere(plan, isWanted)) == "client-gone");
    BOOST_TEST(asked == 3);
  }
}

BOOST_AUTO_TEST_CASE(tls_stands_when_the_connection_is_given_out) {
  const Listener listener;
  const TlsServer server(goodIdentity());
  std::string heard;
  const std::jthread serving([&] {
    TlsPeer peer(server.context(), listener.accept());
    peer.accept();
    heard = peer.receive(5);
    peer.send("world");
    peer.receive(1);
  });
  const auto made = connectHere(securePlanTo(listener.port(), {trusting(authority())}));
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  BOOST_TEST(!made->connection->hasHalfClose());
  BOOST_TEST(made->report.tls.count() > 0);
  BOOST_TEST(made->report.address == "127.0.0.1:" + std::to_string(listener.port()));
  BOOST_TEST(made->connection->write(std::string_view("hello"), {}).bytes == 5u);
  std::array<char, 5> buffer;
  BOOST_TEST(made->connection->readWithin(buffer, kLimit).bytes == 5u);
  made->connection->endWriting();
}

BOOST_AUTO_TEST_CASE(each_way_for_tls_to_fail_has_its_error) {
  const TlsServer server(goodIdentity());
  const auto connectedTo = [](auto serve, const TlsRequest& request) {
    const Listener listener;
    const std::jthread serving([&] { serve(listener.accept()); });
    return connectHere(securePlanTo(listener.port(), request));
  };
  const auto serveTls = [&server](FileDescriptor descriptor) {
    TlsPeer(server.context(), std::move(descriptor)).accept();
  };
  const auto serveHttp = [](const FileDescriptor& descriptor) {
    sendAll(descriptor.get(), "HTTP/1.1 400 Bad Request\r\n\r\n");
    receiveUntilEnd(descriptor.get());
  };
  const auto close = [](const FileDescriptor&) {};
  BOOST_TEST(outcomeOf(connectedTo(serveTls, {trusting(authority())})) == "done");
  BOOST_TEST(outcomeOf(connectedTo(serveTls, {trusting(authority()), "other.test"})) == "tls-wrong-name");
  BOOST_TEST(outcomeOf(connectedTo(serveTls, {trusting(authority()), ""})) == "tls-failed");
  BOOST_TEST(outcomeOf(connectedTo(serveHttp, {trustingAll()})) == "tls-failed");
  BOOST_TEST(outcomeOf(connectedTo(close, {trustingAll()})) == "tls-failed");
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_silent_within_tls_ends_with_the_limit) {
  const Listener silent;
  const auto result = connectHere(securePlanTo(silent.port(), {trustingAll()}, kShort));
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "connect-timeout");
  BOOST_TEST(result.error().detail.find("TLS handshake for \"good.test\"") != std::string::npos, result.error().detail);
}

BOOST_AUTO_TEST_CASE(each_stage_ends_when_it_is_given_up) {
  const DnsServer silentServer({}, DnsServer::Manner::kSilent);
  const SwallowingPort swallowing;
  const Listener silent;
  BOOST_TEST_CONTEXT("name") {
    requireGivenUp(planTo("slow.test", 80, kLimit, silentServer.address()));
  }
  BOOST_TEST_CONTEXT("dial") {
    requireGivenUp(planTo("127.0.0.1", swallowing.port()));
  }
  BOOST_TEST_CONTEXT("TLS") {
    requireGivenUp(securePlanTo(silent.port(), {trustingAll()}));
  }
}

BOOST_AUTO_TEST_CASE(what_is_given_up_does_not_disturb_the_others) {
  const SwallowingPort swallowing;
  const Listener listener;
  Loop loop;
  const auto slow = loop.start(planTo("127.0.0.1", swallowing.port()));
  const auto good = loop.start(planTo("127.0.0.1", listener.port()));
  loop.giveUp(*slow);
  for (int turn = 0; turn < 400 && !good->isDone(); ++turn) loop.goOn();
  BOOST_REQUIRE(good->isDone());
  BOOST_TEST(outcomeOf(good->take()) == "done");
  BOOST_TEST(outcomeOf(slow->take()) == "client-gone");
}

BOOST_AUTO_TEST_CASE(a_job_may_end_before_start_returns) {
  Loop loop;
  const auto job = loop.start(planTo("no host", 80));
  BOOST_REQUIRE(job->isDone());
  BOOST_TEST(loop.ended() == 1);
  BOOST_TEST(outcomeOf(job->take()) == "unresolvable");
}

BOOST_AUTO_TEST_CASE(name_servers_that_cannot_be_used_are_an_error) {
  BOOST_TEST(outcomeOf(connectHere(planTo("here.test", 80, kLimit, "nonsense"))) == "internal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
