// How many checks in a row make a member up or down, and what the log says of it.
#include "mod_revproxy/health/health_transition.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(health_transition)

namespace {

ProbeResult good() {
  return {{}, 200, std::chrono::microseconds{1500}};
}

ProbeResult bad() {
  return {proxycommon::failure(proxycommon::ErrorKind::kRefused, "nobody listens"), 0, {}};
}

// 's' and 'f': a check that succeeds or fails. What follows of each: '.', 'U' or 'D'.
std::string changesOf(HealthState& state, std::string_view checks, unsigned rise, unsigned fall) {
  std::string changes;
  for (const char check : checks)
    changes += ".UD"[static_cast<int>(noteProbe(state, check == 's' ? good() : bad(), rise, fall, {}))];
  return changes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(so_many_in_a_row_change_what_a_member_is) {
  struct Row {
    const char* checks;
    unsigned rise;
    unsigned fall;
    const char* changes;
    Health health;  // at last
  };
  const Row rows[] = {
      {"", 2, 3, "", Health::kUnknown},          {"s", 2, 3, ".", Health::kUp},
      {"ff", 2, 3, "..", Health::kUnknown},      {"fff", 2, 3, "..D", Health::kDown},
      {"ffs", 2, 3, "...", Health::kUp},         {"ffsff", 2, 3, ".....", Health::kUp},
      {"sfff", 2, 3, "...D", Health::kDown},     {"ffff", 2, 3, "..D.", Health::kDown},
      {"fffs", 2, 3, "..D.", Health::kDown},     {"fffss", 2, 3, "..D.U", Health::kUp},
      {"fffsfss", 2, 3, "..D...U", Health::kUp}, {"fffssfff", 2, 3, "..D.U..D", Health::kDown},
      {"fsfs", 1, 1, "DUDU", Health::kUp},       {"ssssf", 5, 1, "....D", Health::kDown},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.checks << " rise=" << row.rise << " fall=" << row.fall) {
      HealthState state{};
      BOOST_TEST(changesOf(state, row.checks, row.rise, row.fall) == row.changes);
      BOOST_TEST(state.health.load() == static_cast<std::uint32_t>(row.health));
      BOOST_TEST(state.isDown() == (row.health == Health::kDown));
    }
}

BOOST_AUTO_TEST_CASE(what_was_found_is_kept) {
  HealthState state{};
  const auto now = proxycommon::Clock::time_point{proxycommon::milliseconds{5000}};
  noteProbe(state, good(), 2, 1, now);
  BOOST_TEST(state.status.load() == 200u);
  BOOST_TEST(state.why.load() == 0u);
  noteProbe(state, bad(), 2, 1, now + proxycommon::milliseconds{70});
  BOOST_TEST(state.checks.load() == 2u);
  BOOST_TEST(state.failed.load() == 1u);
  BOOST_TEST(state.checkedAt.load() == 5070);
  BOOST_TEST(state.changedAt.load() == 5070);
  BOOST_TEST(state.why.load() == static_cast<std::uint32_t>(proxycommon::ErrorKind::kRefused) + 1);
  noteProbe(state, good(), 2, 1, now + proxycommon::milliseconds{90});
  BOOST_TEST(state.checkedAt.load() == 5090);
  BOOST_TEST(state.changedAt.load() == 5070);
}

BOOST_AUTO_TEST_CASE(a_change_is_one_line) {
  BOOST_TEST(describe({"http://10.0.0.7:80", "app", HealthChange::kDown, 3, "refused: nobody listens"}) ==
             "member http://10.0.0.7:80 of balancer app is down: 3 checks in a row failed (refused: nobody listens)");
  BOOST_TEST(describe({"http://10.0.0.7:80", "app", HealthChange::kDown, 1, "refused"}) ==
             "member http://10.0.0.7:80 of balancer app is down: 1 check failed (refused)");
  BOOST_TEST(describe({"http://10.0.0.7:80", "app", HealthChange::kUp, 2, ""}) ==
             "member http://10.0.0.7:80 of balancer app is up: 2 checks in a row succeeded");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
