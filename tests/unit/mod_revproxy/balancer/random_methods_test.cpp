// Methods that draw: random2, ewma.
#include <boost/test/unit_test.hpp>

#include "mod_revproxy/balancer/draws.h"
#include "tests/unit/mod_revproxy/balancer/members.h"

namespace proxytest {

using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(random_methods)

namespace {

constexpr int kChoices = 100'000;

void sample(const Method& method, Members& members, std::size_t index, milliseconds latency, bool failed = false) {
  method.finished(members.all[index], {members.now, latency, 0, failed}, members.state);
}

std::vector<std::uint64_t> chosen(const Method& method, Members& members) {
  std::vector<std::uint64_t> counts(members.all.size());
  for (int round = 0; round < kChoices; ++round) ++counts[method.choose(members.all, members.choice())];
  return counts;
}

// Of two, the cheaper is always chosen.
std::size_t cheaper(const Method& method, Members& members) {
  const auto counts = chosen(method, members);
  BOOST_TEST((counts[0] == 0U || counts[1] == 0U));
  return counts[0] == 0 ? 1 : 0;
}

milliseconds latencyOf(const Members& members, std::size_t index) {
  return std::chrono::round<milliseconds>(std::chrono::nanoseconds(members.all[index].state.latency.load()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_that_are_drawn_differ_and_follow_their_weights) {
  Members members({100, 200, 300, 400});
  std::vector<std::uint64_t> pairs(16);
  std::vector<double> shares(16);
  for (int round = 0; round < kChoices; ++round) {
    const Pair drawn = drawTwo(members.all, members.random());
    ++pairs[drawn.first * 4 + drawn.second];
  }
  std::vector<std::uint64_t> counts;
  std::vector<double> expected;
  for (std::size_t first = 0; first < 4; ++first)
    for (std::size_t second = 0; second < 4; ++second) {
      if (first == second) {
        BOOST_TEST(pairs[first * 4 + second] == 0U);
        continue;
      }
      const double one = members.all[first].weight;
      const double other = members.all[second].weight;
      counts.push_back(pairs[first * 4 + second]);
      expected.push_back(one / 1000 * other / (1000 - one));
    }
  BOOST_TEST(agreesByChance(counts, expected));
}

BOOST_AUTO_TEST_CASE(idle_members_are_chosen_by_weight) {
  for (const std::string name : {"random2", "ewma"}) {
    const auto method = methodNamed(name);
    Members members({100, 200, 300, 400});
    BOOST_TEST(agreesByChance(chosen(*method, members), {100, 200, 300, 400}), name);
  }
}

// What the definition says of each pair, summed up.
BOOST_AUTO_TEST_CASE(random2_takes_the_less_busy_of_two) {
  const auto method = methodNamed("random2");
  Members members({100, 200, 300, 400});
  const std::vector<std::uint32_t> inFlight{1, 1, 3, 3};  // by weight: 1, 1/2, 1, 3/4
  for (std::size_t index = 0; index < 4; ++index) members.all[index].inFlight = inFlight[index];
  std::vector<double> shares(4);
  for (std::size_t first = 0; first < 4; ++first)
    for (std::size_t second = 0; second < 4; ++second) {
      if (first == second) continue;
      const double one = members.all[first].weight;
      const double other = members.all[second].weight;
      const bool secondWins = inFlight[second] * one < inFlight[first] * other;
      shares[secondWins ? second : first] += one / 1000 * other / (1000 - one);
    }
  BOOST_TEST(agreesByChance(chosen(*method, members), shares));
}

BOOST_AUTO_TEST_CASE(random2_never_takes_the_busiest) {
  const auto method = methodNamed("random2");
  Members members({100, 100, 100});
  members.all[1].inFlight = 5;
  BOOST_TEST(chosen(*method, members)[1] == 0U);
}

BOOST_AUTO_TEST_CASE(a_slower_sample_counts_at_once_and_faster_ones_come_in) {
  const auto method = methodNamed("ewma");
  Members members({100});
  sample(*method, members, 0, milliseconds(10));
  BOOST_TEST(latencyOf(members, 0).count() == 10);
  sample(*method, members, 0, milliseconds(1000));
  BOOST_TEST(latencyOf(members, 0).count() == 1000);
  // After the time constant 1/e of the distance is left.
  members.now += seconds(10);
  sample(*method, members, 0, milliseconds(100));
  BOOST_TEST(latencyOf(members, 0).count() == 431);
  for (int second = 0; second < 100; ++second) {
    members.now += seconds(1);
    sample(*method, members, 0, milliseconds(100));
  }
  BOOST_TEST(latencyOf(members, 0).count() == 100);
}

BOOST_AUTO_TEST_CASE(the_cheaper_of_two_is_chosen) {
  const auto method = methodNamed("ewma");
  Members members({100, 100});
  sample(*method, members, 0, milliseconds(10));
  sample(*method, members, 1, milliseconds(21));
  BOOST_TEST(cheaper(*method, members) == 0U);
  // 10 ms × 3 against 21 ms × 1.
  members.all[0].inFlight = 2;
  BOOST_TEST(cheaper(*method, members) == 1U);
  // … / 2
  members.all[0].weight = 200;
  BOOST_TEST(cheaper(*method, members) == 0U);
}

BOOST_AUTO_TEST_CASE(a_failure_is_a_slow_sample) {
  const auto method = methodNamed("ewma");
  Members members({100, 100});
  sample(*method, members, 0, milliseconds(0), true);
  sample(*method, members, 1, milliseconds(900));
  BOOST_TEST(latencyOf(members, 0).count() == 1000);
  BOOST_TEST(cheaper(*method, members) == 1U);
  sample(*method, members, 1, milliseconds(5000), true);
  BOOST_TEST(latencyOf(members, 1).count() == 5000);
}

BOOST_AUTO_TEST_CASE(one_that_was_slow_is_tried_again) {
  const auto method = methodNamed("ewma");
  Members members({100, 100});
  sample(*method, members, 0, milliseconds(1000));
  members.now += seconds(60);
  sample(*method, members, 1, milliseconds(10));
  BOOST_TEST(cheaper(*method, members) == 0U);
}

BOOST_AUTO_TEST_CASE(one_that_was_never_measured_gets_one_request) {
  const auto method = methodNamed("ewma");
  Members members({100, 100});
  sample(*method, members, 0, milliseconds(1));
  BOOST_TEST(cheaper(*method, members) == 1U);
  members.all[1].inFlight = 1;
  members.all[0].inFlight = 50;
  BOOST_TEST(cheaper(*method, members) == 0U);
}

// Three that are ten times as slow as the others: they have few of the requests, and those quickly.
BOOST_AUTO_TEST_CASE(slow_members_are_avoided) {
  const auto method = methodNamed("ewma");
  Members members(std::vector<std::uint32_t>(10, 100));
  std::uint64_t toSlow = 0;
  for (int round = 0; round < kChoices; ++round) {
    members.now += milliseconds(1);
    const std::size_t index = members.send(*method);
    toSlow += index < 3;
    members.finish(*method, index, {{}, milliseconds(index < 3 ? 100 : 10), 0, false});
  }
  // Two slow ones are drawn in 1 of 15 choices.
  BOOST_TEST(toSlow < kChoices / 8U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
