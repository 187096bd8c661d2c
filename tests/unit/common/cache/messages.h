// Requests and responses of the cache's tests, written in one line.
#pragma once

#include <string_view>

#include "common/cache/cache_message.h"
#include "common/cache/http_date.h"
#include "common/cache/stored_response.h"

namespace proxytest {

// 2001-09-09 01:46:40 GMT, a Sunday.
inline constexpr proxycommon::WallTime kNow{std::chrono::seconds{1'000'000'000}};
inline constexpr std::string_view kNowText = "Sun, 09 Sep 2001 01:46:40 GMT";

inline proxycommon::CacheRequest get(const proxycommon::HeaderFields& fields, std::string_view method = "GET") {
  return {method, "http", "www.test", "/a/b?c=d", fields};
}

// Brought just now, by a GET without anything.
inline proxycommon::StoredResponse stored(proxycommon::HeaderFields fields, int status = 200) {
  proxycommon::StoredResponse response;
  response.status = status;
  response.reason = "Fine";
  response.fields = std::move(fields);
  response.requestTime = kNow;
  response.responseTime = kNow;
  return response;
}

}  // namespace proxytest
