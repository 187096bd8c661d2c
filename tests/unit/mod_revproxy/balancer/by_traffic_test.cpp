// bytraffic: bytes in relation to weights.
#include <boost/test/unit_test.hpp>

#include "tests/unit/mod_revproxy/balancer/members.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(by_traffic)

namespace {

// Most are small, some a thousand times as large.
std::uint64_t anySize(Members& members) {
  const std::uint64_t random = members.random();
  return random % 50 == 0 ? 1'000'000 + random % 1'000'000 : 500 + random % 2000;
}
constexpr double kLargest = 2e6;

double bytesByWeight(const Candidate& candidate) {
  return static_cast<double>(candidate.bytes) / candidate.weight;
}

}  // namespace

// One after the other: any two members are apart, in bytes by weight, by no more than one response brings the lighter.
BOOST_AUTO_TEST_CASE(bytes_follow_weights) {
  const auto method = methodNamed("bytraffic");
  Members members({100, 200, 300, 50});
  for (int sent = 0; sent < 100'000; ++sent) {
    const std::size_t chosen = members.send(*method);
    members.finish(*method, chosen, {{}, {}, anySize(members), false});
    for (const Candidate& one : members.all)
      for (const Candidate& other : members.all)
        BOOST_REQUIRE(std::abs(bytesByWeight(one) - bytesByWeight(other)) <= 1.01 * kLargest / 50);
  }
}

// Fifty at a time, which end in any order.
BOOST_AUTO_TEST_CASE(bytes_follow_weights_while_many_are_in_flight) {
  const auto method = methodNamed("bytraffic");
  Members members({100, 200, 300, 400});
  std::vector<std::size_t> inFlight;
  for (int sent = 0; sent < 100'000; ++sent) {
    inFlight.push_back(members.send(*method));
    if (inFlight.size() < 50) continue;
    std::swap(inFlight[members.random() % inFlight.size()], inFlight.back());
    members.finish(*method, inFlight.back(), {{}, {}, anySize(members), false});
    inFlight.pop_back();
  }
  std::uint64_t all = 0;
  for (const Candidate& candidate : members.all) all += candidate.bytes;
  for (const Candidate& candidate : members.all)
    BOOST_TEST(static_cast<double>(candidate.bytes) == static_cast<double>(all) * candidate.weight / 1000,
               boost::test_tools::tolerance(0.02));
}

// What is in flight counts before it ends: a burst spreads by weight.
BOOST_AUTO_TEST_CASE(a_burst_spreads) {
  const auto method = methodNamed("bytraffic");
  Members members({100, 100, 200});
  for (int sent = 0; sent < 1000; ++sent) {
    const std::size_t chosen = members.send(*method);
    members.finish(*method, chosen, {{}, {}, 1000, false});
  }
  for (int sent = 0; sent < 400; ++sent) members.send(*method);
  BOOST_TEST(members.all[0].inFlight >= 99U);
  BOOST_TEST(members.all[0].inFlight <= 101U);
  BOOST_TEST(members.all[2].inFlight >= 199U);
  BOOST_TEST(members.all[2].inFlight <= 201U);
}

BOOST_AUTO_TEST_CASE(nobody_catches_up_with_what_it_missed) {
  const auto method = methodNamed("bytraffic");
  Members members({100, 100});
  members.sendInTurn(*method, 2);
  for (Candidate& candidate : members.all) {
    candidate.requests = 1000;
    candidate.bytes = 1'000'000;
  }
  const std::vector<Candidate> alone{members.all[0]};
  for (int sent = 0; sent < 10'000; ++sent) {
    method->choose(alone, members.choice());
    method->finished(alone[0], {{}, {}, 1000, false}, members.state);
  }
  int returned = 0;
  for (int sent = 0; sent < 200; ++sent) {
    const std::size_t chosen = members.send(*method);
    members.finish(*method, chosen, {{}, {}, 1000, false});
    returned += chosen == 1;
  }
  BOOST_TEST(returned >= 100);
  BOOST_TEST(returned <= 105);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
