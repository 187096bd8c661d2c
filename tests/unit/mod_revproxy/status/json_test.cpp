// What is shown as JSON is JSON, whatever members are called, and says what the snapshot says.
#include "mod_revproxy/status/json.h"

#include <boost/test/unit_test.hpp>

#include "mod_revproxy/status/value_text.h"
#include "mod_revproxy/status/words.h"
#include "tests/support/json_text.h"
#include "tests/unit/support/status_sample.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(status_json)

namespace {

using Kind = JsonValue::Kind;

bool isJson(std::string_view text) {
  try {
    readJson(text);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

// Of the reader that the other cases rely on.
BOOST_AUTO_TEST_CASE(what_is_no_json_is_told) {
  for (const char* good : {"0", "-1.5e+3", " [ ] ", "{\"a\":[1,{\"b\":null}],\"c\":\"\\u00e4\\ud83d\\ude00\"}", "true"})
    BOOST_TEST(isJson(good), good);
  for (const char* bad : {"",
                          "01",
                          "1.",
                          ".5",
                          "+1",
                          "1e",
                          "nul",
                          "[1,]",
                          "[1 2]",
                          "{\"a\":1,}",
                          "{a:1}",
                          "{\"a\":1,\"a\":2}",
                          "[1]]",
                          "\"a",
                          "\"\n\"",
                          "\"\\x\"",
                          "\"\\u12\"",
                          "\"\\ud800\"",
                          "\"\\udc00\"",
                          "\"\xff\"",
                          "\"\xc0\xaf\"",
                          "'a'",
                          "NaN"})
    BOOST_TEST(!isJson(bad), bad);
}

BOOST_AUTO_TEST_CASE(decimals_are_exact) {
  BOOST_TEST(decimal(0, 6) == "0");
  BOOST_TEST(decimal(500, 6) == "0.0005");
  BOOST_TEST(decimal(1'000'000, 6) == "1");
  BOOST_TEST(decimal(2'500'000, 6) == "2.5");
  BOOST_TEST(decimal(150, 2) == "1.5");
  BOOST_TEST(decimal(100, 0) == "100");
  BOOST_TEST(decimal(18'446'744'073'709'551'615u, 6) == "18446744073709.551615");
  BOOST_TEST(secondsOf(WallTime{milliseconds{-5}}) == "0");
}

BOOST_AUTO_TEST_CASE(what_is_not_utf8_becomes_replacements_one_for_each_part) {
  const std::string one{kReplacement};
  BOOST_TEST(validUtf8("plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80") ==
             "plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  BOOST_TEST(validUtf8("\x80x") == one + "x");
  BOOST_TEST(validUtf8("\xc3") == one);
  BOOST_TEST(validUtf8("\xe2\x82x") == one + "x");
  BOOST_TEST(validUtf8("\xf0\x9f\x98") == one);
  BOOST_TEST(validUtf8("\xc0\xaf") == one + one);
  BOOST_TEST(validUtf8("\xe0\x80\x80") == one + one + one);
  BOOST_TEST(validUtf8("\xed\xa0\x80") == one + one + one);
  BOOST_TEST(validUtf8("\xf4\x90\x80\x80") == one + one + one + one);
  BOOST_TEST(validUtf8("\xf5") == one);
  // All pairs of bytes, behind each lead.
  for (const std::string lead : {"", "\xe1", "\xe0", "\xed", "\xf0\x90", "\xf4\x8f"})
    for (int pair = 0; pair < 0x10000; ++pair) {
      const std::string text = lead + static_cast<char>(pair >> 8) + static_cast<char>(pair & 0xff);
      const std::string valid = validUtf8(text);
      if (!isUtf8(valid) || (isUtf8(text) && valid != text)) BOOST_ERROR(lead << " and " << pair);
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_says_all_it_has) {
  const JsonValue json = readJson(toJson(sampleSnapshot()));
  BOOST_TEST(json["version"].text == "0.1.0");
  BOOST_TEST(json["generated_at"].text == "1764000001.234");
  BOOST_TEST(json["children"].elements.size() == 2u);
  BOOST_TEST(json["children"][0]["pid"].number() == 10);
  BOOST_TEST(json["children"][0]["leader"].text == "true");
  BOOST_TEST(json["children"][1]["tunnels"].number() == 5);
  BOOST_TEST(json["children"][0]["idle"].number() == 6);
  const JsonValue& balancer = json["balancers"][0];
  BOOST_TEST(balancer["name"].text == "app");
  BOOST_TEST((balancer["limit"].kind == Kind::kNull));
  BOOST_TEST(balancer["retries"].number() == 5);
  BOOST_TEST(balancer["answers"]["2xx"].number() == 90);
  BOOST_TEST(balancer["answers"]["none"].number() == 1);
  const JsonValue& member = balancer["members"][0];
  BOOST_TEST(member["weight"].text == "1.5");
  BOOST_TEST(member["effective_weight"].text == "0.75");
  BOOST_TEST(member["role"].text == "spare");
  BOOST_TEST(member["state"].text == "ejected");
  BOOST_TEST(member["since"].text == "1764000000.25");
  BOOST_TEST(member["received_bytes"].text == "18446744073709551615");
  BOOST_TEST(member["errors"].names() == (std::vector<std::string>{"refused", "closed-early"}),
             boost::test_tools::per_element());
  BOOST_TEST(member["health"]["status"].number() == 200);
  BOOST_TEST(member["ejection"]["until"].text == "1764000002.5");
}

BOOST_AUTO_TEST_CASE(a_histogram_has_its_bounds_in_seconds) {
  const JsonValue json = readJson(toJson(sampleSnapshot()));
  const JsonValue& latency = json["balancers"][0]["members"][0]["latency"];
  BOOST_TEST(latency["bounds"].elements.size() + 1 == latency["counts"].elements.size());
  BOOST_TEST(latency["bounds"][0].text == "0.0005");
  BOOST_TEST(latency["bounds"][15].text == "60");
  BOOST_TEST(latency["counts"][0].number() == 40);
  BOOST_TEST(latency["counts"][16].number() == 3);
  BOOST_TEST(latency["count"].number() == 93);
  BOOST_TEST(latency["sum"].text == "190.500001");
}

BOOST_AUTO_TEST_CASE(what_there_is_not_is_null) {
  const JsonValue json = readJson(toJson(sampleSnapshot()));
  const JsonValue& member = json["balancers"][0]["members"][1];
  for (const char* name : {"since", "limit", "health"}) BOOST_TEST((member[name].kind == Kind::kNull), name);
  const JsonValue empty = readJson(toJson({}));
  BOOST_TEST((empty["balancers"].kind == Kind::kArray));
  BOOST_TEST(empty["balancers"].elements.empty());
}

BOOST_AUTO_TEST_CASE(a_cache_and_its_stores_say_all_they_have) {
  StatusSnapshot snapshot = sampleSnapshot();
  snapshot.balancers.push_back(snapshot.balancers[0]);
  snapshot.balancers[1].caches.clear();
  const JsonValue json = readJson(toJson(snapshot));
  const JsonValue& cache = json["balancers"][0]["caches"][0];
  BOOST_TEST(cache["mapping"].text == "/app");
  BOOST_TEST(cache["defined_at"].text == "site.conf:7");
  const std::vector<std::string> names{"hits",      "misses", "stale",  "revalidated",
                                       "collapsed", "passes", "stored", "stored_bytes"};
  BOOST_TEST(cache.names().size() == names.size() + 2);
  const std::vector<int> values{60, 20, 4, 3, 2, 1, 19};
  for (std::size_t index = 0; index < values.size(); ++index)
    BOOST_TEST(cache[names[index]].number() == values[index], names[index]);
  BOOST_TEST(cache["stored_bytes"].text == "18446744073709551615");
  BOOST_TEST(json["balancers"][0]["caches"][1]["mapping"].text == kHostileText);
  BOOST_TEST(json["balancers"][0]["caches"].elements.size() == 2u);
  BOOST_TEST(json["balancers"][1]["caches"].elements.empty());
  const JsonValue& store = json["stores"][0];
  BOOST_TEST(store["name"].text == "memory");
  BOOST_TEST(store["kind"].text == "lmdb");
  BOOST_TEST(store["entries"].number() == 7);
  BOOST_TEST(store["bytes"].number() == 8'000);
  BOOST_TEST(store["limit"].number() == 268'435'456);
  BOOST_TEST(store["evictions"].number() == 5);
  BOOST_TEST(json["stores"][1]["failures"].number() == 9);
  for (const char* unknown : {"entries", "bytes", "limit", "evictions"})
    BOOST_TEST((json["stores"][1][unknown].kind == Kind::kNull), unknown);
  BOOST_TEST(json["stores"][1]["name"].text == kHostileText);
}

BOOST_AUTO_TEST_CASE(hostile_names_come_through_as_text) {
  const JsonValue json = readJson(toJson(sampleSnapshot()));
  BOOST_TEST(json["balancers"][0]["members"][1]["name"].text == kHostileText);
}

BOOST_AUTO_TEST_CASE(the_order_of_fields_is_the_same_always) {
  const JsonValue json = readJson(toJson(sampleSnapshot()));
  const JsonValue& members = json["balancers"][0]["members"];
  BOOST_TEST(members[0].names() == members[1].names(), boost::test_tools::per_element());
  BOOST_TEST(members[0].names().front() == "name");
  BOOST_TEST(json.names() == (std::vector<std::string>{"version", "generated_at", "children", "balancers", "stores"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_serves_its_sessions_is_up) {
  for (const Condition up : {Condition::kOk, Condition::kStarting, Condition::kFull, Condition::kDraining})
    BOOST_TEST(isUp(up), wordOf(up));
  for (const Condition down : {Condition::kProbing, Condition::kEjected, Condition::kDown, Condition::kStopped})
    BOOST_TEST(!isUp(down), wordOf(down));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
