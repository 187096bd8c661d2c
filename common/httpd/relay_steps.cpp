// What every way to relay a request has in common.
#include "common/httpd/relay_steps.h"

#include <algorithm>
#include <array>
#include <utility>

namespace proxycommon {
namespace {

bool isIdempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

}  // namespace

bool mayRepeat(const Error& error, std::string_view method, const ClientBody& body) {
  if (error.kind != ErrorKind::kClosedEarly || body.isTouched()) return false;
  return error.seen == Seen::kNothing || isIdempotent(method);
}

Task<Outcome> finishResponse(ClientResponse& response, milliseconds limit, Waiter& waiter) {
  if (!response.keepsBack()) co_return response.finish();
  Interest interest;
  interest.clientEvents = POLLOUT;
  interest.until = Clock::now() + limit;
  while (true) {
    auto full = response.isFull();
    if (!full) co_return std::move(full.error());
    if (!response.keepsBack()) co_return response.finish();
    interest.here = waiter.patience();
    const auto woken = co_await waiter.until(interest);
    if (woken.clientGone) co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
    if (woken.client) {
      interest.until = Clock::now() + limit;
    } else if (interest.until <= Clock::now()) {
      co_return failure(ErrorKind::kClientTimeout, "the client has stopped reading");
    }
  }
}

}  // namespace proxycommon
