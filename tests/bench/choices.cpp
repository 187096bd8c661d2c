// Choices per second of every method there is, with 100 members, on one core. Knows nothing of httpd. Prints a table,
// and ends with 1 when a method makes fewer than a million.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mod_revproxy/balancer/builtin.h"
#include "mod_revproxy/balancer/stable_hash.h"

namespace {

using namespace revproxy;

constexpr std::size_t kMembers = 100;
constexpr std::size_t kConcurrent = 500;  // requests in flight
constexpr double kLeast = 1e6;
constexpr std::size_t kBatch = 10'000;
constexpr double kSeconds = 1;

// Weights differ, and requests are in flight: what costs the methods most.
class Load {
 public:
  Load() {
    for (std::size_t index = 0; index < kMembers; ++index) {
      names_.push_back("http://member-" + std::to_string(index) + ".test:8080");
      const auto weight = static_cast<std::uint32_t>(100 + 50 * (index % 4));
      candidates_.push_back({stableHash(names_.back()), {}, {}, weight, 0, 0, 0, states_[index]});
    }
    for (std::uint64_t index = 0; index < kKeys; ++index) keys_.push_back("session-" + std::to_string(index * 7919));
  }

  void run(const Method& method, std::size_t choices) {
    for (std::size_t done = 0; done < choices; ++done) {
      random_ = scramble(random_ + kGoldenStep);
      now_ += std::chrono::microseconds(1);
      const std::size_t chosen = method.choose(candidates_, {keys_[random_ % kKeys], random_, now_, state_});
      ++candidates_[chosen].inFlight;
      ++candidates_[chosen].requests;
      std::size_t& place = inFlight_[next_++ % kConcurrent];
      finish(method, place);
      place = chosen + 1;
    }
  }

 private:
  static constexpr std::size_t kKeys = 1024;

  void finish(const Method& method, std::size_t place) {
    if (place == 0) return;
    Candidate& candidate = candidates_[place - 1];
    const std::uint64_t bytes = 1000 + random_ % 100'000;
    --candidate.inFlight;
    candidate.bytes += bytes;
    method.finished(candidate, {now_, std::chrono::nanoseconds(1'000'000 + random_ % 9'000'000), bytes, false}, state_);
  }

  std::array<MethodState, kMembers> states_{};
  BalancerMethodState state_{};
  std::vector<std::string> names_;
  std::vector<std::string> keys_;
  std::vector<Candidate> candidates_;
  std::array<std::size_t, kConcurrent> inFlight_{};  // members, counted from 1; 0: none
  std::size_t next_ = 0;
  std::uint64_t random_ = 1;
  Clock::time_point now_ = Clock::now();
};

// Of this process: what others do on the machine does not count.
double processorSeconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double choicesPerSecond(const Method& method) {
  const auto load = std::make_unique<Load>();
  load->run(method, kBatch);
  const double begin = processorSeconds();
  std::size_t choices = 0;
  double seconds = 0;
  while (seconds < kSeconds) {
    load->run(method, kBatch);
    choices += kBatch;
    seconds = processorSeconds() - begin;
  }
  return static_cast<double>(choices) / seconds;
}

bool row(const std::string& what, const Method& method) {
  const double rate = choicesPerSecond(method);
  std::printf("%-34s %10.2f\n", what.c_str(), rate / 1e6);
  return rate >= kLeast;
}

}  // namespace

int main() {
  bool isFastEnough = true;
  std::printf("%-34s %10s\n", "million choices a second of 100", "one core");
  for (const auto& method : builtinMethods().rows()) {
    const std::string name(method.name);
    isFastEnough = row(name, *method.implementation({})) && isFastEnough;
    if (name == "hash") isFastEnough = row(name + ", load bounded", *method.implementation({125})) && isFastEnough;
  }
  if (!isFastEnough) std::fprintf(stderr, "a method makes fewer than a million choices a second\n");
  return isFastEnough ? 0 : 1;
}
