// The monitor on a reactor's loops: who is checked, when, by whom, what is told, and how it ends.
#include "mod_revproxy/health/monitor.h"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/unit/support/answering_server.h"
#include "tests/unit/support/open_tunnel.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace revproxy;

BOOST_AUTO_TEST_SUITE(monitor, *boost::unit_test::timeout(120))

namespace {

const char* const kGood = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const char* const kBad = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

HealthCheck checkOf(const std::vector<std::string>& words) {
  auto check = HealthCheck::parse(words);
  if (!check) throw std::runtime_error(check.error().detail);
  return *check;
}

HealthTarget targetAt(std::uint16_t port, const HealthCheck& check, HealthState& state) {
  HealthTarget target;
  target.member = "http://app.test";
  target.balancer = "app";
  target.dial = [port]() -> Result<std::optional<HealthTarget::Dialled>> {
    HealthTarget::Dialled dialled;
    dialled.connect.destination = {"127.0.0.1", port};
    dialled.connect.guard = &AddressGuard::alwaysOpen();
    dialled.connect.limit = kLongTime;
    return std::optional(std::move(dialled));
  };
  target.host = "app.test";
  target.target = "/";
  target.state = &state;
  target.check = &check;
  return target;
}

// What a monitor tells.
class Told {
 public:
  MonitorSeams seams(std::function<bool()> isLeader = [] { return true; }) {
    return {std::move(isLeader), [this](const HealthNews& news) {
              const std::lock_guard lock(mutex_);
              lines_.push_back(describe(news));
            }};
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(times_differ_by_a_tenth) {
  const milliseconds interval{2000};
  BOOST_TEST(nextCheck(interval, 0).count() == 1800);
  BOOST_TEST(nextCheck(interval, 0.5).count() == 2000);
  BOOST_TEST(nextCheck(interval, 0.9999).count() == 2199);
  BOOST_TEST(firstCheck(interval, 0).count() == 0);
  BOOST_TEST(firstCheck(interval, 0.9999).count() == 999);
  BOOST_TEST(firstCheck(milliseconds{100}, 0.9999).count() == 49);
  BOOST_TEST(firstCheck(milliseconds{60'000}, 0.5).count() == 500);
}

BOOST_AUTO_TEST_CASE(a_member_goes_down_and_comes_back_with_a_line_each) {
  const auto reactor = startReactor(2);
  AnsweringServer server(kGood);
  const HealthCheck check = checkOf({"interval=10ms", "timeout=10s"});
  HealthState state{};
  Told told;
  const Monitor monitor(reactor->loops(), told.seams(), {targetAt(server.port(), check, state)});
  BOOST_TEST(server.awaitCallers(3));
  BOOST_TEST(told.lines().empty());
  server.answer(kBad);
  BOOST_TEST(eventually([&] { return state.isDown(); }));
  const auto downSince = state.checks.load();
  BOOST_TEST(eventually([&] { return state.checks > downSince + 3; }));
  server.answer(kGood);
  BOOST_TEST(eventually([&] { return !state.isDown(); }));
  BOOST_TEST(eventually([&] { return told.lines().size() >= 2; }));
  const auto lines = told.lines();
  BOOST_REQUIRE_EQUAL(lines.size(), 2u);
  const std::string member = "member http://app.test of balancer app is ";
  BOOST_TEST(lines[0].starts_with(member + "down: 3 checks in a row failed (failed-status: status 503"), lines[0]);
  BOOST_TEST(lines[1] == member + "up: 2 checks in a row succeeded");
}

BOOST_AUTO_TEST_CASE(targets_are_checked_at_the_same_time_and_each_once_at_a_time) {
  const auto reactor = startReactor(2);
  const AnsweringServer first(&staySilent);
  const AnsweringServer second(&staySilent);
  const HealthCheck check = checkOf({"interval=10ms", "timeout=60s"});
  HealthState states[2]{};
  Told told;
  const Monitor monitor(reactor->loops(), told.seams(),
                        {targetAt(first.port(), check, states[0]), targetAt(second.port(), check, states[1])});
  BOOST_TEST(first.awaitCallers(1));
  BOOST_TEST(second.awaitCallers(1));
  std::this_thread::sleep_for(milliseconds{50});
  BOOST_TEST(first.callers() == 1);
  BOOST_TEST(second.callers() == 1);
}

BOOST_AUTO_TEST_CASE(only_who_leads_checks) {
  const auto reactor = startReactor(2);
  AnsweringServer server(kGood);
  const HealthCheck check = checkOf({"interval=10ms"});
  HealthState state{};
  Told told;
  std::atomic<bool> leads = false;
  std::atomic<int> asked = 0;
  const Monitor monitor(reactor->loops(), told.seams([&] { return ++asked, leads.load(); }),
                        {targetAt(server.port(), check, state)});
  BOOST_TEST(eventually([&] { return asked >= 2; }));
  BOOST_TEST(server.callers() == 0);
  leads = true;
  BOOST_TEST(server.awaitCallers(2));
  leads = false;
  // One may be under way; none begins.
  const int since = asked;
  BOOST_TEST(eventually([&] { return asked > since; }));
  const int callers = server.callers();
  std::this_thread::sleep_for(milliseconds{50});
  BOOST_TEST(server.callers() == callers);
}

BOOST_AUTO_TEST_CASE(a_place_where_nobody_is_is_left_alone_and_an_error_of_ours_fails_the_check) {
  const auto reactor = startReactor(1);
  const HealthCheck check = checkOf({"interval=10ms", "fall=2"});
  HealthState states[2]{};
  HealthTarget empty = targetAt(1, check, states[0]);
  std::atomic<int> asked = 0;
  empty.dial = [&]() -> Result<std::optional<HealthTarget::Dialled>> {
    ++asked;
    return std::optional<HealthTarget::Dialled>();
  };
  HealthTarget broken = targetAt(1, check, states[1]);
  broken.dial = []() -> Result<std::optional<HealthTarget::Dialled>> {
    return failure(ErrorKind::kTlsFailed, "no such file");
  };
  Told told;
  const Monitor monitor(reactor->loops(), told.seams(), {empty, broken});
  BOOST_TEST(eventually([&] { return asked >= 3; }));
  BOOST_TEST(states[0].checks.load() == 0u);
  BOOST_TEST(eventually([&] { return !told.lines().empty(); }));
  BOOST_TEST(told.lines().front().find("2 checks in a row failed (tls-failed: no such file") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_a_member_with_several_addresses_the_line_tells_which) {
  const auto reactor = startReactor(1);
  const RefusingPort refusing;
  const HealthCheck check = checkOf({"interval=10ms", "fall=1", "method=TCP"});
  HealthState state{};
  HealthTarget target = targetAt(refusing.port(), check, state);
  target.dial = [inner = target.dial]() {
    auto dialled = inner();
    (*dialled)->address = "127.0.0.1:81";
    return dialled;
  };
  Told told;
  const Monitor monitor(reactor->loops(), told.seams(), {target});
  BOOST_TEST(eventually([&] { return !told.lines().empty(); }));
  BOOST_TEST(
      told.lines().front().starts_with("member http://app.test (127.0.0.1:81) of balancer app is down: 1 check "));
}

BOOST_AUTO_TEST_CASE(nothing_happens_after_its_end) {
  const auto reactor = startReactor(2);
  const AnsweringServer silent(&staySilent);
  AnsweringServer busy(kBad);
  const HealthCheck check = checkOf({"interval=10ms", "timeout=60s", "fall=1"});
  for (int round = 0; round < 20; ++round) {
    HealthState states[2]{};
    Told told;
    Monitor monitor(reactor->loops(), told.seams(),
                    {targetAt(silent.port(), check, states[0]), targetAt(busy.port(), check, states[1])});
    BOOST_TEST(silent.awaitCallers(round + 1));
    monitor.stop();
    const auto lines = told.lines();
    const auto checks = states[1].checks.load();
    std::this_thread::sleep_for(milliseconds{2});
    BOOST_TEST(told.lines() == lines, boost::test_tools::per_element());
    BOOST_TEST(states[1].checks.load() == checks);
  }
}

BOOST_AUTO_TEST_CASE(it_may_end_after_its_loops_have_stopped) {
  const AnsweringServer silent(&staySilent);
  const HealthCheck check = checkOf({"interval=10ms", "timeout=60s"});
  HealthState state{};
  Told told;
  const auto reactor = startReactor(1);
  {
    const Monitor monitor(reactor->loops(), told.seams(), {targetAt(silent.port(), check, state)});
    BOOST_TEST(silent.awaitCallers(1));
    reactor->stop();
  }
  BOOST_TEST(state.checks.load() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
