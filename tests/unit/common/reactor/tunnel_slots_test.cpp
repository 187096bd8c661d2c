// How many tunnels may be open, in all and for each client.
#include "common/reactor/tunnel_slots.h"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tunnel_slots, *boost::unit_test::timeout(60))

namespace {

struct Slots {
  std::atomic<std::uint32_t> live = 0;
  TunnelSlots slots{live};

  std::optional<TunnelSlot> take(const std::string& client, const TunnelSlots::Limits& limits) {
    auto slot = slots.take(client, limits);
    if (!slot) return std::nullopt;
    return std::move(*slot);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_slot_counts_until_it_dies) {
  Slots slots;
  {
    const auto first = slots.take("192.0.2.1", {10, 10});
    const auto second = slots.take("192.0.2.1", {10, 10});
    BOOST_TEST(slots.live == 2u);
  }
  BOOST_TEST(slots.live == 0u);
}

BOOST_AUTO_TEST_CASE(the_limit_of_all_holds_for_all) {
  Slots slots;
  std::vector<TunnelSlot> taken;
  for (int count = 0; count < 3; ++count) taken.push_back(*slots.take("192.0.2." + std::to_string(count), {3, 3}));
  const auto refused = slots.slots.take("192.0.2.9", {3, 3});
  BOOST_REQUIRE_EQUAL(outcomeOf(refused), "tunnel-limit");
  BOOST_TEST(refused.error().detail.find("3 tunnels") != std::string::npos);
  taken.pop_back();
  BOOST_TEST(slots.take("192.0.2.9", {3, 3}).has_value());
}

BOOST_AUTO_TEST_CASE(the_limit_of_a_client_leaves_the_others_alone) {
  Slots slots;
  std::optional<TunnelSlot> first = slots.take("192.0.2.1", {10, 2});
  const auto second = slots.take("192.0.2.1", {10, 2});
  const auto refused = slots.slots.take("192.0.2.1", {10, 2});
  BOOST_REQUIRE_EQUAL(outcomeOf(refused), "tunnel-limit");
  BOOST_TEST(refused.error().detail.find("192.0.2.1") != std::string::npos);
  BOOST_TEST(slots.live == 2u);
  BOOST_TEST(slots.take("192.0.2.2", {10, 2}).has_value());
  first.reset();
  BOOST_TEST(slots.take("192.0.2.1", {10, 2}).has_value());
}

BOOST_AUTO_TEST_CASE(limits_are_those_of_the_one_who_asks) {
  Slots slots;
  const auto first = slots.take("192.0.2.1", {10, 10});
  BOOST_TEST(!slots.take("192.0.2.1", {1, 10}));
  BOOST_TEST(!slots.take("192.0.2.1", {10, 1}));
  BOOST_TEST(!slots.take("192.0.2.2", {0, 10}));
  BOOST_TEST(!slots.take("192.0.2.2", {10, 0}));
  BOOST_TEST(slots.take("192.0.2.1", {2, 2}).has_value());
}

BOOST_AUTO_TEST_CASE(a_slot_that_moves_counts_once) {
  Slots slots;
  {
    std::optional<TunnelSlot> first = slots.take("192.0.2.1", {10, 10});
    const TunnelSlot moved = std::move(*first);
    first.reset();
    BOOST_TEST(slots.live == 1u);
    BOOST_TEST(!slots.take("192.0.2.1", {10, 1}));
  }
  BOOST_TEST(slots.live == 0u);
  BOOST_TEST(slots.take("192.0.2.1", {10, 1}).has_value());
}

// Under ThreadSanitizer this says more than its assertions.
BOOST_AUTO_TEST_CASE(threads_that_take_and_give_back_leave_none) {
  Slots slots;
  std::atomic<int> tooMany{0};
  const auto hammer = [&](int thread) {
    for (int round = 0; round < 5'000; ++round) {
      const auto slot = slots.take("192.0.2." + std::to_string((round + thread) % 3), {3, 2});
      if (slots.live > 3) ++tooMany;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) threads.emplace_back(hammer, thread);
  }
  BOOST_TEST(tooMany == 0);
  BOOST_TEST(slots.live == 0u);
  BOOST_TEST(slots.take("192.0.2.0", {1, 1}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
