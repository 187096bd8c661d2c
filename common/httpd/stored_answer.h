// The answer to a request from a stored response.
#pragma once

#include <string>

#include "common/base/task.h"
#include "common/cache/cache_message.h"
#include "common/cache/store.h"
#include "common/cache/stored_response.h"
#include "common/httpd/request_io.h"
#include "common/httpd/request_waiter.h"

namespace proxycommon {

// What goes into the head besides what is stored.
struct StoredAnswerPlan {
  const CacheRequest& request;
  const ClientResponse::HeadEditor& edit;  // sees it last
  std::string age;                         // RFC 9111 5.1
  std::string cacheStatus;                 // RFC 9211, this cache's member
};

// The head of a stored response, as it goes to a client: 200 and such, or 304 where the client's own conditions say so
// (RFC 9111 4.3.2), or 206 from a stored part. Strings it makes are in the request's pool.
struct StoredHead {
  ResponseHead head;
  bool hasBody = true;
  std::uint64_t first = 0;  // of the stored body, what goes out
  std::uint64_t length = 0;
};
StoredHead storedHead(request_rec& request, const StoredResponse& stored, const StoredAnswerPlan& plan);

// Head and body go to the client; a slow one is parked meanwhile where the body is in memory and large. Errors:
// kClientGone, kClientTimeout, kInternal.
Task<Outcome> sendStored(request_rec& request, FoundEntry& entry, const StoredResponse& stored,
                         const StoredAnswerPlan& plan, RequestWaiter& waiter);

}  // namespace proxycommon
