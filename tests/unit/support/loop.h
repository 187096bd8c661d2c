// Driving an event loop from a test until somebody has been told what was waited for.
#pragma once

#include <stdexcept>

#include "common/net/event_loop.h"

namespace proxytest {

// What `pending` is told; throws when that does not happen. Takes it away: once.
template <class T>
T awaitTold(boost::asio::io_context& context, proxycommon::Pending<T>& pending) {
  const auto deadline = proxycommon::Deadline::after(proxycommon::milliseconds{20'000});
  while (!pending.told().await_ready() && !deadline.expired()) {
    context.restart();
    context.run_one_for(proxycommon::milliseconds{100});
  }
  if (!pending.told().await_ready()) throw std::runtime_error("nobody was told");
  return pending.told().await_resume();
}

// What is to be done at once, and what that brings.
inline void goOn(boost::asio::io_context& context) {
  context.restart();
  context.poll();
}

}  // namespace proxytest
