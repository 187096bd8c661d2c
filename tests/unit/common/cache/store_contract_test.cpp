// What every store promises, over all kinds there are.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "tests/unit/support/forks.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

namespace {

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const auto& row : storeKinds().rows()) names.emplace_back(row.name);
  // Over a plain store; what stands behind those of httpd is tried out with httpd.
  names.emplace_back("generations");
  return names;
}
const auto kAll = boost::unit_test::data::make(kinds());

// Later than whatever was removed until now.
Kept later(Kept kept = {}) {
  const WallTime before = wallNow();
  while (wallNow() <= before) std::this_thread::yield();
  kept.began = wallNow();
  return kept;
}

std::string large(char letter, std::size_t bytes = 200'000) {
  return std::string(bytes, letter);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(store_contract, *boost::unit_test::timeout(120))

BOOST_DATA_TEST_CASE(what_was_put_is_found, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  BOOST_TEST(found(*store, "a") == "(none)");
  BOOST_TEST(*putInto(*store, "a", "content", {.record = "what it is"}));
  const auto entry = store->find(digestOf("a"));
  BOOST_REQUIRE(entry);
  BOOST_REQUIRE(entry->has_value());
  BOOST_TEST((*entry)->record == "what it is");
  BOOST_TEST((*entry)->bodyLength == 7u);
  BOOST_TEST(bodyOf(**entry) == "content");
  BOOST_TEST(found(*store, "b") == "(none)");
}

BOOST_DATA_TEST_CASE(bodies_of_all_sizes_come_back, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  for (const std::size_t size : {0u, 1u, 31u, 4096u, 16'384u, 16'385u, 65'536u, 65'537u, 300'000u})
    for (const bool inFile : {false, true}) {
      const std::string key = std::to_string(size) + (inFile ? "f" : "m");
      std::string content(size, 'x');
      for (std::size_t at = 0; at < size; ++at) content[at] = static_cast<char>(at * 7 + size);
      BOOST_TEST(*putInto(*store, key, content, {}, inFile));
      for (int times = 0; times < 4; ++times) BOOST_TEST((found(*store, key) == content), key);
    }
}

BOOST_DATA_TEST_CASE(a_second_one_takes_the_place_of_the_first, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  for (const std::string& content : {std::string("small"), large('a'), large('b'), std::string("again")}) {
    BOOST_TEST(*putInto(*store, "a", content));
    // What is found more often may come another way.
    for (int times = 0; times < 4; ++times) BOOST_TEST((found(*store, "a") == content));
  }
  if (kind == "lmdb") BOOST_TEST(store->figures().entries == 1u);
}

BOOST_DATA_TEST_CASE(a_new_record_leaves_the_body, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  for (const std::string& content : {std::string("small"), large('a')}) {
    BOOST_TEST(*putInto(*store, "a", content));
    BOOST_TEST(*store->update(digestOf("a"), "record", "a much longer record than there was", WallTime::max()));
    // What was meant is not there any more.
    BOOST_TEST(!*store->update(digestOf("a"), "record", "of another body", WallTime::max()));
    const auto entry = store->find(digestOf("a"));
    BOOST_REQUIRE((entry && *entry));
    BOOST_TEST((*entry)->record == "a much longer record than there was");
    BOOST_TEST((bodyOf(**entry) == content));
  }
  BOOST_TEST(!*store->update(digestOf("b"), "record", "record", WallTime::max()));
}

BOOST_DATA_TEST_CASE(what_is_of_no_use_is_not_found, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  BOOST_TEST(*putInto(*store, "a", "old", {.useUntil = wallNow() - milliseconds{5000}}));
  BOOST_TEST(found(*store, "a") == "(none)");
}

BOOST_DATA_TEST_CASE(what_was_removed_is_gone_and_can_come_again, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  const Kept before = later();
  BOOST_TEST(*putInto(*store, "a", large('a'), before));
  BOOST_TEST(*store->remove(digestOf("a")));
  BOOST_TEST(found(*store, "a") == "(none)");
  BOOST_TEST(!*store->remove(digestOf("a")));
  BOOST_TEST(!*putInto(*store, "a", "begun before", before));
  BOOST_TEST(found(*store, "a") == "(none)");
  BOOST_TEST(*putInto(*store, "a", "begun after", later()));
  BOOST_TEST(found(*store, "a") == "begun after");
}

BOOST_DATA_TEST_CASE(removal_by_tag, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  const Kept both = later({.tags = {"red", "blue"}});
  BOOST_TEST(*putInto(*store, "both", "1", both));
  BOOST_TEST(*putInto(*store, "red", "2", {.tags = {"red"}}));
  BOOST_TEST(*putInto(*store, "none", "3"));
  BOOST_TEST(!!store->removeTagged("blue"));
  BOOST_TEST(found(*store, "both") == "(none)");
  BOOST_TEST(!*store->update(digestOf("both"), "record", "record", WallTime::max()));
  BOOST_TEST(found(*store, "red") == "2");
  BOOST_TEST(found(*store, "none") == "3");
  BOOST_TEST(!*putInto(*store, "both", "begun before", both));
  BOOST_TEST(*putInto(*store, "both", "begun after", later({.tags = {"red", "blue"}})));
  BOOST_TEST(found(*store, "both") == "begun after");
  BOOST_TEST(!!store->removeTagged("red"));
  BOOST_TEST(found(*store, "both") == "(none)");
  BOOST_TEST(found(*store, "red") == "(none)");
  BOOST_TEST(found(*store, "none") == "3");
}

BOOST_DATA_TEST_CASE(removal_by_prefix, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  const Kept inside = later({.url = "http://a.example/pictures/1"});
  BOOST_TEST(*putInto(*store, "1", "1", inside));
  BOOST_TEST(*putInto(*store, "2", "2", {.url = "http://a.example/pictures"}));
  BOOST_TEST(*putInto(*store, "3", "3", {.url = "http://a.example/words/1"}));
  BOOST_TEST(!!store->removePrefix("http://b.example/"));
  BOOST_TEST(found(*store, "1") == "1");
  BOOST_TEST(!!store->removePrefix("http://a.example/pictures/"));
  BOOST_TEST(found(*store, "1") == "(none)");
  BOOST_TEST(found(*store, "2") == "2");
  BOOST_TEST(found(*store, "3") == "3");
  BOOST_TEST(!*putInto(*store, "1", "begun before", inside));
  BOOST_TEST(*putInto(*store, "1", "begun after", later({.url = "http://a.example/pictures/1"})));
  BOOST_TEST(!!store->removePrefix(""));
  for (const char* key : {"1", "2", "3"}) BOOST_TEST(found(*store, key) == "(none)");
}

BOOST_DATA_TEST_CASE(a_body_that_was_found_stays_readable, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  BOOST_TEST(*putInto(*store, "a", large('a')));
  const auto entry = store->find(digestOf("a"));
  BOOST_REQUIRE((entry && *entry));
  BOOST_TEST(*store->remove(digestOf("a")));
  BOOST_TEST(*putInto(*store, "a", large('b'), later()));
  BOOST_TEST((bodyOf(**entry) == large('a')));
}

BOOST_DATA_TEST_CASE(what_is_too_large_is_not_stored, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  BOOST_TEST(!*putInto(*store, "a", std::string(store->mostBody() + 1, 'x')));
  BOOST_TEST(found(*store, "a") == "(none)");
}

BOOST_DATA_TEST_CASE(threads_never_see_half_of_anything, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  std::atomic<int> faults = 0;
  std::atomic<int> hits = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int round = 0; round < 300; ++round) {
          const std::string key = std::to_string(round % 7);
          const std::size_t size = round % 3 == 0 ? 40'000 : 900;
          if ((round + thread) % 3 == 0 && !putInto(*store, key, large(static_cast<char>('a' + thread), size)))
            ++faults;
          if ((round + thread) % 31 == 0 && !store->remove(digestOf(key))) ++faults;
          const std::string body = found(*store, key);
          if (body == "(none)") continue;
          ++hits;
          if (body != large(body[0], body.size()) || (body.size() != 40'000 && body.size() != 900)) ++faults;
        }
      });
  }
  BOOST_TEST(faults == 0);
  BOOST_TEST(hits > 0);
}

BOOST_DATA_TEST_CASE(the_empty_prefix_is_that_of_all, kAll, kind) {
  const StoreRig rig(kind);
  const auto store = rig.open();
  BOOST_TEST(*putInto(*store, "small", "content"));
  BOOST_TEST(*putInto(*store, "large", large('a'), {.url = ""}));
  BOOST_TEST(!!store->removePrefix(""));
  BOOST_TEST(found(*store, "small") == "(none)");
  BOOST_TEST(found(*store, "large") == "(none)");
  BOOST_TEST(*putInto(*store, "small", "new", later()));
  BOOST_TEST(found(*store, "small") == "new");
}

BOOST_DATA_TEST_CASE(processes_see_what_others_put_and_remove, kAll, kind) {
  const StoreRig rig(kind);
  const auto inChild = [&rig](auto work) {
    return statusOf(forked([&] {
      const auto store = rig.openQuietly();
      return store && work(*store) ? 0 : 1;
    }));
  };
  BOOST_TEST(inChild([](Store& store) { return *putInto(store, "a", large('a'), {.tags = {"red"}}); }) == 0);
  BOOST_TEST(inChild([](Store& store) { return found(store, "a") == large('a'); }) == 0);
  const auto mine = rig.open();
  BOOST_TEST((found(*mine, "a") == large('a')));
  BOOST_TEST(inChild([](Store& store) { return static_cast<bool>(store.removeTagged("red")); }) == 0);
  BOOST_TEST(found(*mine, "a") == "(none)");
  BOOST_TEST(inChild([](Store& store) { return found(store, "a") == "(none)"; }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
