// Whether eviction by marks of use is as good as an exact LRU that has the same bytes, and what a look costs.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <list>
#include <random>
#include <unordered_map>

#include "tests/unit/support/soak.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

namespace {

// The k-th most wanted is wanted 1/k times as often as the first.
class Zipf {
 public:
  explicit Zipf(std::size_t count) : sums_(count) {
    double sum = 0;
    for (std::size_t rank = 0; rank < count; ++rank) sums_[rank] = sum += 1.0 / static_cast<double>(rank + 1);
  }
  std::size_t next(std::mt19937_64& random) const {
    const double at = std::uniform_real_distribution<double>(0, sums_.back())(random);
    return static_cast<std::size_t>(std::lower_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

// Counts bytes of key, URL, record and body, and nothing for itself.
class ExactLru {
 public:
  explicit ExactLru(std::uint64_t budget) : budget_(budget) {}
  bool touch(std::size_t object, std::uint64_t bytes) {
    if (const auto known = places_.find(object); known != places_.end()) {
      order_.splice(order_.begin(), order_, known->second);
      return true;
    }
    order_.push_front({object, bytes});
    places_[object] = order_.begin();
    for (used_ += bytes; used_ > budget_; order_.pop_back()) {
      used_ -= order_.back().second;
      places_.erase(order_.back().first);
    }
    return false;
  }

 private:
  using Order = std::list<std::pair<std::size_t, std::uint64_t>>;
  std::uint64_t budget_;
  std::uint64_t used_ = 0;
  Order order_;
  std::unordered_map<std::size_t, Order::iterator> places_;
};

std::size_t bodyBytes(std::size_t object) {
  return 200 + object * 2654435761u % 1400;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lmdb_eviction, *boost::unit_test::timeout(900))

BOOST_AUTO_TEST_CASE(hits_are_within_three_points_of_an_exact_lru) {
  const auto objects = scaled<std::size_t>(20'000, 1'000'000);
  const auto megabytes = scaled<std::uint64_t>(8, 512);
  const auto requests = scaled<std::size_t>(200'000, 10'000'000);
  const StoreRig rig("lmdb", std::to_string(megabytes) + "M");
  const auto store = rig.open();
  ExactLru lru(megabytes << 20);
  const Zipf zipf(objects);
  std::mt19937_64 random(1);
  const Kept kept{.record = std::string(200, 'r'), .url = "http://a.example/an/object/of/some/kind"};
  std::size_t ours = 0;
  std::size_t exact = 0;
  for (std::size_t request = 0; request < requests; ++request) {
    const std::size_t object = zipf.next(random);
    const std::string key = std::to_string(object);
    const std::size_t bytes = bodyBytes(object);
    // The first half fills both.
    const bool counts = request >= requests / 2;
    exact += lru.touch(object, 16 + kept.record.size() + kept.url.size() + bytes) && counts;
    const auto entry = store->find(digestOf(key));
    BOOST_REQUIRE(entry);
    if (*entry)
      ours += counts;
    else
      BOOST_REQUIRE(putInto(*store, key, std::string(bytes, 'x'), kept));
  }
  const double half = static_cast<double>(requests) / 2 / 100;
  BOOST_TEST_MESSAGE("hits: ours " << static_cast<double>(ours) / half << " %, exact LRU "
                                   << static_cast<double>(exact) / half << " %");
  BOOST_TEST(static_cast<double>(ours) / half >= static_cast<double>(exact) / half - 3.0);
  BOOST_TEST(store->figures().bytes <= store->figures().limit);
}

BOOST_AUTO_TEST_CASE(what_a_look_costs, *boost::unit_test::precondition([](auto) { return isSoaking(); })) {
  constexpr std::size_t kObjects = 1'000'000;
  constexpr std::size_t kLooks = 1'000'000;
  const StoreRig rig("lmdb", "2G");
  const auto store = rig.open();
  for (std::size_t object = 0; object < kObjects; ++object)
    BOOST_REQUIRE(putInto(*store, std::to_string(object), std::string(300, 'x')));
  BOOST_TEST(store->figures().entries == kObjects);
  std::vector<Digest> keys;
  std::mt19937_64 random(1);
  for (std::size_t look = 0; look < kLooks; ++look) keys.push_back(digestOf(std::to_string(random() % kObjects)));
  const auto begin = Clock::now();
  std::size_t hits = 0;
  for (const Digest& key : keys) {
    const auto entry = store->find(key);
    hits += entry && *entry;
  }
  const double each = std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / kLooks;
  BOOST_TEST(hits == kLooks);
  BOOST_TEST_MESSAGE("a look into a million entries: " << each << " microseconds");
  BOOST_TEST(each < 10.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
