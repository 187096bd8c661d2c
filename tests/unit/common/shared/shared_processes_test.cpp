// What children share, by children that are processes and are killed in the midst of it. ThreadSanitizer does not
// follow forks; what threads do to it is in the other files.
#include <poll.h>
#include <sys/mman.h>

#include <bit>
#include <boost/test/unit_test.hpp>
#include <random>
#include <thread>
#include <vector>

#include "common/shared/shared_state.h"
#include "tests/unit/support/forks.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

#ifdef __SANITIZE_THREAD__
BOOST_AUTO_TEST_SUITE(shared_processes, *boost::unit_test::disabled())
#else
BOOST_AUTO_TEST_SUITE(shared_processes, *boost::unit_test::timeout(120))
#endif

namespace {

constexpr std::size_t kChildren = 6;

SharedState& stateOf(std::size_t children) {
  const auto made = SharedState::make(children);
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  return **made;
}

template <class T>
T valueOf(Result<T> result) {
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "done");
  return std::move(*result);
}

// Memory that the processes of a test have in common beside what is tested.
template <class T>
T& beside() {
  void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  BOOST_REQUIRE(memory != MAP_FAILED);
  return *new (memory) T;
}

void pause(unsigned microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds{microseconds});
}

// Whether it comes to that, in a time that only a fault exceeds.
template <class Condition>
bool becomes(Condition condition) {
  for (int wait = 0; wait < 10'000 && !condition(); ++wait) pause(1000);
  return condition();
}

// The number of a living child; nullopt: it has none yet.
std::optional<std::size_t> numberOf(SharedState& state, pid_t process) {
  const auto all = state.children().all();
  for (std::size_t number = 0; number < all.size(); ++number)
    if (all[number].process() == process) return number;
  return std::nullopt;
}

// Children that do `work` with their number until they are killed.
template <class Work>
class Children {
 public:
  Children(SharedState& state, Work work) : state_(state), work_(std::move(work)) {
    for (pid_t& child : children_) child = begin();
  }
  ~Children() {
    for (const pid_t child : children_)
      if (child != 0) killed(child);
  }
  // So many die, one after the other, at any moment, and others begin in their place; `bury` hears the number of one
  // that had one before it is struck out. Then all die.
  template <class Bury>
  void die(int count, Bury bury) {
    std::minstd_rand random{5};
    for (; count > 0; --count) {
      pause(static_cast<unsigned>(random() % 2000));
      pid_t& child = children_[random() % kChildren];
      end(child, bury);
      child = begin();
    }
    for (pid_t& child : children_) end(child, bury);
  }

 private:
  pid_t begin() {
    return forked([this] {
      const std::size_t number = state_.claim(::getpid());
      while (true) work_(number);
      return 0;
    });
  }
  template <class Bury>
  void end(pid_t& child, Bury bury) {
    killed(child);
    if (const auto number = numberOf(state_, child)) bury(*number);
    state_.strikeOut(std::exchange(child, 0));
  }

  SharedState& state_;
  Work work_;
  std::array<pid_t, kChildren> children_;
};

// Places that are held, a bit each, as those see it who hold them.
struct Ledger {
  std::atomic<std::uint64_t> held{0};
  std::atomic<int> most{0};

  void note(std::uint64_t bit) {
    const int now = std::popcount(held.fetch_or(bit) | bit);
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
  }
};

}  // namespace

