// What parent and children have in common: blocks by name over generations, the leader, and who is woken.
#include "common/shared/shared_state.h"

#include <poll.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <set>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(shared_state, *boost::unit_test::timeout(60))

namespace {

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

std::byte* blockOf(SharedState& state, std::string_view name, std::size_t bytes = 100) {
  return static_cast<std::byte*>(valueOf(state.block(name, bytes)));
}

template <class Ask>
void generation(SharedState& state, Ask ask) {
  state.beginGeneration();
  ask();
  state.endGeneration();
}

bool isZero(const std::byte* block, std::size_t bytes) {
  return std::all_of(block, block + bytes, [](std::byte byte) { return byte == std::byte{}; });
}

bool isWoken(const SharedState& state, std::size_t child) {
  pollfd descriptor{state.wakeDescriptor(child), POLLIN, 0};
  return ::poll(&descriptor, 1, 0) == 1;
}

constexpr std::byte kMark{'a'};
// A child that has never been is dead; the test itself lives.
constexpr std::uint64_t kNoProcess = std::uint64_t{0x7fff'ffff} << 32;

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_are_zero_and_apart_and_begin_at_a_cache_line) {
  SharedState& state = stateOf(2);
  std::set<std::byte*> blocks;
  for (const char* name : {"one", "two", "three"}) {
    std::byte* block = blockOf(state, name, 65);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(block) % 64 == 0u);
    BOOST_TEST(isZero(block, 128));
    std::memset(block, 1, 65);
    blocks.insert(block);
  }
  BOOST_TEST(blocks.size() == 3u);
}

