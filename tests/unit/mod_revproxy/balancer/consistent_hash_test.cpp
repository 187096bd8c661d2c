// hash: keys stay where they are, by weight, and the load is bounded.
#include <boost/test/unit_test.hpp>
#include <deque>

#include "tests/unit/mod_revproxy/balancer/members.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(consistent_hash)

namespace {

constexpr std::size_t kKeys = 100'000;

std::string keyOf(std::size_t number) {
  return "user-" + std::to_string(number);
}

// By name, for indices change as members leave.
std::vector<std::string_view> placesOf(const Method& method, const std::vector<Candidate>& candidates,
                                       Members& members) {
  std::vector<std::string_view> places;
  for (std::size_t number = 0; number < kKeys; ++number)
    places.push_back(candidates[method.choose(candidates, members.choice(keyOf(number)))].name);
  return places;
}

std::vector<std::uint64_t> countsOf(const std::vector<std::string_view>& places, const Members& members) {
  std::map<std::string_view, std::uint64_t> byName;
  for (const std::string_view place : places) ++byName[place];
  std::vector<std::uint64_t> counts;
  for (const Candidate& candidate : members.all) counts.push_back(byName[candidate.name]);
  return counts;
}

const std::vector<std::vector<std::uint32_t>> kWeights = {std::vector<std::uint32_t>(10, 100),
                                                          {100, 200, 300, 400, 100, 150, 50, 700}};

}  // namespace

BOOST_AUTO_TEST_CASE(keys_spread_by_weight) {
  const auto method = methodNamed("hash");
  for (const auto& weights : kWeights) {
    Members members(weights);
    const auto counts = countsOf(placesOf(*method, members.all, members), members);
    BOOST_TEST(agreesByChance(counts, {weights.begin(), weights.end()}));
  }
}

BOOST_AUTO_TEST_CASE(requests_without_a_key_spread_by_weight) {
  const auto method = methodNamed("hash");
  for (const auto& weights : kWeights) {
    Members members(weights);
    BOOST_TEST(agreesByChance(members.sendInTurn(*method, kKeys), {weights.begin(), weights.end()}));
  }
}

BOOST_AUTO_TEST_CASE(when_one_leaves_only_its_keys_move) {
  const auto method = methodNamed("hash");
  for (const auto& weights : kWeights) {
    Members members(weights);
    const auto before = placesOf(*method, members.all, members);
    double allWeights = 0;
    for (const std::uint32_t weight : weights) allWeights += weight;
    for (std::size_t gone = 0; gone < weights.size(); ++gone) {
      std::vector<Candidate> left;
      for (std::size_t index = 0; index < weights.size(); ++index)
        if (index != gone) left.push_back(members.all[index]);
      const auto after = placesOf(*method, left, members);
      std::size_t moved = 0;
      std::size_t movedOfOthers = 0;
      for (std::size_t number = 0; number < kKeys; ++number) {
        if (before[number] == after[number]) continue;
        ++moved;
        movedOfOthers += before[number] != members.all[gone].name;
      }
      BOOST_TEST(movedOfOthers == 0U);
      BOOST_TEST(static_cast<double>(moved) <= kKeys * (weights[gone] / allWeights + 0.05));
    }
  }
}

// A weight that rises draws keys to its member, and moves no other.
BOOST_AUTO_TEST_CASE(a_weight_moves_keys_to_its_member_alone) {
  const auto method = methodNamed("hash");
  Members members({100, 100, 100, 100});
  const auto before = placesOf(*method, members.all, members);
  members.all[2].weight = 150;
  const auto after = placesOf(*method, members.all, members);
  std::size_t drawn = 0;
  for (std::size_t number = 0; number < kKeys; ++number) {
    if (before[number] == after[number]) continue;
    BOOST_REQUIRE(after[number] == members.all[2].name);
    ++drawn;
  }
  BOOST_TEST(drawn > 0U);
}

BOOST_AUTO_TEST_CASE(the_order_of_members_does_not_count) {
  const auto method = methodNamed("hash");
  Members members(kWeights[1]);
  const std::vector<Candidate> reversed(members.all.rbegin(), members.all.rend());
  BOOST_TEST((placesOf(*method, members.all, members) == placesOf(*method, reversed, members)));
}

// Of every state: what the chosen one has, the new one included, is at most its share by the factor, rounded up; and
// who is passed over had more.
BOOST_AUTO_TEST_CASE(load_is_bounded_at_every_step) {
  for (const unsigned factor : {100U, 125U, 200U}) {
    const auto method = methodNamed("hash", {factor});
    const auto unbounded = methodNamed("hash");
    Members members(kWeights[1]);
    std::deque<std::size_t> inFlight;
    std::size_t passedOver = 0;
    for (int step = 0; step < 50'000; ++step) {
      // A third of all ask for one key.
      const std::string key = step % 3 == 0 ? "everybody's" : keyOf(members.random() % 1000);
      const auto allowed = [&](std::size_t index) {
        return std::ceil(factor / 100.0 * static_cast<double>(inFlight.size() + 1) * members.all[index].weight / 2000);
      };
      const std::size_t first = unbounded->choose(members.all, members.choice(key));
      const std::size_t chosen = method->choose(members.all, members.choice(key));
      BOOST_REQUIRE(members.all[chosen].inFlight + 1 <= allowed(chosen));
      if (chosen != first) {
        ++passedOver;
        BOOST_REQUIRE(members.all[first].inFlight + 1 > allowed(first));
      }
      ++members.all[chosen].inFlight;
      inFlight.push_back(chosen);
      while (inFlight.size() > 100 || (!inFlight.empty() && members.random() % 3 == 0)) {
        --members.all[inFlight.front()].inFlight;
        inFlight.pop_front();
      }
    }
    BOOST_TEST(passedOver > 0U);
  }
}

// The next in the key's own order: the one it would have if the full one were not there.
BOOST_AUTO_TEST_CASE(who_is_passed_over_counts_as_absent) {
  const auto method = methodNamed("hash", {125});
  const auto unbounded = methodNamed("hash");
  Members members({100, 100, 100, 100});
  for (std::size_t number = 0; number < 1000; ++number) {
    const std::string key = keyOf(number);
    const std::size_t first = unbounded->choose(members.all, members.choice(key));
    std::vector<Candidate> others;
    for (std::size_t index = 0; index < 4; ++index)
      if (index != first) others.push_back(members.all[index]);
    members.all[first].inFlight = 10;
    const std::size_t next = method->choose(members.all, members.choice(key));
    members.all[first].inFlight = 0;
    BOOST_REQUIRE(next != first);
    BOOST_REQUIRE(members.all[next].name == others[unbounded->choose(others, members.choice(key))].name);
  }
}

// The same for good: with other values here, an upgrade would move everybody's sessions.
BOOST_AUTO_TEST_CASE(places_are_the_same_in_every_build) {
  BOOST_TEST(stableHash("") == 17665'956'581'633'026'203U);
  BOOST_TEST(stableHash("a") == 198'367'012'849'983'736U);
  BOOST_TEST(stableHash("http://member-0.test") == 14'443'404'845'203'360'438U);
  const auto method = methodNamed("hash");
  const std::vector<std::string> expected{"43255212040864749075012403118839", "73255232347264772373212403117737"};
  for (std::size_t row = 0; row < kWeights.size(); ++row) {
    Members members(kWeights[row]);
    std::string places;
    for (std::size_t number = 0; number < 32; ++number)
      places += std::to_string(method->choose(members.all, members.choice(keyOf(number))));
    BOOST_TEST(places == expected[row]);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