// Each child holds up to two of three places, in whatever it is interrupted.
BOOST_AUTO_TEST_CASE(there_are_never_more_than_the_limit_though_children_are_killed_and_in_the_end_none) {
  constexpr int kKilled = 200;
  constexpr std::size_t kLimit = 3;
  SharedState& state = stateOf(kChildren);
  const ChildRows rows = valueOf(state.rows("app"));
  const Claims claims = valueOf(state.claims("app", kLimit));
  Ledger& ledger = beside<Ledger>();
  const auto bitOf = [](std::size_t child, int which) { return std::uint64_t{1} << (2 * child) << which; };
  Children children(state, [&](std::size_t child) {
    std::optional<std::size_t> places[2];
    for (int which = 0; which < 2; ++which) {
      rows.add(child);
      places[which] = claims.take(child, kLimit);
      if (places[which]) ledger.note(bitOf(child, which));
    }
    for (int which = 0; which < 2; ++which) {
      if (places[which]) ledger.held.fetch_and(~bitOf(child, which));
      if (places[which]) claims.giveBack(*places[which]);
      rows.remove(child);
    }
  });
  children.die(kKilled, [&](std::size_t number) { ledger.held.fetch_and(~(bitOf(number, 0) | bitOf(number, 1))); });
  BOOST_TEST(ledger.most.load() == static_cast<int>(kLimit));
  BOOST_TEST(claims.taken() == 0u);
  BOOST_TEST(rows.total() == 0u);
}

// Each in turn, by the one place that there is.
BOOST_AUTO_TEST_CASE(children_are_served_in_the_order_of_their_tickets_though_some_are_killed) {
  struct Served {
    std::atomic<std::uint64_t> last{0};
    std::atomic<int> overtaken{0};
    std::atomic<std::uint64_t> times{0};
  };
  constexpr int kKilled = 100;
  constexpr std::size_t kMost = 100;
  SharedState& state = stateOf(kChildren);
  const Claims claims = valueOf(state.claims("app", 1));
  const WaitLine line = valueOf(state.line("app", kMost));
  Served& served = beside<Served>();
  Children children(state, [&](std::size_t child) {
    const auto waiting = line.join(child, kAnyPlace, kMost);
    if (!waiting) return;
    std::optional<std::size_t> place;
    while (!place) {
      if (line.isNext(*waiting)) place = claims.take(child, 1);
      if (!place) std::this_thread::yield();
    }
    if (served.last.exchange(waiting->who) > waiting->who) ++served.overtaken;
    ++served.times;
    line.leave(*waiting);
    claims.giveBack(*place);
  });
  children.die(kKilled, [](std::size_t) {});
  BOOST_TEST(served.times > static_cast<std::uint64_t>(kKilled));
  BOOST_TEST(served.overtaken.load() == 0);
  BOOST_TEST(line.size() == 0u);
  BOOST_TEST(claims.taken() == 0u);
}

BOOST_AUTO_TEST_CASE(whoever_waits_for_what_a_dead_child_held_is_woken) {
  SharedState& state = stateOf(2);
  const Claims claims = valueOf(state.claims("app", 1));
  const WaitLine line = valueOf(state.line("app", 10));
  const pid_t holder = forked([&] { return claims.take(state.claim(::getpid()), 1) ? 0 : 1; });
  const pid_t waiting = forked([&] {
    const std::size_t number = state.claim(::getpid());
    line.join(number, kAnyPlace, 10);
    pollfd descriptor{state.wakeDescriptor(number), POLLIN, 0};
    if (::poll(&descriptor, 1, 30'000) != 1) return 1;
    return claims.take(number, 1) ? 0 : 2;
  });
  BOOST_TEST(statusOf(holder) == 0);
  BOOST_TEST(becomes([&] { return line.size() == 1; }));
  BOOST_TEST(claims.taken() == 1u);
  state.strikeOut(holder);
  BOOST_TEST(statusOf(waiting) == 0);
  state.strikeOut(waiting);
  BOOST_TEST(claims.taken() == 0u);
}

BOOST_AUTO_TEST_CASE(another_child_leads_when_the_leader_was_killed) {
  std::atomic<int>& leader = beside<std::atomic<int>>();
  SharedState& state = stateOf(kChildren);
  Children children(state, [&](std::size_t child) {
    if (state.lead(child, 1)) leader = ::getpid();
    pause(1000);
  });
  for (int count = 0; count < 5; ++count) {
    BOOST_TEST(becomes([&] { return leader != 0; }));
    const int dead = leader;
    killed(dead);
    leader = 0;
    // Before the parent has looked after the dead, and afterwards: the next one finds out itself, or is told.
    BOOST_TEST(becomes([&] { return leader != 0; }));
    BOOST_TEST(leader.load() != dead);
    state.strikeOut(dead);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
