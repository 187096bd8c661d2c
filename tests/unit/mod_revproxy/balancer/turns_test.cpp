// Methods by turns: byrequests, bybusyness, leastconn.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <thread>

#include "mod_revproxy/balancer/turns.h"
#include "tests/unit/mod_revproxy/balancer/members.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(turns)

namespace {

const std::vector<std::vector<std::uint32_t>> kWeights = {
    {100}, {100, 100}, {100, 300}, {100, 200, 300}, {500, 100, 100}, {700, 1100, 1300, 100}, {150, 250, 100},
};

// One letter for each choice.
std::string sequence(const Method& method, Members& members, std::size_t count) {
  std::string letters;
  for (std::size_t sent = 0; sent < count; ++sent) {
    const std::size_t chosen = members.send(method);
    members.finish(method, chosen, {});
    letters.push_back(static_cast<char>('a' + chosen));
  }
  return letters;
}

}  // namespace

// Of any successive choices whose number is the sum of the weights, each member gets its weight.
BOOST_AUTO_TEST_CASE(byrequests_is_exact_in_every_window) {
  const auto method = methodNamed("byrequests");
  for (const std::vector<std::uint32_t>& weights : kWeights) {
    Members members(weights);
    const std::uint32_t divisor = std::accumulate(weights.begin(), weights.end(), 0U, std::gcd<unsigned, unsigned>);
    const std::size_t window = std::accumulate(weights.begin(), weights.end(), 0U) / divisor;
    const std::string letters = sequence(*method, members, 100'000);
    std::vector<std::uint32_t> had(weights.size());
    bool isExact = true;
    for (std::size_t place = 0; place < letters.size(); ++place) {
      ++had[static_cast<std::size_t>(letters[place] - 'a')];
      if (place >= window) --had[static_cast<std::size_t>(letters[place - window] - 'a')];
      if (place + 1 < window) continue;
      for (std::size_t index = 0; index < weights.size(); ++index)
        isExact = isExact && had[index] == weights[index] / divisor;
    }
    BOOST_TEST(isExact, "weights " << weights[0] << "… of " << weights.size());
  }
}

BOOST_AUTO_TEST_CASE(byrequests_interleaves) {
  const auto method = methodNamed("byrequests");
  Members heavyFirst({300, 100});
  BOOST_TEST(sequence(*method, heavyFirst, 8) == "aabaaaba");
  Members equal({100, 100, 100});
  BOOST_TEST(sequence(*method, equal, 6) == "abcabc");
}

BOOST_AUTO_TEST_CASE(odd_weights_keep_their_share) {
  const auto method = methodNamed("byrequests");
  Members members({137, 9973, 1});
  const auto had = members.sendInTurn(*method, 101'110);
  BOOST_TEST(had == std::vector<std::uint64_t>({1370, 99'730, 10}), boost::test_tools::per_element());
}

// Who was away has what it would have had from now on, and one turn at most beyond that.
BOOST_AUTO_TEST_CASE(nobody_catches_up) {
  const auto method = methodNamed("byrequests");
  Members members({100, 100});
  const std::vector<Candidate> alone{members.all[0]};
  for (int round = 0; round < 1000; ++round) method->choose(alone, members.choice());
  const auto had = members.sendInTurn(*method, 100);
  BOOST_TEST(had[1] >= 50U);
  BOOST_TEST(had[1] <= 51U);
}

BOOST_AUTO_TEST_CASE(who_comes_late_begins_in_the_middle) {
  const auto method = methodNamed("byrequests");
  Members members({100, 100});
  members.sendInTurn(*method, 1000);
  members.add(100);
  BOOST_TEST(members.sendInTurn(*method, 300) == std::vector<std::uint64_t>(3, 100), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_risen_weight_holds_at_once) {
  const auto method = methodNamed("byrequests");
  Members members({1, 100});
  members.sendInTurn(*method, 500);
  members.all[0].weight = 100;
  const auto had = members.sendInTurn(*method, 100);
  BOOST_TEST(had[0] >= 49U);
  BOOST_TEST(had[0] <= 51U);
}

// At a million requests a second virtual time wraps around after some minutes.
BOOST_AUTO_TEST_CASE(time_wraps_around) {
  const auto method = methodNamed("byrequests");
  Members members({100, 200});
  members.state.now = std::numeric_limits<std::int64_t>::max() - 100 * strideOf(100);
  BOOST_TEST(members.sendInTurn(*method, 3000) == std::vector<std::uint64_t>({1000, 2000}),
             boost::test_tools::per_element());
  BOOST_TEST(members.state.now < 0);
}

// Each turn is given once, however many threads ask at a time.
BOOST_AUTO_TEST_CASE(threads_take_turns_as_one) {
  const auto method = methodNamed("byrequests");
  Members members({100, 200, 300});
  std::array<std::atomic<std::int64_t>, 3> had{};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int round = 0; round < 30'000; ++round)
          ++had[method->choose(members.all, {{}, 0, members.now, members.state})];
      });
  }
  // One that has fallen behind in a race may have lost a turn to time.
  for (int index = 0; index < 3; ++index)
    BOOST_TEST(std::abs(had[static_cast<std::size_t>(index)] - 20'000 * (index + 1)) <= 200, index);
}

BOOST_AUTO_TEST_CASE(bybusyness_takes_the_least_busy) {
  const auto method = methodNamed("bybusyness");
  Members members({100, 200, 300, 400});
  for (int round = 0; round < 100'000; ++round) {
    for (Candidate& candidate : members.all) candidate.inFlight = static_cast<std::uint32_t>(members.random() % 4);
    const std::size_t chosen = method->choose(members.all, members.choice());
    for (const Candidate& other : members.all) BOOST_REQUIRE(members.all[chosen].inFlight <= other.inFlight);
  }
}

BOOST_AUTO_TEST_CASE(equally_busy_ones_take_turns_by_weight) {
  const auto method = methodNamed("bybusyness");
  for (const std::uint32_t busy : {0U, 3U}) {
    Members members({100, 200, 300});
    for (Candidate& candidate : members.all) candidate.inFlight = busy;
    BOOST_TEST(members.sendInTurn(*method, 60'000) == std::vector<std::uint64_t>({10'000, 20'000, 30'000}),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(leastconn_takes_the_least_for_its_weight) {
  const auto method = methodNamed("leastconn");
  Members members({100, 250, 300, 400});
  for (int round = 0; round < 100'000; ++round) {
    for (Candidate& candidate : members.all) candidate.inFlight = static_cast<std::uint32_t>(members.random() % 10);
    const Candidate& chosen = members.all[method->choose(members.all, members.choice())];
    for (const Candidate& other : members.all)
      BOOST_REQUIRE((chosen.inFlight + 1) * other.weight <= (other.inFlight + 1) * chosen.weight);
  }
}

// Requests that stay: as many on each as its weight says.
BOOST_AUTO_TEST_CASE(leastconn_fills_by_weight) {
  const auto method = methodNamed("leastconn");
  Members members({100, 200, 300});
  for (int sent = 0; sent < 6000; ++sent) members.send(*method);
  BOOST_TEST(members.all[0].inFlight == 1000U);
  BOOST_TEST(members.all[1].inFlight == 2000U);
  BOOST_TEST(members.all[2].inFlight == 3000U);
}

BOOST_AUTO_TEST_CASE(leastconn_takes_turns_among_equals) {
  const auto method = methodNamed("leastconn");
  Members members({100, 100, 100});
  BOOST_TEST(members.sendInTurn(*method, 30'000) == std::vector<std::uint64_t>(3, 10'000),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