BOOST_AUTO_TEST_CASE(what_is_shared_under_one_name_is_apart_by_kind) {
  SharedState& state = stateOf(2);
  std::byte* plain = blockOf(state, "app", 4096);
  const ChildRows rows = valueOf(state.rows("app"));
  const Claims claims = valueOf(state.claims("app", 10));
  const WaitLine line = valueOf(state.line("app", 10));
  state.claim(::getpid());
  rows.add(0);
  BOOST_TEST(claims.take(0, 10).has_value());
  BOOST_TEST(line.join(0, kAnyPlace, 10).has_value());
  BOOST_TEST(isZero(plain, 4096));
  BOOST_TEST(rows.total() == 1u);
  BOOST_TEST(claims.taken() == 1u);
  BOOST_TEST(line.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_next_generation_finds_its_blocks_again) {
  SharedState& state = stateOf(2);
  BOOST_TEST(state.generation() == 0u);
  generation(state, [&] { blockOf(state, "app")[0] = kMark; });
  generation(state, [&] {
    BOOST_TEST(isZero(blockOf(state, "other"), 100));
    BOOST_TEST((blockOf(state, "app")[0] == kMark));
  });
  BOOST_TEST(state.generation() == 2u);
  BOOST_TEST(isZero(blockOf(state, "app", 200), 200));  // of another size
}

BOOST_AUTO_TEST_CASE(a_block_that_nobody_knows_any_more_is_used_again_and_is_zero) {
  SharedState& state = stateOf(2);
  std::byte* first = nullptr;
  generation(state, [&] { first = blockOf(state, "old"); });
  std::memset(first, 1, 100);
  generation(state, [] {});
  generation(state, [&] {
    std::byte* next = blockOf(state, "new");
    BOOST_TEST(next == first);
    BOOST_TEST(isZero(next, 100));
    BOOST_TEST(blockOf(state, "old") != first);
  });
}

BOOST_AUTO_TEST_CASE(a_block_is_kept_while_a_child_lives_that_was_forked_when_it_was_asked_for) {
  constexpr pid_t kOld = 1'000'001;
  constexpr pid_t kLater = 1'000'002;
  SharedState& state = stateOf(2);
  std::byte* old = nullptr;
  std::set<std::byte*> blocks;
  generation(state, [&] { old = blockOf(state, "old"); });
  state.noteChild(kOld);
  generation(state, [] {});
  state.noteChild(kLater);
  generation(state, [&] { BOOST_TEST(blockOf(state, "new") != old); });
  generation(state, [&] { BOOST_TEST(blockOf(state, "old") == old); });
  state.strikeOut(kOld);
  generation(state, [] {});
  generation(state, [] {});  // kLater was forked between two generations that had it, and knows it
  generation(state, [&] { BOOST_TEST(blockOf(state, "second") != old); });
  state.strikeOut(kLater);
  generation(state, [] {});
  generation(state, [&] { blocks = {blockOf(state, "third"), blockOf(state, "fourth"), blockOf(state, "fifth")}; });
  BOOST_TEST(blocks.contains(old));
}

BOOST_AUTO_TEST_CASE(a_limit_that_changes_keeps_what_is_counted) {
  SharedState& state = stateOf(2);
  valueOf(state.claims("app", 3)).take(0, 3);
  valueOf(state.line("app", 3)).join(0, kAnyPlace, 3);
  for (const std::size_t limit : {1u, 1024u, 0u}) {
    BOOST_TEST(valueOf(state.claims("app", limit)).taken() == 1u);
    BOOST_TEST(valueOf(state.line("app", limit)).size() == 1u);
    BOOST_TEST(valueOf(state.claims("app", limit)).size() >= limit);
  }
  BOOST_TEST(valueOf(state.claims("app", 1025)).taken() == 0u);
  BOOST_TEST(valueOf(state.claims("app", 1025)).size() >= 1025u);
  BOOST_TEST(valueOf(state.claims("large", 10'000'000)).size() == SharedState::kMostPlaces);
}

BOOST_AUTO_TEST_CASE(memory_that_is_used_up_is_an_error) {
  SharedState& state = stateOf(1);
  const auto block = state.block("huge", std::size_t{1} << 40);
  BOOST_REQUIRE_EQUAL(outcomeOf(block), "internal");
  BOOST_TEST(block.error().detail.find("\"huge\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_child_for_which_no_counters_are_free_has_the_number_behind_them) {
  SharedState& state = stateOf(2);
  const ChildRows rows = valueOf(state.rows("app"));
  for (std::size_t number = 0; number < 2; ++number) BOOST_TEST(state.claim(::getpid()) == number);
  for (int count = 0; count < 2; ++count) BOOST_TEST(state.claim(::getpid()) == 2u);
  rows.add(2);
  BOOST_TEST(rows.total() == 1u);
  BOOST_TEST(state.wakeDescriptor(2) >= 0);
  BOOST_TEST(!state.lead(2, 1));
}

// Nobody has told yet that it died.
BOOST_AUTO_TEST_CASE(whoever_takes_the_number_of_a_dead_child_begins_with_nothing) {
  SharedState& state = stateOf(1);
  const ChildRows rows = valueOf(state.rows("app"));
  const Claims claims = valueOf(state.claims("app", 10));
  const WaitLine line = valueOf(state.line("app", 10));
  BOOST_REQUIRE(state.claim(::getpid()) == 0u);
  rows.add(0);
  claims.take(0, 10);
  line.join(0, kAnyPlace, 10);
  state.children().all()[0].owner = kNoProcess;
  BOOST_TEST(state.claim(::getpid()) == 0u);
  BOOST_TEST(rows.total() == 0u);
  BOOST_TEST(claims.taken() == 0u);
  BOOST_TEST(line.size() == 0u);
}

BOOST_AUTO_TEST_CASE(one_is_woken_and_no_other_until_it_has_cleared_that) {
  SharedState& state = stateOf(3);
  state.wake(1);
  state.wake(1);
  BOOST_TEST(!isWoken(state, 0));
  BOOST_TEST(isWoken(state, 1));
  state.clearWake(1);
  BOOST_TEST(!isWoken(state, 1));
}

BOOST_AUTO_TEST_CASE(what_is_freed_wakes_the_child_of_who_is_next) {
  SharedState& state = stateOf(3);
  const WaitLine line = valueOf(state.line("app", 10));
  state.wakeNext(line, kAnyPlace);
  line.join(2, 5, 10);
  state.wakeNext(line, 4);
  for (std::size_t child = 0; child < 3; ++child) BOOST_TEST(!isWoken(state, child));
  state.wakeNext(line, 5);
  BOOST_TEST(isWoken(state, 2));
}

BOOST_AUTO_TEST_CASE(a_process_that_is_no_child_is_not_struck_out) {
  SharedState& state = stateOf(1);
  const Claims claims = valueOf(state.claims("app", 10));
  BOOST_REQUIRE(state.claim(::getpid()) == 0u);
  claims.take(0, 10);
  state.strikeOut(::getppid());
  BOOST_TEST(claims.taken() == 1u);
  BOOST_TEST(state.children().all()[0].process() == ::getpid());
  state.strikeOut(::getpid());
  BOOST_TEST(claims.taken() == 0u);
  BOOST_TEST(state.children().all()[0].process() == 0);
}

BOOST_AUTO_TEST_CASE(there_is_one_leader_until_it_resigns) {
  SharedState& state = stateOf(2);
  for (int count = 0; count < 2; ++count) state.claim(::getpid());
  BOOST_TEST(state.lead(1, 1));
  BOOST_TEST(!state.lead(0, 1));
  BOOST_TEST(state.lead(1, 1));
  state.resign(0);
  BOOST_TEST(!state.lead(0, 1));
  state.resign(1);
  BOOST_TEST(state.lead(0, 1));
  BOOST_TEST(!state.lead(1, 1));
}

BOOST_AUTO_TEST_CASE(a_newer_generation_leads_though_an_older_leader_lives_and_not_the_other_way_round) {
  SharedState& state = stateOf(2);
  for (int count = 0; count < 2; ++count) state.claim(::getpid());
  BOOST_TEST(state.lead(0, 1));
  BOOST_TEST(state.lead(1, 2));
  BOOST_TEST(!state.lead(0, 1));
  BOOST_TEST(state.lead(1, 2));
}

BOOST_AUTO_TEST_CASE(a_dead_leader_is_followed_by_another) {
  SharedState& state = stateOf(2);
  for (int count = 0; count < 2; ++count) state.claim(::getpid());
  BOOST_TEST(state.lead(0, 2));
  state.children().all()[0].owner = kNoProcess;
  BOOST_TEST(state.lead(1, 1));
}

BOOST_AUTO_TEST_CASE(a_process_that_has_the_number_of_a_dead_leader_is_not_the_leader) {
  SharedState& state = stateOf(2);
  for (int count = 0; count < 2; ++count) state.claim(::getpid());
  BOOST_TEST(state.lead(0, 1));
  state.children().all()[0].owner = identityOf(::getpid()) - 1;  // began a tick before
  BOOST_TEST(state.lead(1, 1));
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_struck_out_leads_no_more) {
  SharedState& state = stateOf(2);
  state.claim(::getpid());
  state.children().all()[1].owner = kNoProcess;
  BOOST_TEST(state.lead(1, 1));
  state.strikeOut(static_cast<pid_t>(kNoProcess >> 32));
  BOOST_TEST(state.lead(0, 1));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
