// RFC 9111 3.3, 3.4, RFC 9110 15.3.7.3: parts that meet in a store.
#include "common/cache/part_storing.h"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/cache/byte_ranges.h"
#include "common/cache/cache_tags.h"
#include "tests/unit/common/cache/messages.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(part_storing, *boost::unit_test::timeout(60))

namespace {

const auto kAll = boost::unit_test::data::make({"lmdb", "generations"});
const HeaderField kTag{"ETag", "\"x\""};
const HeaderField kOtherTag{"ETag", "\"y\""};
const PartTerms kTerms{1024 * 1024};

// Bytes first..first+length-1 of the one representation there is.
std::string bytesAt(std::uint64_t first, std::uint64_t length) {
  std::string text;
  for (std::uint64_t place = first; place < first + length; ++place)
    text.push_back(static_cast<char>('a' + place % 23 + place / 1000 % 3));
  return text;
}

std::string recordOf(std::uint64_t first, std::uint64_t length, std::uint64_t complete, const HeaderFields& fields) {
  StoredResponse response = stored(fields, 206);
  const std::string range = formatContentRange({ByteRange{first, first + length - 1}, complete});
  response.fields.push_back({"Content-Range", range});
  response.part = StoredPart{first, complete};
  return encodeResponse(response);
}

struct Bed {
  explicit Bed(std::string_view kind) : rig(kind), store(rig.open()) {}

  bool put(std::uint64_t first, std::uint64_t length, std::uint64_t complete, const HeaderFields& fields = {kTag},
           const PartTerms& terms = kTerms) {
    const std::string record = recordOf(first, length, complete, fields);
    IncomingBody body(store->workFolder(), record);
    const std::string bytes = bytesAt(first, length);
    BOOST_REQUIRE(body.append(bytes));
    BOOST_REQUIRE(body.finish());
    const Kept kept{.record = record};
    auto done = putPart(*store, digestOf("a"), {kept.record, kept.url, {}, kept.began, kept.useUntil}, body, terms);
    BOOST_REQUIRE(done);
    return *done;
  }
  void putWhole(std::uint64_t length, const HeaderFields& fields = {kTag}) {
    BOOST_REQUIRE(*putInto(*store, "a", bytesAt(0, length), {.record = encodeResponse(stored(fields))}));
  }
  // "206 0-9/20": with the right bytes.
  std::string shown() {
    auto found = store->find(digestOf("a"));
    if (!found || !*found) return "none";
    const auto decoded = decodeRecord((*found)->record);
    if (!decoded || !std::holds_alternative<StoredResponse>(*decoded)) return "damaged";
    const auto& response = std::get<StoredResponse>(*decoded);
    const std::uint64_t first = response.part ? response.part->first : 0;
    if (bodyOf(**found) != bytesAt(first, (*found)->bodyLength)) return "wrong bytes";
    const HeaderField* range = findField(response.fields, "Content-Range");
    std::string text = std::to_string(response.status) + " " + std::to_string((*found)->bodyLength);
    return text + (range ? " " + std::string(range->value) : "") + (response.part ? "" : " whole");
  }
  std::string field(std::string_view name) {
    const auto found = store->find(digestOf("a"));
    const auto decoded = decodeRecord((*found)->record);
    const HeaderField* one = findField(std::get<StoredResponse>(*decoded).fields, name);
    return one ? std::string(one->value) : "none";
  }

  StoreRig rig;
  std::unique_ptr<Store> store;
};

}  // namespace

BOOST_DATA_TEST_CASE(parts_become_a_whole, kAll, kind) {
  Bed bed(kind);
  BOOST_TEST(bed.put(0, 10, 30));
  BOOST_TEST(bed.shown() == "206 10 bytes 0-9/30");
  BOOST_TEST(bed.put(8, 12, 30));
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
  BOOST_TEST(bed.put(20, 10, 30));
  BOOST_TEST(bed.shown() == "200 30 whole");
}

