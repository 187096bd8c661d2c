// What is read from shared memory: each number where it belongs, and the one word that tells what a member is.
#include "mod_revproxy/status/take_snapshot.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "mod_revproxy/status/words.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(take_snapshot)

namespace {

constexpr std::size_t kChildren = 3;

// The moment of all snapshots here: the steady clock is at 1,000 s.
const Moment kNow{Clock::time_point{std::chrono::seconds{1000}}, WallTime{std::chrono::seconds{1'764'000'000}}};
constexpr std::int64_t kSteadyNow = 1'000'000;

// A balancer of one member with two addresses, and shared memory of its own.
class Shared {
 public:
  Shared() {
    balancer.name = "app";
    balancer.definedAt = "site.conf:1";
    balancer.settings.method = "leastconn";
    balancer.members.resize(1);
    balancer.members[0].url = "http://backend.test:8080";
    balancer.members[0].route = "a";
    shared.state = &balancerState;
    for (std::size_t place = 0; place < states.size(); ++place)
      endpoints.push_back({.member = &balancer.members[0],
                           .name = "http://backend.test:8080 (10.0.0." + std::to_string(place + 1) + ":8080)",
                           .address = "10.0.0." + std::to_string(place + 1),
                           .port = 8080,
                           .weight = 200,
                           .set = 0,
                           .identity = place,
                           .cookieValue = "secret",
                           .shared = {&states[place], {rows[place].data(), &usedRows}, {}}});
  }

  BalancerStatus take() const {
    const BalancerView view{balancer, shared, std::make_shared<const Endpoints>(endpoints), mappings};
    return only(takeSnapshot({&view, 1}, {}, 0, kNow));
  }
  std::vector<MappingView> mappings;
  MemberStatus first() const { return take().members.front(); }
  // "word: why".
  std::string said() const {
    const MemberStatus member = first();
    return std::string{wordOf(member.condition)} + ": " + member.why;
  }

  MemberState& state() { return states[0]; }
  EjectionState& ejection() { return states[0].ejection; }
  HealthState& health() {
    balancer.health = HealthCheck{};
    return states[0].health;
  }
  Member& member() { return balancer.members[0]; }
  // How many requests the first member has in each child.
  void work(const std::array<std::uint32_t, kChildren>& requests) {
    for (std::size_t child = 0; child < kChildren; ++child) rows[0][child] = requests[child];
  }

  Balancer balancer;
  SharedBalancer shared;
  BalancerState balancerState{};
  std::array<MemberState, 2> states{};
  std::array<std::array<std::atomic<std::uint32_t>, kChildren>, 2> rows{};
  std::atomic<std::uint32_t> usedRows{kChildren};
  Endpoints endpoints;

 private:
  static BalancerStatus only(const StatusSnapshot& snapshot) {
    BOOST_REQUIRE(snapshot.balancers.size() == 1u);
    return snapshot.balancers.front();
  }
};

std::int64_t wallOf(const std::optional<WallTime>& time) {
  return time ? time->time_since_epoch().count() : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_fresh_has_counted_nothing_and_is_well) {
  Shared shared;
  const BalancerStatus status = shared.take();
  BOOST_TEST(status.name == "app");
  BOOST_TEST(status.definedAt == "site.conf:1");
  BOOST_TEST(status.method == "leastconn");
  BOOST_TEST(!status.hasQueue);
  BOOST_TEST(status.totals.requests == 0u);
  BOOST_TEST(status.members.size() == 2u);
  const MemberStatus& member = status.members[1];
  BOOST_TEST(member.name == "http://backend.test:8080 (10.0.0.2:8080)");
  BOOST_TEST(member.url == "http://backend.test:8080");
  BOOST_TEST(member.route == "a");
  BOOST_TEST(member.weight == 200u);
  BOOST_TEST(member.effectiveWeight == 200u);
  BOOST_TEST(!member.health);
  BOOST_TEST(!member.since);
  BOOST_TEST(shared.said() == "ok: ");
}

BOOST_AUTO_TEST_CASE(requests_in_flight_are_those_of_all_children_and_members) {
  Shared shared;
  shared.work({1, 2, 4});
  shared.rows[1][2] = 8;
  const BalancerStatus status = shared.take();
  BOOST_TEST(status.members[0].inFlight == 7u);
  BOOST_TEST(status.members[1].inFlight == 8u);
  BOOST_TEST(status.inFlight == 15u);
}

BOOST_AUTO_TEST_CASE(each_counter_of_a_member_is_shown_as_itself) {
  Shared shared;
  MemberCounters& counters = shared.state().counters;
  std::uint64_t value = 0;
  for (Counter* counter : {&counters.requests, &counters.sent, &counters.received, &counters.dials, &counters.reuses,
                           &counters.poolWaits, &counters.ejections, &counters.returns, &counters.tunnels})
    *counter = ++value;
  counters.responses[5] = 50;
  counters.errors[1] = 60;
  counters.latency.add(std::chrono::microseconds{700});
  counters.latency.add(std::chrono::seconds{100});
  const MemberTotals totals = shared.first().totals;
  const std::vector<std::uint64_t> seen{totals.requests,  totals.sent,    totals.received,
                                        totals.dials,     totals.reuses,  totals.poolWaits,
                                        totals.ejections, totals.returns, totals.tunnels};
  for (std::size_t index = 0; index < seen.size(); ++index) BOOST_TEST(seen[index] == index + 1);
  BOOST_TEST(totals.responses[5] == 50u);
  BOOST_TEST(totals.errors[1] == 60u);
  BOOST_TEST(totals.latency.counts[1] == 1u);
  BOOST_TEST(totals.latency.counts.back() == 1u);
  BOOST_TEST(totals.latency.total() == 2u);
  BOOST_TEST(totals.latency.sum == 100'000'700u);
}

BOOST_AUTO_TEST_CASE(each_counter_of_a_balancer_is_shown_as_itself) {
  Shared shared;
  BalancerCounters& counters = shared.balancerState.counters;
  std::uint64_t value = 0;
  for (Counter* counter : {&counters.requests, &counters.retries, &counters.retriesRefused, &counters.queued,
                           &counters.queueTimeouts, &counters.queueOverflows, &counters.panics, &counters.noMember})
    *counter = ++value;
  counters.answers[2] = 20;
  counters.queueWait.add(std::chrono::milliseconds{20});
  const BalancerTotals totals = shared.take().totals;
  const std::vector<std::uint64_t> seen{totals.requests, totals.retries,       totals.retriesRefused,
                                        totals.queued,   totals.queueTimeouts, totals.queueOverflows,
                                        totals.panics,   totals.noMember};
  for (std::size_t index = 0; index < seen.size(); ++index) BOOST_TEST(seen[index] == index + 1);
  BOOST_TEST(totals.answers[2] == 20u);
  BOOST_TEST(totals.queueWait.total() == 1u);
  BOOST_TEST(totals.queueWait.sum == 20'000u);
}

BOOST_AUTO_TEST_CASE(each_counter_of_a_cache_is_shown_as_itself_where_there_is_one) {
  Shared shared;
  proxycommon::CacheCounters counters{};
  proxycommon::CacheCounters other{};
  shared.mappings = {{"/b", "site.conf:3", &other}, {"/a", "site.conf:4", &counters}};
  std::uint64_t value = 0;
  for (Counter* counter : {&counters.hits, &counters.misses, &counters.stale, &counters.revalidated,
                           &counters.collapsed, &counters.passes})
    *counter = ++value;
  counters.noteStored(100);
  counters.noteStored(23);
  BOOST_TEST(shared.take().caches.empty());
  counters.noteUsed();
  const BalancerStatus status = shared.take();
  BOOST_REQUIRE(status.caches.size() == 1u);
  BOOST_TEST(status.caches[0].prefix == "/a");
  BOOST_TEST(status.caches[0].definedAt == "site.conf:4");
  const CacheTotals& totals = status.caches[0].totals;
  const std::vector<std::uint64_t> seen{totals.hits,        totals.misses,    totals.stale,
                                        totals.revalidated, totals.collapsed, totals.passes};
  for (std::size_t index = 0; index < seen.size(); ++index) BOOST_TEST(seen[index] == index + 1);
  BOOST_TEST(totals.stored == 2u);
  BOOST_TEST(totals.storedBytes == 123u);
  other.noteUsed();
  BOOST_TEST(shared.take().caches.size() == 2u);
  BOOST_TEST(shared.take().caches[1].prefix == "/b");
}

BOOST_AUTO_TEST_CASE(stores_are_shown_as_they_are_given) {
  const StatusSnapshot snapshot = takeSnapshot({}, {}, 0, kNow, {{"memory", "lmdb", {1, 2, 3, 4, 5}}});
  BOOST_REQUIRE(snapshot.stores.size() == 1u);
  BOOST_TEST(snapshot.stores[0].name == "memory");
  BOOST_TEST(snapshot.stores[0].figures.bytes == 2u);
}

BOOST_AUTO_TEST_CASE(who_waits_is_counted_where_there_is_a_line) {
  constexpr std::size_t kQueue = 4;
  const auto state = proxycommon::SharedState::make(1);
  BOOST_REQUIRE_EQUAL(outcomeOf(state), "done");
  (*state)->beginGeneration();
  const auto line = (*state)->line("app", kQueue);
  BOOST_REQUIRE_EQUAL(outcomeOf(line), "done");
  (*state)->endGeneration();
  Shared shared;
  shared.shared.line = *line;
  shared.balancer.settings.limit = 10;
  for (int request = 0; request < 2; ++request) BOOST_TEST(line->join(0, proxycommon::kAnyPlace, kQueue).has_value());
  const BalancerStatus status = shared.take();
  BOOST_TEST(status.hasQueue);
  BOOST_TEST(status.waiting == 2u);
  BOOST_TEST(status.limit == 10u);
}

BOOST_AUTO_TEST_CASE(an_ejected_member_says_why_and_when_it_is_tried) {
  Shared shared;
  shared.ejection().consecutive = 5;
  shared.ejection().level = 2;
  shared.ejection().ejectedUntil = kSteadyNow + 1'150;
  BOOST_TEST(shared.said() == "ejected: 5 failures in a row, again in 1.2 s");
  BOOST_TEST(shared.first().ejection.level == 2u);
  BOOST_TEST(wallOf(shared.first().ejection.until) == 1'764'000'001'150);
  shared.ejection().consecutive = 1;
  BOOST_TEST(shared.said() == "ejected: 50 % and more of its requests within 10 s failed, again in 1.2 s");
  shared.balancer.settings.ejection.errors = 1;
  BOOST_TEST(shared.said() == "ejected: 1 failure in a row, again in 1.2 s");
}

BOOST_AUTO_TEST_CASE(when_its_time_is_over_a_request_tries_it) {
  Shared shared;
  shared.ejection().consecutive = 5;
  shared.ejection().ejectedUntil = kSteadyNow;
  BOOST_TEST(shared.said() == "probing: 5 failures in a row, the next request tries it");
  shared.ejection().probedUntil = kSteadyNow + 1;
  BOOST_TEST(shared.said() == "probing: 5 failures in a row, a request tries it");
  shared.ejection().probedUntil = kSteadyNow;
  BOOST_TEST(shared.said() == "probing: 5 failures in a row, the next request tries it");
}

BOOST_AUTO_TEST_CASE(a_member_that_checks_found_down_says_what_they_saw) {
  Shared shared;
  HealthState& health = shared.health();
  health.health = static_cast<std::uint32_t>(Health::kDown);
  health.failures = 3;
  health.why = static_cast<std::uint32_t>(proxycommon::ErrorKind::kRefused) + 1;
  health.changedAt = kSteadyNow - 5'000;
  health.checkedAt = kSteadyNow - 500;
  health.checks = 12;
  health.failed = 4;
  BOOST_TEST(shared.said() == "down: check failed: refused, 3 in a row");
  BOOST_TEST(wallOf(shared.first().since) == 1'763'999'995'000);
  BOOST_TEST(wallOf(shared.first().health->checkedAt) == 1'763'999'999'500);
  BOOST_TEST(shared.first().health->checks == 12u);
  BOOST_TEST(shared.first().health->failed == 4u);
  health.why = static_cast<std::uint32_t>(proxycommon::ErrorKind::kFailedStatus) + 1;
  health.status = 503;
  BOOST_TEST(shared.said() == "down: check failed: unexpected answer with status 503, 3 in a row");
  BOOST_TEST(shared.first().health->status == 503u);
  for (const std::uint32_t nonsense : {0u, 1000u}) {
    health.why = nonsense;
    BOOST_TEST(shared.said() == "down: check failed: unknown, 3 in a row");
  }
}

// What an earlier configuration has left there says nothing any more.
BOOST_AUTO_TEST_CASE(who_is_not_checked_is_not_down) {
  Shared shared;
  shared.state().health.health = static_cast<std::uint32_t>(Health::kDown);
  BOOST_TEST(shared.said() == "ok: ");
}

BOOST_AUTO_TEST_CASE(a_member_at_its_limit_is_full) {
  Shared shared;
  shared.member().limit = 4;
  shared.work({2, 1, 0});
  BOOST_TEST(shared.said() == "ok: ");
  shared.work({2, 1, 1});
  BOOST_TEST(shared.said() == "full: 4 of 4 in flight");
  BOOST_TEST(shared.first().limit == 4u);
}

BOOST_AUTO_TEST_CASE(a_member_that_is_back_starts_slowly) {
  Shared shared;
  shared.ejection().returnedAt = kSteadyNow - 10'000;
  BOOST_TEST(shared.said() == "ok: ");
  BOOST_TEST(wallOf(shared.first().since) == 1'763'999'990'000);
  shared.balancer.settings.slowStart = milliseconds{20'000};
  const MemberStatus member = shared.first();
  const std::uint32_t weight = slowStartWeight(200, kSteadyNow - 10'000, milliseconds{20'000}, kNow.steady);
  BOOST_TEST((member.condition == Condition::kStarting));
  BOOST_TEST(member.effectiveWeight == weight);
  BOOST_TEST(member.why == std::to_string(weight / 2) + " % of its weight");
  BOOST_TEST(wallOf(member.since) == 1'763'999'990'000);
  shared.member().slowStart = milliseconds{5'000};
  BOOST_TEST(shared.said() == "ok: ");
}

// Each hides those before it.
BOOST_AUTO_TEST_CASE(the_worst_is_what_is_said) {
  Shared shared;
  const auto word = [&shared] { return wordOf(shared.first().condition); };
  shared.ejection().returnedAt = kSteadyNow - 1;
  shared.balancer.settings.slowStart = milliseconds{20'000};
  BOOST_TEST(word() == "starting");
  shared.member().limit = 1;
  shared.work({1, 0, 0});
  BOOST_TEST(word() == "full");
  shared.member().isDrained = true;
  BOOST_TEST(shared.said() == "draining: drained by its configuration");
  shared.ejection().ejectedUntil = kSteadyNow;
  BOOST_TEST(word() == "probing");
  shared.ejection().ejectedUntil = kSteadyNow + 1;
  BOOST_TEST(word() == "ejected");
  shared.health().health = static_cast<std::uint32_t>(Health::kDown);
  BOOST_TEST(word() == "down");
  shared.member().isStopped = true;
  BOOST_TEST(shared.said() == "stopped: stopped by its configuration");
}

BOOST_AUTO_TEST_CASE(children_that_live_are_shown) {
  std::array<proxycommon::ChildCounters, 3> children;
  children[0].owner = proxycommon::identityOf(::getpid());
  children[0].tunnels = 4;
  children[0].parked = 2;
  children[0].idle = 3;
  children[1].owner = proxycommon::identityOf(::getpid()) - 1;  // a process that is gone
  children[1].tunnels = 9;
  const StatusSnapshot led = takeSnapshot({}, children, ::getpid(), kNow);
  BOOST_REQUIRE(led.children.size() == 1u);
  BOOST_TEST(led.children[0].process == ::getpid());
  BOOST_TEST(led.children[0].tunnels == 4u);
  BOOST_TEST(led.children[0].parked == 2u);
  BOOST_TEST(led.children[0].idle == 3u);
  BOOST_TEST(led.children[0].isLeader);
  BOOST_TEST(!takeSnapshot({}, children, 0, kNow).children[0].isLeader);
  BOOST_TEST(led.version == PROXYCOMMON_VERSION);
  BOOST_TEST(wallOf(led.generatedAt) == 1'764'000'000'000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
