// How long what name servers have said holds: the times are the test's own.
#include "common/net/name_cache.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(name_cache)

namespace {

const Clock::time_point kStart = Clock::now();
const std::string kKey = NameCache::keyOf("", "here.test");

NameAnswer good(const char* address, std::chrono::seconds lifetime) {
  return {Addresses{*IpAddress::parse(address)}, lifetime};
}
NameAnswer gone() {
  return {failure(ErrorKind::kUnresolvable, "gone")};
}
NameAnswer failed() {
  return {failure(ErrorKind::kUnresolvable, "failed"), {}, NameAnswer::Source::kFailedServers};
}
NameAnswer notAsked() {
  return {failure(ErrorKind::kUnresolvable, "too many"), {}, NameAnswer::Source::kNobody};
}

// The address, "nothing", or why there is none.
std::string known(NameCache& cache, Clock::duration after, const std::string& key = kKey) {
  const auto found = cache.find(key, kStart + after);
  if (!found) return "nothing";
  return *found ? (*found)->front().toString() : found->error().detail;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_holds_for_its_time_to_live) {
  NameCache cache;
  BOOST_TEST(known(cache, 0s) == "nothing");
  cache.keep(kKey, good("192.0.2.1", 30s), kStart);
  BOOST_TEST(known(cache, 0s) == "192.0.2.1");
  BOOST_TEST(known(cache, 30s - 1ms) == "192.0.2.1");
  BOOST_TEST(known(cache, 30s) == "nothing");
  cache.keep(kKey, good("192.0.2.2", 30s), kStart + 30s);
  BOOST_TEST(known(cache, 31s) == "192.0.2.2");
}

BOOST_AUTO_TEST_CASE(a_time_to_live_counts_within_bounds) {
  NameCache cache;
  cache.keep(kKey, good("192.0.2.1", 0s), kStart);
  BOOST_TEST(known(cache, 1s - 1ms) == "192.0.2.1");
  BOOST_TEST(known(cache, 1s) == "nothing");
  cache.keep(kKey, good("192.0.2.1", 86400s), kStart);
  BOOST_TEST(known(cache, 1h - 1ms) == "192.0.2.1");
  BOOST_TEST(known(cache, 1h) == "nothing");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_gone_is_gone_for_a_second_and_takes_its_addresses_along) {
  NameCache cache;
  cache.keep(kKey, good("192.0.2.1", 1s), kStart);
  cache.keep(kKey, gone(), kStart + 1s);
  BOOST_TEST(known(cache, 2s - 1ms) == "gone");
  BOOST_TEST(known(cache, 2s) == "nothing");
  BOOST_TEST(!cache.servesOn(kKey, kStart + 2s));
  cache.keep(kKey, failed(), kStart + 2s);
  BOOST_TEST(known(cache, 2s) == "failed");
}

BOOST_AUTO_TEST_CASE(the_last_addresses_serve_on_while_the_servers_fail) {
  NameCache cache;
  cache.keep(kKey, good("192.0.2.1", 10s), kStart);
  cache.keep(kKey, failed(), kStart + 10s);
  BOOST_TEST(known(cache, 10s) == "192.0.2.1");
  BOOST_TEST(known(cache, 15s - 1ms) == "192.0.2.1");
  // The servers are asked again.
  BOOST_TEST(known(cache, 15s) == "nothing");
  BOOST_TEST(cache.serveOn(kKey, kStart + 15s)->front().toString() == "192.0.2.1");
  BOOST_TEST(known(cache, 16s) == "192.0.2.1");
  const auto end = 10s + 5min;
  BOOST_TEST(cache.servesOn(kKey, kStart + end - 1ms));
  BOOST_TEST(!cache.servesOn(kKey, kStart + end));
  BOOST_TEST(!cache.serveOn(kKey, kStart + end));
  cache.keep(kKey, failed(), kStart + end);
  BOOST_TEST(known(cache, end) == "failed");
  BOOST_TEST(known(cache, end + 1s) == "nothing");
}

BOOST_AUTO_TEST_CASE(an_answer_that_came_after_all_holds) {
  NameCache cache;
  cache.keep(kKey, good("192.0.2.1", 1s), kStart);
  cache.keep(kKey, failed(), kStart + 1s);
  cache.keep(kKey, good("192.0.2.2", 60s), kStart + 2s);
  BOOST_TEST(known(cache, 2s) == "192.0.2.2");
  // A loop that is late with its own impatience does not shorten what another has learnt.
  (void)cache.serveOn(kKey, kStart + 3s);
  BOOST_TEST(known(cache, 61s) == "192.0.2.2");
}

BOOST_AUTO_TEST_CASE(what_was_not_asked_is_not_kept) {
  NameCache cache;
  cache.keep(kKey, notAsked(), kStart);
  BOOST_TEST(known(cache, 0s) == "nothing");
  BOOST_TEST(cache.size() == 0u);
}

BOOST_AUTO_TEST_CASE(names_are_told_apart_by_their_servers_and_not_by_case) {
  NameCache cache;
  cache.keep(NameCache::keyOf("192.0.2.53:53", "Here.Test"), good("192.0.2.1", 60s), kStart);
  BOOST_TEST(known(cache, 0s, NameCache::keyOf("192.0.2.53:53", "hERE.tEST")) == "192.0.2.1");
  BOOST_TEST(known(cache, 0s, NameCache::keyOf("192.0.2.54:53", "here.test")) == "nothing");
  BOOST_TEST(known(cache, 0s, NameCache::keyOf("", "here.test")) == "nothing");
}

BOOST_AUTO_TEST_CASE(the_name_that_was_not_used_for_longest_makes_room) {
  NameCache cache;
  const auto key = [](std::size_t number) { return NameCache::keyOf("", "n" + std::to_string(number) + ".test"); };
  for (std::size_t number = 0; number < NameCache::kMostNames; ++number)
    cache.keep(key(number), good("192.0.2.1", 60s), kStart);
  BOOST_TEST(known(cache, 0s, key(0)) == "192.0.2.1");
  cache.keep(key(NameCache::kMostNames), good("192.0.2.2", 60s), kStart);
  BOOST_TEST(cache.size() == NameCache::kMostNames);
  BOOST_TEST(known(cache, 0s, key(0)) == "192.0.2.1");
  BOOST_TEST(known(cache, 0s, key(1)) == "nothing");
  BOOST_TEST(known(cache, 0s, key(NameCache::kMostNames)) == "192.0.2.2");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
