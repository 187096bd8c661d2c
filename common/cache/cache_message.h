// What the rules of the cache are told of a request and of a response. Views: they belong to the caller.
#pragma once

#include <span>
#include <string_view>

#include "common/http/headers.h"

namespace proxycommon {

// As the client sent it. Of `host`, the port is left out or in as it came.
struct CacheRequest {
  std::string_view method;
  std::string_view scheme;  // "http", "https"
  std::string_view host;    // name or address, and port: what stands in Host
  std::string_view target;  // path and query
  std::span<const HeaderField> fields;
  // What selectionOf() has made of it for a stored response that may be meant; empty: nothing yet.
  std::string_view selection = {};
  // The server knows who asks, by whatever means, and may tell the backend so.
  bool isOfUser = false;
};

// As the backend sent it.
struct CacheResponse {
  int status = 0;
  std::span<const HeaderField> fields;
};

}  // namespace proxycommon
