// How many requests may be sent a second time.
#include "mod_revproxy/balancer/retry_budget.h"

namespace revproxy {
namespace {

constexpr std::int64_t kRetry = 100;
// However few requests there were.
constexpr std::int64_t kAlways = 10 * kRetry;
// What quiet times save up: the failure of a whole service must not find years of it.
constexpr std::int64_t kMostSaved = 500 * kRetry;

// Adds `change` if the sum stays within the bounds. Whether it was added.
bool add(std::atomic<std::int64_t>& spent, std::int64_t change) {
  std::int64_t before = spent.load(std::memory_order_relaxed);
  while (before + change <= kAlways && before + change >= -kMostSaved)
    if (spent.compare_exchange_weak(before, before + change, std::memory_order_relaxed)) return true;
  return false;
}

}  // namespace

void earnRetry(RetryBudgetState& state, unsigned percent) {
  add(state.spent, -static_cast<std::int64_t>(percent));
}

bool spendRetry(RetryBudgetState& state) {
  return add(state.spent, kRetry);
}

}  // namespace revproxy
