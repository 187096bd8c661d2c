// Members for the tests of methods: what a handler keeps of them, and a method asked as a handler asks it. One thread.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "mod_revproxy/balancer/builtin.h"
#include "mod_revproxy/balancer/stable_hash.h"

namespace proxytest {

using namespace revproxy;

inline std::unique_ptr<const Method> methodNamed(std::string_view name, const MethodOptions& options = {}) {
  return (*builtinMethods().find(name))(options);
}

class Members {
 public:
  explicit Members(const std::vector<std::uint32_t>& weights) {
    for (const std::uint32_t weight : weights) add(weight);
  }

  void add(std::uint32_t weight) {
    names_.push_back("http://member-" + std::to_string(all.size()) + ".test");
    all.push_back({stableHash(names_.back()), names_.back(), {}, weight, 0, 0, 0, states_.emplace_back()});
  }

  Choice choice(std::string_view key = {}) { return {key, random(), now, state}; }
  // Of all members; its request is then in flight.
  std::size_t send(const Method& method, std::string_view key = {}) {
    const std::size_t chosen = method.choose(all, choice(key));
    ++all.at(chosen).inFlight;
    ++all.at(chosen).requests;
    return chosen;
  }
  void finish(const Method& method, std::size_t index, Completed completed) {
    --all.at(index).inFlight;
    all.at(index).bytes += completed.bytes;
    completed.now = now;
    method.finished(all.at(index), completed, state);
  }
  // As many requests, each over before the next begins: how many each member has had.
  std::vector<std::uint64_t> sendInTurn(const Method& method, std::size_t count) {
    std::vector<std::uint64_t> had(all.size());
    for (std::size_t sent = 0; sent < count; ++sent) {
      const std::size_t chosen = send(method);
      finish(method, chosen, {});
      ++had[chosen];
    }
    return had;
  }

  std::vector<Candidate> all;
  BalancerMethodState state{};
  Clock::time_point now{std::chrono::hours(1)};
  std::mt19937_64 random{20'261'127};

 private:
  std::deque<MethodState> states_;
  std::deque<std::string> names_;
};

// Whether as many as these may have come by chance of so many by these weights: chi-square, at one in 30,000.
inline bool agreesByChance(const std::vector<std::uint64_t>& counts, const std::vector<double>& shares) {
  double total = 0;
  double allShares = 0;
  for (std::size_t index = 0; index < counts.size(); ++index) {
    total += static_cast<double>(counts[index]);
    allShares += shares[index];
  }
  double square = 0;
  for (std::size_t index = 0; index < counts.size(); ++index) {
    const double expected = total * shares[index] / allShares;
    square +=
        (static_cast<double>(counts[index]) - expected) * (static_cast<double>(counts[index]) - expected) / expected;
  }
  // Wilson and Hilferty's approximation of the quantile.
  const double freedom = static_cast<double>(counts.size() - 1);
  const double root = 1 - 2 / (9 * freedom) + 4 * std::sqrt(2 / (9 * freedom));
  return square < freedom * root * root * root;
}

}  // namespace proxytest
