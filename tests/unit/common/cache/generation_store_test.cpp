// Stores over plain stores: above all that nothing comes back that was removed, whatever happens between two calls.
#include "common/cache/generation_store.h"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/unit/support/memory_plain_store.h"

namespace proxytest {

using namespace proxycommon;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(generation_store, *boost::unit_test::timeout(60))

namespace {

const Digest kKey = digestOf("GET https://a.test/shop/1");
const std::string kUrl = "https://a.test/shop/1";
const std::vector<std::string> kTags{"shop", "product-1"};

Result<bool> put(Store& store, WallTime began, std::string_view text = "body",
                 const std::vector<std::string>& tags = kTags, const Digest& key = kKey) {
  IncomingBody body("/tmp", "record");
  BOOST_REQUIRE(body.append(text));
  BOOST_REQUIRE(body.finish());
  return store.put(key, NewEntry{"record", kUrl, tags, began, WallTime::max()}, body);
}

std::string bodyIn(Store& store, const Digest& key = kKey) {
  const auto found = store.find(key);
  BOOST_REQUIRE(!!found);
  return *found ? (*found)->body : "none";
}

// Begun behind all that was removed so far.
WallTime later() {
  return wallNow() + seconds{5};
}

struct Removal {
  const char* name;
  std::function<bool(Store&)> run;
};

const std::vector<Removal>& removals() {
  static const std::vector<Removal> all{
      {"key", [](Store& store) { return static_cast<bool>(store.remove(kKey)); }},
      {"tag", [](Store& store) { return static_cast<bool>(store.removeTagged("product-1")); }},
      {"prefix", [](Store& store) { return static_cast<bool>(store.removePrefix("https://a.test/shop/")); }},
  };
  return all;
}

// What is there when it begins: nothing, another entry with the same tags, or the remains of a removal.
struct Before {
  const char* name;
  std::function<void(Store&)> make;
};

const std::vector<Before>& states() {
  static const std::vector<Before> all{
      {"empty", [](Store&) {}},
      {"stored", [](Store& store) { BOOST_REQUIRE(*put(store, wallNow(), "old")); }},
      {"other tags", [](Store& store) { BOOST_REQUIRE(*put(store, wallNow(), "old", {"other"})); }},
      {"a prefix was removed", [](Store& store) { BOOST_REQUIRE(store.removePrefix("https://b.test/")); }},
      {"a tag was removed", [](Store& store) { BOOST_REQUIRE(store.removeTagged("other")); }},
  };
  return all;
}

// Runs `inner` before call number `step` of `outer`. False: there are not so many.
bool interleave(const std::shared_ptr<PlainValues>& kept, int step, const std::function<void(Store&)>& outer,
                const std::function<void(Store&)>& inner) {
  const auto other = generationStoreOver(kept);
  int calls = 0;
  const auto store = generationStoreOver(kept, [&] {
    if (calls++ == step) inner(*other);
  });
  outer(*store);
  return calls > step;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_put_is_found_by_all_who_share_it) {
  const auto kept = std::make_shared<PlainValues>();
  BOOST_TEST(*put(*generationStoreOver(kept), wallNow()));
  const auto other = generationStoreOver(kept);
  const auto found = other->find(kKey);
  BOOST_REQUIRE((found && *found));
  BOOST_TEST((*found)->record == "record");
  BOOST_TEST((*found)->body == "body");
  BOOST_TEST((*found)->bodyLength == 4u);
  BOOST_TEST(!(*found)->file);
  BOOST_TEST(bodyIn(*other, digestOf("another")) == "none");
}

BOOST_AUTO_TEST_CASE(what_lies_in_a_file_is_put_whole) {
  const auto store = generationStoreOver(std::make_shared<PlainValues>());
  std::string text(300'000, 'x');
  for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>(at * 31 >> 3);
  BOOST_TEST(*put(*store, wallNow(), text));
  BOOST_TEST((bodyIn(*store) == text));
}

BOOST_AUTO_TEST_CASE(what_is_too_large_or_of_no_use_is_not_found) {
  const auto kept = std::make_shared<PlainValues>();
  const auto store = generationStoreOver(kept, {}, {"/tmp", 1000, milliseconds{0}});
  BOOST_TEST(store->mostBody() == 1000u);
  BOOST_TEST(!*put(*store, wallNow(), std::string(1001, 'x')));
  BOOST_TEST(*put(*store, wallNow(), std::string(1000, 'x')));
  // The plain store knows better what it has room for.
  kept->mostValue = 900;
  BOOST_TEST(!*put(*store, wallNow(), std::string(890, 'x'), {}, digestOf("large")));
  IncomingBody body("/tmp", "");
  BOOST_TEST(*store->put(kKey, NewEntry{"", kUrl, {}, wallNow(), wallNow() - seconds{1}}, body));
  BOOST_TEST(bodyIn(*store) == "none");
}

BOOST_AUTO_TEST_CASE(an_update_changes_the_record_alone) {
  const auto kept = std::make_shared<PlainValues>();
  const auto store = generationStoreOver(kept);
  BOOST_TEST(!*store->update(kKey, "record", "new", WallTime::max()));
  BOOST_TEST(*put(*store, wallNow()));
  BOOST_TEST(*store->update(kKey, "record", "new", WallTime::max()));
  BOOST_TEST((*store->find(kKey))->record == "new");
  BOOST_TEST(bodyIn(*store) == "body");
  // It is no younger than before.
  BOOST_TEST(!!store->removeTagged("shop"));
  BOOST_TEST(!*store->update(kKey, "record", "newer", WallTime::max()));
  BOOST_TEST(bodyIn(*store) == "none");
}

BOOST_AUTO_TEST_CASE(a_removal_says_whether_it_was_there) {
  const auto store = generationStoreOver(std::make_shared<PlainValues>());
  BOOST_TEST(!*store->remove(kKey));
  BOOST_TEST(*put(*store, later()));
  BOOST_TEST(*store->remove(kKey));
  BOOST_TEST(!*store->remove(kKey));
}

BOOST_AUTO_TEST_CASE(a_removal_concerns_what_it_names) {
  const auto store = generationStoreOver(std::make_shared<PlainValues>());
  BOOST_TEST(*put(*store, wallNow()));
  BOOST_TEST(!!store->removeTagged("product-2"));
  BOOST_TEST(!!store->removePrefix("https://a.test/shops/"));
  BOOST_TEST(!!store->removePrefix("https://a.test/shop/10"));
  BOOST_TEST(!*store->remove(digestOf("another")));
  BOOST_TEST(bodyIn(*store) == "body");
}

BOOST_AUTO_TEST_CASE(what_is_begun_behind_a_removal_is_stored) {
  for (const Removal& removal : removals()) {
    const auto store = generationStoreOver(std::make_shared<PlainValues>());
    const WallTime began = wallNow();
    BOOST_TEST(*put(*store, began, "old"));
    BOOST_TEST(removal.run(*store));
    BOOST_TEST_CONTEXT(removal.name) {
      BOOST_TEST(bodyIn(*store) == "none");
      BOOST_TEST(!*put(*store, began, "old"));
      BOOST_TEST(bodyIn(*store) == "none");
      BOOST_TEST(*put(*store, later(), "new"));
      BOOST_TEST(bodyIn(*store) == "new");
      BOOST_TEST(!*put(*store, began, "old"));
      BOOST_TEST(bodyIn(*store) == "new");
    }
  }
}

// A removal anywhere within a put that was begun before, and a put anywhere within a removal.
BOOST_AUTO_TEST_CASE(what_was_begun_before_a_removal_never_comes_back) {
  std::size_t cases = 0;
  for (const Removal& removal : removals())
    for (const Before& before : states())
      for (const bool putIsOuter : {true, false}) {
        bool goesOn = true;
        for (int step = 0; goesOn; ++step, ++cases) {
          const auto kept = std::make_shared<PlainValues>();
          const auto judge = generationStoreOver(kept);
          before.make(*judge);
          const WallTime began = wallNow();
          const auto putIt = [&](Store& store) { BOOST_REQUIRE(!!put(store, began)); };
          const auto removeIt = [&](Store& store) { BOOST_REQUIRE(removal.run(store)); };
          goesOn = putIsOuter ? interleave(kept, step, putIt, removeIt) : interleave(kept, step, removeIt, putIt);
          if (!goesOn) continue;
          BOOST_TEST_CONTEXT(removal.name << ", " << before.name << ", step " << step
                                          << (putIsOuter ? " of put" : "")) {
            BOOST_TEST(bodyIn(*judge) != "body");
            BOOST_TEST(!*put(*judge, began));
            BOOST_TEST(bodyIn(*judge) != "body");
          }
        }
      }
  BOOST_TEST(cases > 100u);
}

BOOST_AUTO_TEST_CASE(an_update_does_not_bring_back_what_was_removed_meanwhile) {
  for (const Removal& removal : removals()) {
    bool goesOn = true;
    for (int step = 0; goesOn; ++step) {
      const auto kept = std::make_shared<PlainValues>();
      const auto judge = generationStoreOver(kept);
      BOOST_REQUIRE(*put(*judge, wallNow()));
      goesOn = interleave(
          kept, step, [](Store& store) { BOOST_REQUIRE(!!store.update(kKey, "record", "new", WallTime::max())); },
          [&](Store& store) { BOOST_REQUIRE(removal.run(store)); });
      if (goesOn) BOOST_TEST(bodyIn(*judge) == "none", removal.name << ", step " << step);
    }
  }
}

// Two that change the list of prefixes at once do not lose each other's.
BOOST_AUTO_TEST_CASE(prefixes_that_are_removed_at_once_are_all_removed) {
  for (const bool isThere : {true, false}) {
    bool goesOn = true;
    for (int step = 0; goesOn; ++step) {
      const auto kept = std::make_shared<PlainValues>();
      const auto judge = generationStoreOver(kept);
      const WallTime began = wallNow();
      if (isThere) BOOST_REQUIRE(*put(*judge, began));
      goesOn = interleave(
          kept, step, [](Store& store) { BOOST_REQUIRE(!!store.removePrefix("https://b.test/")); },
          [](Store& store) { BOOST_REQUIRE(!!store.removePrefix("https://a.test/")); });
      if (!goesOn) continue;
      BOOST_TEST(bodyIn(*judge) == "none");
      BOOST_TEST(!*put(*judge, began), "step " << step);
      BOOST_TEST(*put(*judge, later()));
      BOOST_TEST(bodyIn(*judge) == "body");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_list_of_prefixes_does_not_grow_without_an_end) {
  const auto kept = std::make_shared<PlainValues>();
  const auto store = generationStoreOver(kept);
  const WallTime began = wallNow();
  BOOST_REQUIRE(*put(*store, began));
  for (int number = 0; number < 1200; ++number)
    BOOST_REQUIRE(!!store->removePrefix("https://b.test/" + std::to_string(number) + "/"));
  BOOST_TEST(kept->values.at("prefixes").size() < 40'000u);
  BOOST_TEST(!*put(*store, began));
  BOOST_TEST(*put(*store, later()));
  // A prefix takes in those that it covers.
  BOOST_REQUIRE(!!store->removePrefix("https://b.test/"));
  BOOST_TEST(kept->values.at("prefixes").size() < 200u);
}

// Whatever the plain store forgets.
BOOST_AUTO_TEST_CASE(what_is_lost_is_a_miss_and_never_a_return) {
  for (const Removal& removal : removals()) {
    const auto kept = std::make_shared<PlainValues>();
    const auto store = generationStoreOver(kept);
    BOOST_REQUIRE(*put(*store, wallNow()));
    const auto entry = kept->values;
    BOOST_REQUIRE(removal.run(*store));
    const auto removed = kept->values;
    for (const auto& [key, value] : removed) {
      kept->values = removed;
      // The entry itself, as a put that was late would have left it.
      for (const auto& [own, bytes] : entry)
        if (own.ends_with('e') && own.size() == 17) kept->values[own] = bytes;
      const bool isTombstoneOfKey = key.ends_with('x') && key.size() == 17;
      kept->values.erase(key);
      if (!isTombstoneOfKey) BOOST_TEST(bodyIn(*store) == "none", removal.name);
    }
  }
}

// Whoever may send requests that change something may not fill the store with what remembers them.
BOOST_AUTO_TEST_CASE(a_removal_is_remembered_for_minutes_and_what_is_older_is_not_stored) {
  for (const Removal& removal : removals()) {
    const auto kept = std::make_shared<PlainValues>();
    const auto store = generationStoreOver(kept);
    BOOST_REQUIRE(removal.run(*store));
    // One list for all prefixes stays.
    for (const auto& [key, expiry] : kept->expiries)
      if (key != "prefixes") BOOST_TEST((expiry < wallNow() + std::chrono::minutes{10}), removal.name);
    kept->values.clear();
    BOOST_TEST(!*put(*store, wallNow() - std::chrono::minutes{6}), removal.name);
    BOOST_TEST(*put(*store, wallNow()), removal.name);
  }
}

BOOST_AUTO_TEST_CASE(what_bears_very_many_tags_is_not_stored) {
  std::vector<std::string> tags;
  for (int number = 0; number < 16; ++number) tags.push_back("tag" + std::to_string(number));
  const auto kept = std::make_shared<PlainValues>();
  int calls = 0;
  const auto store = generationStoreOver(kept, [&calls] { ++calls; });
  BOOST_TEST(*put(*store, wallNow(), "body", tags));
  calls = 0;
  BOOST_TEST(bodyIn(*store) == "body");
  BOOST_TEST(calls <= 20);
  tags.push_back("one more");
  BOOST_TEST(!*put(*store, wallNow(), "body", tags, digestOf("other")));
}

// A tag that nothing bears any more goes by itself, and one that something bears does not go before.
BOOST_AUTO_TEST_CASE(a_tag_is_kept_about_as_long_as_what_bears_it) {
  for (const std::chrono::hours life : {std::chrono::hours{1}, std::chrono::hours{30 * 24}}) {
    const auto kept = std::make_shared<PlainValues>();
    const auto store = generationStoreOver(kept);
    IncomingBody body("/tmp", "");
    const WallTime now = wallNow();
    BOOST_REQUIRE(*store->put(kKey, NewEntry{"", kUrl, kTags, now, now + life}, body));
    const WallTime expiry = kept->expiries.at(std::string(digestOf("shop").view()) + 't');
    BOOST_TEST((expiry >= now + life));
    BOOST_TEST((expiry <= std::max(now + life, wallNow() + std::chrono::hours{7 * 24})));
  }
}

BOOST_AUTO_TEST_CASE(damage_is_a_miss) {
  const auto kept = std::make_shared<PlainValues>();
  const auto store = generationStoreOver(kept);
  BOOST_REQUIRE(*put(*store, wallNow()));
  const auto whole = kept->values;
  for (const auto& [key, value] : whole)
    for (std::size_t at = 0; at < value.size(); ++at) {
      kept->values = whole;
      kept->values[key][at] ^= 1;
      BOOST_TEST(bodyIn(*store) == "none");
      kept->values = whole;
      kept->values[key].resize(at);
      BOOST_TEST(bodyIn(*store) == "none");
    }
  kept->values = whole;
  BOOST_TEST(bodyIn(*store) == "body");
  // One entry under the key of another.
  const Digest other = digestOf("other");
  kept->values[std::string(other.view()) + "e"] = whole.at(std::string(kKey.view()) + "e");
  BOOST_TEST(bodyIn(*store, other) == "none");
}

BOOST_AUTO_TEST_CASE(clocks_that_differ_are_allowed_for) {
  const auto store = generationStoreOver(std::make_shared<PlainValues>(), {}, {"/tmp", 1000, seconds{60}});
  BOOST_REQUIRE(!!store->removeTagged("shop"));
  BOOST_TEST(!*put(*store, wallNow() + seconds{30}));
  BOOST_TEST(*put(*store, wallNow() + seconds{90}));
}

BOOST_AUTO_TEST_CASE(a_store_that_fails_says_so) {
  const auto kept = std::make_shared<PlainValues>();
  const auto store = generationStoreOver(kept);
  BOOST_REQUIRE(*put(*store, wallNow()));
  kept->fails = true;
  BOOST_TEST(!store->find(kKey));
  BOOST_TEST(!put(*store, wallNow()));
  BOOST_TEST(!store->update(kKey, "record", "new", WallTime::max()));
  for (const Removal& removal : removals()) BOOST_TEST(!removal.run(*store), removal.name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
