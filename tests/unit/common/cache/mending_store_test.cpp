// What a store has failed to remove is removed before it is used again, by whichever process comes first.
#include "common/cache/mending_store.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>

#include "tests/unit/support/forks.h"
#include "tests/unit/support/memory_plain_store.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

namespace {

struct Rig {
  Rig() {
    auto made = SharedState::make(4);
    BOOST_REQUIRE(made);
    shared.reset(*made);
    const auto store = open();
    BOOST_TEST(*putInto(*store, "a", "content", {.url = "https://a.test/shop/1", .tags = {"shop", "all"}}));
    BOOST_TEST(*putInto(*store, "b", "content", {.url = "https://a.test/other"}));
  }
  LostRemovals lost() {
    auto prepared = LostRemovals::prepare(*shared, "tried");
    BOOST_REQUIRE(prepared);
    return *prepared;
  }
  // As each child has it.
  std::unique_ptr<Store> open() { return std::make_unique<MendingStore>(generationStoreOver(values), lost()); }
  std::string inStore(std::string_view key) { return found(*open(), key); }
  // While it is down.
  void fail(const std::function<void(Store&)>& calls) {
    values->fails = true;
    calls(*open());
    values->fails = false;
  }

  std::shared_ptr<PlainValues> values = std::make_shared<PlainValues>();
  std::unique_ptr<SharedState> shared;
};

struct Removal {
  const char* name;
  std::function<bool(Store&)> run;
};
std::ostream& operator<<(std::ostream& out, const Removal& removal) {
  return out << removal.name;
}
const std::vector<Removal> kRemovals{
    {"key", [](Store& store) { return static_cast<bool>(store.remove(digestOf("a"))); }},
    {"tag", [](Store& store) { return static_cast<bool>(store.removeTagged("all")); }},
    {"prefix", [](Store& store) { return static_cast<bool>(store.removePrefix("https://a.test/shop/")); }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mending_store, *boost::unit_test::timeout(60))

BOOST_DATA_TEST_CASE(what_could_not_be_removed_is_not_found_later, boost::unit_test::data::make(kRemovals), removal) {
  Rig rig;
  BOOST_TEST(rig.inStore("a") == "content");
  const WallTime before = wallNow();
  rig.fail([&](Store& store) {
    BOOST_TEST(!removal.run(store));
    BOOST_TEST(found(store, "a") == "(failed)");
  });
  // Nor stored again by who began before.
  BOOST_TEST(!*putInto(*rig.open(), "a", "old", {.url = "https://a.test/shop/1", .tags = {"all"}, .began = before}));
  BOOST_TEST(rig.inStore("a") == "(none)");
  BOOST_TEST(rig.inStore("b") == "content");
  BOOST_TEST(!rig.lost().areThere());
}

BOOST_AUTO_TEST_CASE(an_update_does_not_bring_it_back) {
  Rig rig;
  rig.fail([](Store& store) { BOOST_TEST(!store.remove(digestOf("a"))); });
  BOOST_TEST(!*rig.open()->update(digestOf("a"), "record", "new", WallTime::max()));
  BOOST_TEST(rig.inStore("a") == "(none)");
}

BOOST_AUTO_TEST_CASE(while_it_fails_to_make_up_for_it_it_is_not_used) {
  Rig rig;
  rig.fail([](Store& store) { BOOST_TEST(!store.remove(digestOf("a"))); });
  // Reading works, writing does not.
  rig.values->mostValue = 0;
  BOOST_TEST(rig.inStore("a") == "(failed)");
  BOOST_TEST(rig.inStore("b") == "(failed)");
  rig.values->mostValue = 1024 * 1024;
  BOOST_TEST(rig.inStore("a") == "(none)");
  BOOST_TEST(rig.inStore("b") == "content");
}

BOOST_AUTO_TEST_CASE(as_many_as_fit_are_told_apart) {
  Rig rig;
  const std::string longest = "https://a.test/shop/1" + std::string(LostRemovals::kLongest - 21, 'x');
  rig.fail([&](Store& store) {
    BOOST_TEST(!store.removePrefix(longest));
    // The same ones over again take no more room.
    for (std::size_t number = 0; number < 2 * LostRemovals::kMost; ++number)
      BOOST_REQUIRE(!store.removeTagged("tag" + std::to_string(number % (LostRemovals::kMost - 1))));
  });
  BOOST_TEST(rig.inStore("a") == "content");
  BOOST_TEST(rig.inStore("b") == "content");
}

BOOST_AUTO_TEST_CASE(too_many_or_too_long_ones_cost_all) {
  Rig many;
  many.fail([](Store& store) {
    for (std::size_t number = 0; number <= LostRemovals::kMost; ++number)
      BOOST_REQUIRE(!store.removeTagged("tag" + std::to_string(number)));
  });
  BOOST_TEST(many.inStore("a") == "(none)");
  BOOST_TEST(many.inStore("b") == "(none)");
  BOOST_TEST(*putInto(*many.open(), "c", "new", {.began = wallNow() + milliseconds{5}}));
  BOOST_TEST(many.inStore("c") == "new");
  Rig tooLong;
  tooLong.fail([](Store& store) { BOOST_TEST(!store.removePrefix(std::string(LostRemovals::kLongest + 1, 'x'))); });
  BOOST_TEST(tooLong.inStore("a") == "(none)");
}

// The others wait, or go on without the store.
BOOST_AUTO_TEST_CASE(one_process_makes_up_for_it_and_one_that_dies_is_replaced) {
  Rig rig;
  rig.fail([](Store& store) { BOOST_TEST(!store.remove(digestOf("a"))); });
  int ends[2];
  BOOST_REQUIRE(::pipe(ends) == 0);
  const pid_t stuck = forked([&]() -> int {
    MendingStore store(generationStoreOver(rig.values,
                                           [&] {
                                             if (::write(ends[1], "x", 1) == 1) ::pause();
                                           }),
                       rig.lost());
    return static_cast<bool>(store.find(digestOf("a")));
  });
  char byte = 0;
  BOOST_REQUIRE(::read(ends[0], &byte, 1) == 1);
  BOOST_TEST(rig.inStore("b") == "(failed)");
  killed(stuck);
  BOOST_TEST(rig.inStore("b") == "content");
  BOOST_TEST(rig.inStore("a") == "(none)");
  ::close(ends[0]);
  ::close(ends[1]);
}

// As the calls that were not even made are noted.
BOOST_AUTO_TEST_CASE(what_others_note_is_made_up_for) {
  Rig rig;
  BOOST_TEST(statusOf(forked([&] {
               rig.lost().noteKey(digestOf("a"));
               return 0;
             })) == 0);
  BOOST_TEST(rig.lost().areThere());
  BOOST_TEST(rig.inStore("a") == "(none)");
  BOOST_TEST(rig.inStore("b") == "content");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
