// Counters of children in shared memory: each child has its own, and those of the dead are used again.
#include "common/shared/child_table.h"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

#include "common/shared/shared_state.h"
#include "tests/unit/support/forks.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(child_table, *boost::unit_test::timeout(60))

namespace {

ChildTable& tableOf(std::size_t children) {
  const auto made = SharedState::make(children);
  BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
  return (*made)->children();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_new_table_is_empty) {
  ChildTable& table = tableOf(5);
  BOOST_TEST(table.all().size() == 5u);
  for (const ChildCounters& counters : table.all()) {
    BOOST_TEST(counters.process() == 0);
    BOOST_TEST(counters.tunnels == 0u);
    BOOST_TEST(!ChildTable::isAlive(counters));
  }
}

BOOST_AUTO_TEST_CASE(each_claim_has_counters_of_its_own_until_there_are_none_left) {
  ChildTable& table = tableOf(3);
  std::set<ChildCounters*> claimed;
  for (int count = 0; count < 3; ++count) {
    ChildCounters* counters = table.claim(::getpid());
    BOOST_REQUIRE(counters);
    BOOST_TEST(counters->process() == ::getpid());
    BOOST_TEST(ChildTable::isAlive(*counters));
    claimed.insert(counters);
  }
  BOOST_TEST(claimed.size() == 3u);
  BOOST_TEST(table.claim(::getpid()) == nullptr);
}

BOOST_AUTO_TEST_CASE(what_a_child_counts_the_parent_sees) {
  ChildTable& table = tableOf(1);
  const pid_t child = forked([&table] {
    ChildCounters* counters = table.claim(::getpid());
    if (!counters) return 1;
    counters->tunnels = 7;
    counters->parked = 3;
    return 0;
  });
  BOOST_TEST(statusOf(child) == 0);
  BOOST_TEST(table.all()[0].process() == child);
  BOOST_TEST(table.all()[0].tunnels == 7u);
  BOOST_TEST(table.all()[0].parked == 3u);
}

BOOST_AUTO_TEST_CASE(counters_of_the_dead_are_taken_over_at_zero) {
  ChildTable& table = tableOf(2);
  BOOST_REQUIRE(table.claim(::getpid()));
  const pid_t dead = forked([&table] {
    ChildCounters* counters = table.claim(::getpid());
    if (!counters) return 1;
    counters->tunnels = 7;
    counters->parked = 7;
    counters->idle = 7;
    return 0;
  });
  BOOST_REQUIRE(statusOf(dead) == 0);
  BOOST_TEST(!ChildTable::isAlive(table.all()[1]));
  const pid_t next = forked([&table] {
    const ChildCounters* counters = table.claim(::getpid());
    if (counters != &table.all()[1]) return 1;
    return counters->tunnels == 0 && counters->parked == 0 && counters->idle == 0 ? 0 : 2;
  });
  BOOST_TEST(statusOf(next) == 0);
  BOOST_TEST(table.all()[1].process() == next);
}

// httpd's parent looks for its dead once in a second only.
BOOST_AUTO_TEST_CASE(a_child_that_nobody_has_waited_for_is_dead_all_the_same) {
  ChildTable& table = tableOf(1);
  const pid_t child = forked([&table] { return table.claim(::getpid()) ? 0 : 1; });
  siginfo_t ended{};
  BOOST_REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  BOOST_TEST(table.all()[0].process() == child);
  BOOST_TEST(!ChildTable::isAlive(table.all()[0]));
  BOOST_TEST(statusOf(child) == 0);
}

// The kernel gives the number of a dead process to another one, which is no child of httpd's, or a new one.
BOOST_AUTO_TEST_CASE(a_process_that_has_the_number_of_a_dead_child_is_not_that_child) {
  ChildTable& table = tableOf(1);
  ChildCounters& counters = table.all()[0];
  counters.owner = identityOf(::getpid()) - 1;  // had this number, and began a tick before
  counters.tunnels = 7;
  BOOST_TEST(counters.process() == ::getpid());
  BOOST_TEST(!ChildTable::isAlive(counters));
  BOOST_TEST(table.claim(::getpid()) == &counters);
  BOOST_TEST(counters.tunnels == 0u);
  BOOST_TEST(ChildTable::isAlive(counters));
  BOOST_TEST(table.claim(::getpid()) == nullptr);
}

BOOST_AUTO_TEST_CASE(an_identity_tells_when_the_process_began_and_stays_the_same) {
  const std::uint64_t own = identityOf(::getpid());
  BOOST_TEST(own == identityOf(::getpid()));
  BOOST_TEST(static_cast<pid_t>(own >> 32) == ::getpid());
  BOOST_TEST((own & 0xffff'ffff) != 0u);
  BOOST_TEST((own & 0xffff'ffff) >= (identityOf(::getppid()) & 0xffff'ffff));
}

// /proc may be hidden from a child: then its number alone has to do.
BOOST_AUTO_TEST_CASE(where_nobody_knows_when_a_process_began_its_number_decides) {
  ChildTable& table = tableOf(1);
  ChildCounters& counters = table.all()[0];
  counters.owner = static_cast<std::uint64_t>(::getpid()) << 32;
  BOOST_TEST(ChildTable::isAlive(counters));
  BOOST_TEST(table.claim(::getpid()) == nullptr);
}

// A fresh row before one that tells of a child that has just died.
BOOST_AUTO_TEST_CASE(what_was_never_used_goes_first) {
  ChildTable& table = tableOf(2);
  const pid_t dead = forked([&table] { return table.claim(::getpid()) ? 0 : 1; });
  BOOST_REQUIRE(statusOf(dead) == 0);
  BOOST_TEST(table.claim(::getpid()) == &table.all()[1]);
  BOOST_TEST(table.claim(::getpid()) == &table.all()[0]);
}

BOOST_AUTO_TEST_CASE(children_that_claim_at_once_never_share) {
  constexpr std::size_t kChildren = 24;
  ChildTable& table = tableOf(kChildren);
  ChildTable& dead = tableOf(kChildren);
  for (ChildCounters& counters : dead.all()) counters.owner = identityOf(forked([] { return 0; }));
  for (ChildCounters& counters : dead.all()) statusOf(counters.process());
  for (ChildTable* one : {&table, &dead}) {
    int gate[2];
    BOOST_REQUIRE(::pipe(gate) == 0);
    std::vector<pid_t> children;
    for (std::size_t count = 0; count < kChildren; ++count)
      children.push_back(forked([&] {
        char byte;
        ::close(gate[1]);
        (void)!::read(gate[0], &byte, 1);  // until all are there
        const ChildCounters* counters = one->claim(::getpid());
        for (int wait = 0; wait < 200 && counters; ++wait) ::usleep(1000);
        return counters ? static_cast<int>(counters - one->all().data()) : 255;
      }));
    ::close(gate[1]);
    std::set<int> places;
    for (const pid_t child : children) places.insert(statusOf(child));
    ::close(gate[0]);
    BOOST_TEST(places.size() == kChildren);
    BOOST_TEST(!places.contains(255));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
