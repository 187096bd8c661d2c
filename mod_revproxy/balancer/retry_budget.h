// RetryBudget: how many requests may be sent a second time, as a part of all: so that a service which fails as a whole
// does not get twice the load on top. In shared memory; any process, any thread; no lock.
#pragma once

#include <atomic>
#include <cstdint>

namespace revproxy {

// Zero at first.
struct RetryBudgetState {
  std::atomic<std::int64_t> spent;  // hundredths of a retry, less what requests have earned
};

// Each request earns a part of a retry.
void earnRetry(RetryBudgetState& state, unsigned percent);
// Whether one more is allowed; it is then spent. A few are, however few requests there were.
bool spendRetry(RetryBudgetState& state);

}  // namespace revproxy
