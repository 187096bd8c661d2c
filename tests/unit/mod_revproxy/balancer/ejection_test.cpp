// Ejection and the retry budget, against what balancer/ejection.h and balancer/retry_budget.h promise.
#include "mod_revproxy/balancer/ejection.h"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

#include "mod_revproxy/balancer/retry_budget.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(ejection)

namespace {

using Change = EjectionChange;

// A member, and a clock that goes on when it is told.
struct Member {
  EjectionState state{};
  EjectionPolicy policy;
  Clock::time_point now{std::chrono::hours{100}};

  void pass(milliseconds span) { now += span; }
  Change fail() { return noteFailure(state, policy, now); }
  Change succeed() { return noteSuccess(state, policy, now, now); }
  Change failTimes(unsigned times) {
    Change last = Change::kNone;
    for (unsigned one = 0; one < times; ++one) last = fail();
    return last;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(as_many_failures_in_a_row_as_said_eject) {
  Member member;
  BOOST_TEST((member.failTimes(4) == Change::kNone));
  BOOST_TEST(!isEjected(member.state));
  BOOST_TEST((member.fail() == Change::kEjected));
  BOOST_TEST(isEjected(member.state));
  BOOST_TEST((member.fail() == Change::kNone), "it is told of once");
}

BOOST_AUTO_TEST_CASE(a_success_between_begins_the_row_anew) {
  Member member;
  member.policy.ratio = 0;
  for (int round = 0; round < 100; ++round) {
    BOOST_TEST((member.failTimes(4) == Change::kNone));
    BOOST_TEST((member.succeed() == Change::kNone));
  }
}

BOOST_AUTO_TEST_CASE(more_failures_than_not_within_the_window_eject) {
  Member member;
  for (int one = 0; one < 10; ++one) member.succeed();
  Change last = Change::kNone;
  int failures = 0;
  while (last == Change::kNone && failures < 100) {
    last = member.fail();
    ++failures;
    if (failures % 4 == 0) member.succeed();
  }
  BOOST_TEST((last == Change::kEjected));
  BOOST_TEST(failures >= 10);
  BOOST_TEST(failures <= 15);
}

BOOST_AUTO_TEST_CASE(what_lies_before_the_window_is_forgotten) {
  Member member;
  member.policy.errors = 0;
  for (int one = 0; one < 15; ++one) member.fail();
  member.pass(milliseconds{21'000});
  for (int one = 0; one < 4; ++one) BOOST_TEST((member.fail() == Change::kNone));
}

BOOST_AUTO_TEST_CASE(the_span_doubles_while_probes_fail_and_begins_anew_after_a_return) {
  Member member;
  member.failTimes(5);
  for (const long span : {100L, 200L, 400L, 800L, 1600L, 3200L, 6400L, 12800L, 25600L, 30000L, 30000L}) {
    member.pass(milliseconds{span - 1});
    BOOST_TEST(!isProbeDue(member.state, member.now), span);
    member.pass(milliseconds{1});
    BOOST_TEST(claimProbe(member.state, member.now, milliseconds{1000}), span);
    BOOST_TEST((member.fail() == Change::kNone));
  }
  member.pass(milliseconds{30'000});
  BOOST_TEST(claimProbe(member.state, member.now, milliseconds{1000}));
  BOOST_TEST((member.succeed() == Change::kReturned));
  BOOST_TEST(!isEjected(member.state));
  BOOST_TEST((member.failTimes(5) == Change::kEjected));
  member.pass(milliseconds{100});
  BOOST_TEST(isProbeDue(member.state, member.now));
}

BOOST_AUTO_TEST_CASE(one_alone_tries_a_suspect_until_it_has_told_or_is_late) {
  Member member;
  member.failTimes(5);
  member.pass(milliseconds{100});
  BOOST_TEST(claimProbe(member.state, member.now, milliseconds{1000}));
  BOOST_TEST(!claimProbe(member.state, member.now, milliseconds{1000}));
  abandonProbe(member.state);
  BOOST_TEST(claimProbe(member.state, member.now, milliseconds{1000}), "the client of the first had left");
  member.pass(milliseconds{1000});
  BOOST_TEST(claimProbe(member.state, member.now, milliseconds{1000}), "the second does not come back");
}

BOOST_AUTO_TEST_CASE(an_answer_to_what_went_out_before_the_ejection_does_not_end_it) {
  Member member;
  const auto before = member.now;
  member.pass(milliseconds{50});
  member.failTimes(5);
  member.pass(milliseconds{200});
  BOOST_TEST((noteSuccess(member.state, member.policy, before, member.now) == Change::kNone));
  BOOST_TEST(isEjected(member.state));
  BOOST_TEST((member.succeed() == Change::kReturned), "a request that went there since has been answered");
}

BOOST_AUTO_TEST_CASE(of_many_that_fail_at_once_one_tells_of_it) {
  for (int round = 0; round < 50; ++round) {
    Member member;
    std::atomic<int> ejected{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int one = 0; one < 20; ++one)
          if (noteFailure(member.state, member.policy, member.now) == Change::kEjected) ++ejected;
      });
    for (std::thread& thread : threads) thread.join();
    BOOST_TEST(ejected == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_member_that_is_back_gets_its_weight_by_and_by) {
  const Clock::time_point now{std::chrono::hours{1}};
  const std::int64_t returned = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  const auto weightAfter = [&](long passed) {
    return slowStartWeight(200, returned, milliseconds{10'000}, now + milliseconds{passed});
  };
  BOOST_TEST(weightAfter(0) == 20u);
  BOOST_TEST(weightAfter(500) == 20u);
  BOOST_TEST(weightAfter(5000) == 100u);
  BOOST_TEST(weightAfter(9999) == 199u);
  BOOST_TEST(weightAfter(10'000) == 200u);
  BOOST_TEST(slowStartWeight(200, 0, milliseconds{10'000}, now) == 200u, "it was never away");
  BOOST_TEST(slowStartWeight(5, returned, milliseconds{10'000}, now) == 1u, "it has some");
}

BOOST_AUTO_TEST_CASE(retries_are_a_part_of_all_requests_and_a_few_always) {
  RetryBudgetState budget{};
  int allowed = 0;
  while (spendRetry(budget)) ++allowed;
  BOOST_TEST(allowed == 10);
  for (int request = 0; request < 1000; ++request) earnRetry(budget, 20);
  allowed = 0;
  while (spendRetry(budget)) ++allowed;
  BOOST_TEST(allowed == 200);
  for (int request = 0; request < 1'000'000; ++request) earnRetry(budget, 20);
  allowed = 0;
  while (spendRetry(budget)) ++allowed;
  BOOST_TEST(allowed <= 510, "quiet times do not save up for ever");
  BOOST_TEST(allowed >= 500);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