// In memory and in files, in both orders.
BOOST_DATA_TEST_CASE(large_parts_become_a_whole, kAll, kind) {
  Bed bed(kind);
  BOOST_TEST(bed.put(100'000, 150'000, 300'000));
  BOOST_TEST(bed.put(0, 100'001, 300'000));
  BOOST_TEST(bed.shown() == "206 250000 bytes 0-249999/300000");
  BOOST_TEST(bed.put(249'999, 50'001, 300'000));
  BOOST_TEST(bed.shown() == "200 300000 whole");
}

BOOST_DATA_TEST_CASE(a_part_that_is_all_is_a_whole, kAll, kind) {
  Bed bed(kind);
  BOOST_TEST(bed.put(0, 30, 30));
  BOOST_TEST(bed.shown() == "200 30 whole");
}

BOOST_DATA_TEST_CASE(what_does_not_belong_together_takes_the_place, kAll, kind) {
  Bed bed(kind);
  BOOST_TEST(bed.put(0, 10, 30));
  BOOST_TEST(bed.put(11, 10, 30));
  BOOST_TEST(bed.shown() == "206 10 bytes 11-20/30");
  BOOST_TEST(bed.put(21, 5, 30, {kOtherTag}));
  BOOST_TEST(bed.shown() == "206 5 bytes 21-25/30");
  BOOST_TEST(bed.put(26, 4, 31, {kOtherTag}));
  BOOST_TEST(bed.shown() == "206 4 bytes 26-29/31");
  bed.putWhole(31, {{"ETag", "W/\"x\""}});
  BOOST_TEST(bed.put(3, 4, 31));
  BOOST_TEST(bed.shown() == "206 4 bytes 3-6/31");
}

// Whatever a part adds, less than all does not take the place of all.
BOOST_DATA_TEST_CASE(a_whole_stays, kAll, kind) {
  Bed bed(kind);
  bed.putWhole(30, {kTag, {"X-A", "1"}, {"X-B", "1"}});
  BOOST_TEST(bed.put(3, 4, 30, {kTag, {"X-A", "2"}}));
  BOOST_TEST(bed.shown() == "200 30 whole");
  BOOST_TEST(bed.field("X-A") == "2");
  BOOST_TEST(bed.field("X-B") == "1");
  BOOST_TEST(!bed.put(3, 4, 30, {kTag, {"X-A", "3"}}, {.mostCopied = 29}));
  BOOST_TEST(bed.shown() == "200 30 whole");
  BOOST_TEST(bed.field("X-A") == "2");
}

BOOST_DATA_TEST_CASE(of_what_is_too_much_to_copy_the_larger_stays, kAll, kind) {
  Bed bed(kind);
  BOOST_TEST(bed.put(0, 10, 30));
  BOOST_TEST(!bed.put(10, 10, 30, {kTag}, {.mostCopied = 19}));
  BOOST_TEST(bed.shown() == "206 10 bytes 0-9/30");
  BOOST_TEST(bed.put(10, 11, 30, {kTag}, {.mostCopied = 20}));
  BOOST_TEST(bed.shown() == "206 11 bytes 10-20/30");
  // Nothing of the old one is needed.
  BOOST_TEST(bed.put(5, 20, 30, {kTag}, {.mostCopied = 19}));
  BOOST_TEST(bed.shown() == "206 20 bytes 5-24/30");
}

// RFC 9110 15.3.7: the answer to If-Range lacks what its client has.
BOOST_DATA_TEST_CASE(a_part_without_all_fields_only_adds, kAll, kind) {
  Bed bed(kind);
  const PartTerms few{1024, false};
  BOOST_TEST(!bed.put(0, 10, 30, {kTag}, few));
  BOOST_TEST(bed.shown() == "none");
  BOOST_TEST(bed.put(0, 10, 30, {kTag, {"Content-Type", "text/own"}}));
  BOOST_TEST(bed.put(10, 10, 30, {kTag}, few));
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
  BOOST_TEST(bed.field("Content-Type") == "text/own");
  BOOST_TEST(!bed.put(25, 5, 30, {kTag}, few));
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
}

BOOST_DATA_TEST_CASE(both_are_removed_by_the_tags_they_have, kAll, kind) {
  Bed bed(kind);
  const PartTerms ofSite{.mostCopied = 1024 * 1024, .site = "site"};
  BOOST_TEST(bed.put(0, 10, 30, {kTag, {"Cache-Tag", "red"}}, ofSite));
  BOOST_TEST(bed.put(10, 10, 30, {kTag}, ofSite));
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
  for (const std::string& tag : tagsOfSite("other", {{"red"}})) BOOST_TEST(!!bed.store->removeTagged(tag));
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
  for (const std::string& tag : tagsOfSite("site", {{"red"}})) BOOST_TEST(!!bed.store->removeTagged(tag));
  BOOST_TEST(bed.shown() == "none");
}

BOOST_DATA_TEST_CASE(of_others_selection_it_takes_the_place, kAll, kind) {
  Bed bed(kind);
  StoredResponse other = stored({kTag}, 206);
  other.part = StoredPart{10, 30};
  other.selection = "accept: x";
  BOOST_REQUIRE(*putInto(*bed.store, "a", bytesAt(10, 10), {.record = encodeResponse(other)}));
  BOOST_TEST(bed.put(0, 10, 30));
  BOOST_TEST(bed.shown() == "206 10 bytes 0-9/30");
}

BOOST_DATA_TEST_CASE(who_had_authorization_stays_known, kAll, kind) {
  Bed bed(kind);
  StoredResponse first = stored({kTag}, 206);
  first.part = StoredPart{10, 30};
  first.isAuthorized = true;
  BOOST_REQUIRE(*putInto(*bed.store, "a", bytesAt(10, 10), {.record = encodeResponse(first)}));
  BOOST_TEST(bed.put(0, 10, 30));
  const auto found = bed.store->find(digestOf("a"));
  const auto decoded = decodeRecord((*found)->record);
  BOOST_TEST(std::get<StoredResponse>(*decoded).isAuthorized);
  BOOST_TEST(bed.shown() == "206 20 bytes 0-19/30");
}

// What is no part's record, or has no bytes.
BOOST_DATA_TEST_CASE(nonsense_is_not_stored, kAll, kind) {
  const Bed bed(kind);
  IncomingBody empty(bed.store->workFolder(), "");
  const std::string part = recordOf(0, 1, 30, {kTag});
  BOOST_TEST(!*putPart(*bed.store, digestOf("a"), {part, "", {}, wallNow()}, empty, kTerms));
  IncomingBody body(bed.store->workFolder(), "");
  BOOST_REQUIRE(body.append(std::string_view("x")));
  for (const std::string& record : {std::string("record"), encodeResponse(stored({kTag}))})
    BOOST_TEST(!*putPart(*bed.store, digestOf("a"), {record, "", {}, wallNow()}, body, kTerms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
