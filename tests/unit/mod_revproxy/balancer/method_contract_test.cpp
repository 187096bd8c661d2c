// The contract of every method there is, by its name in the registry: a new row is tested without a line here.
#include <sys/mman.h>

#include <atomic>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <thread>

#include "tests/unit/mod_revproxy/balancer/members.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(method_contract)

namespace {

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& row : builtinMethods().rows()) all.emplace_back(row.name);
  return all;
}

Completed anyEnd(Members& members) {
  const std::uint64_t random = members.random();
  return {{}, std::chrono::nanoseconds(random % 1'000'000'000), random % 100'000, random % 7 == 0};
}

// Candidates in memory of their own, behind which there is none: whoever reads past the last one crashes.
class FencedCandidates {
 public:
  explicit FencedCandidates(std::span<const Candidate> candidates) {
    const std::size_t bytes = candidates.size_bytes();
    mapped_ = (bytes + kPage - 1) / kPage * kPage + kPage;
    memory_ = static_cast<char*>(::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::mprotect(memory_ + mapped_ - kPage, kPage, PROT_NONE);
    auto* first = reinterpret_cast<Candidate*>(memory_ + mapped_ - kPage - bytes);
    std::uninitialized_copy(candidates.begin(), candidates.end(), first);
    ::mprotect(memory_, mapped_ - kPage, PROT_READ);
    all = {first, candidates.size()};
  }
  ~FencedCandidates() { ::munmap(memory_, mapped_); }
  FencedCandidates(const FencedCandidates&) = delete;
  FencedCandidates& operator=(const FencedCandidates&) = delete;

  std::span<const Candidate> all;

 private:
  static constexpr std::size_t kPage = 4096;
  char* memory_;
  std::size_t mapped_;
};

}  // namespace

BOOST_DATA_TEST_CASE(chooses_one_of_those_it_is_given, names(), name) {
  for (const unsigned factor : {0U, 50U, 100U, 125U}) {
    const auto method = methodNamed(name, {factor});
    for (std::size_t count = 1; count <= 100; ++count) {
      Members members(std::vector<std::uint32_t>(count, 100));
      for (Candidate& candidate : members.all) {
        candidate.weight = 1 + static_cast<std::uint32_t>(members.random() % 1000);
        candidate.inFlight = static_cast<std::uint32_t>(members.random() % 5);
      }
      const FencedCandidates fenced(members.all);
      for (int round = 0; round < 50; ++round) {
        const std::string key = std::to_string(members.random());
        const std::size_t chosen = method->choose(fenced.all, members.choice(round % 2 == 0 ? key : ""));
        BOOST_REQUIRE(chosen < count);
        method->finished(fenced.all[chosen], anyEnd(members), members.state);
      }
    }
  }
}

BOOST_DATA_TEST_CASE(bears_the_smallest_and_the_largest_of_everything, names(), name) {
  constexpr auto kMost = std::numeric_limits<std::uint32_t>::max();
  const auto method = methodNamed(name, {kMost});
  Members members({1, kMost, 1, kMost});
  for (std::size_t index = 2; index < 4; ++index) {
    members.all[index].inFlight = kMost;
    members.all[index].requests = 1;
    members.all[index].bytes = std::numeric_limits<std::uint64_t>::max() / 8;
  }
  for (int round = 0; round < 1000; ++round) {
    const std::size_t chosen = method->choose(members.all, members.choice(round % 2 == 0 ? "key" : ""));
    BOOST_REQUIRE(chosen < 4U);
    const bool large = round % 3 == 0;
    method->finished(members.all[chosen],
                     {members.now, large ? std::chrono::nanoseconds::max() : std::chrono::nanoseconds(0),
                      large ? std::numeric_limits<std::uint64_t>::max() : 0, large},
                     members.state);
  }
}

// Between calls any of them may go and come back, in any order.
BOOST_DATA_TEST_CASE(candidates_come_and_go, names(), name) {
  const auto method = methodNamed(name);
  Members members(std::vector<std::uint32_t>(20, 100));
  std::vector<std::uint64_t> had(20);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::size_t> present;
    for (std::size_t index = 0; index < 20; ++index)
      if (members.random() % 3 != 0) present.push_back(index);
    if (present.empty()) continue;
    std::shuffle(present.begin(), present.end(), members.random);
    std::vector<Candidate> candidates;
    for (const std::size_t index : present) candidates.push_back(members.all[index]);
    const std::string key = std::to_string(members.random());
    const std::size_t chosen = method->choose(candidates, members.choice(key));
    BOOST_REQUIRE(chosen < candidates.size());
    method->finished(candidates[chosen], {members.now, std::chrono::milliseconds(5), 1000, false}, members.state);
    ++had[present[chosen]];
  }
  for (const std::uint64_t count : had) BOOST_TEST((count > 700 && count < 1300), count);
}

// It is the states that remember, so that every child's method goes on where another one's was.
BOOST_DATA_TEST_CASE(methods_of_several_children_are_as_one, names(), name) {
  const std::vector<std::unique_ptr<const Method>> children = [&name = name] {
    std::vector<std::unique_ptr<const Method>> made;
    for (int index = 0; index < 3; ++index) made.push_back(methodNamed(name));
    return made;
  }();
  Members alone({100, 200, 300});
  Members shared({100, 200, 300});
  for (std::size_t round = 0; round < 5000; ++round) {
    const std::string key = std::to_string(round);
    const Method& child = *children[round % 3];
    const std::size_t chosen = alone.send(*children[0], key);
    BOOST_REQUIRE(shared.send(child, key) == chosen);
    if (round % 4 == 0) continue;
    const Completed end = anyEnd(alone);
    shared.random = alone.random;
    alone.finish(*children[0], chosen, end);
    shared.finish(child, chosen, end);
  }
}

BOOST_DATA_TEST_CASE(threads_choose_at_once, names(), name) {
  const auto method = methodNamed(name);
  Members members({100, 100, 100});
  std::array<std::atomic<std::uint64_t>, 3> had{};
  std::atomic<bool> outOfRange = false;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        std::mt19937_64 random(thread);
        for (int round = 0; round < 20'000; ++round) {
          const std::string key = std::to_string(random());
          const std::size_t chosen = method->choose(members.all, {key, random(), members.now, members.state});
          if (chosen >= 3) {
            outOfRange = true;
            return;
          }
          method->finished(members.all[chosen], {members.now, std::chrono::milliseconds(5), 1000, false},
                           members.state);
          ++had[chosen];
        }
      });
  }
  BOOST_TEST(!outOfRange);
  BOOST_TEST(had[0] + had[1] + had[2] == 80'000U);
  for (const auto& count : had) BOOST_TEST(count > 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
