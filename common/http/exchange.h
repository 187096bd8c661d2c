// Exchange: one request and its response on a connection, driven to its end by the calling thread. Both directions run
// at the same time: a response may begin, and end, before the request has been sent.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/body.h"
#include "common/http/request_head.h"
#include "common/net/connection.h"

namespace proxycommon {

struct ExchangeLimits {
  milliseconds firstByte;  // from the end of the request to the response's head
  milliseconds idle;       // between two reads of the response
  milliseconds send;       // without any progress in sending
};

struct ExchangeEnd {
  bool connectionIsReusable = false;
  bool requestIsComplete = false;
};

// `headBytes` is a head as appendRequestHead makes it; `body` is asked only where `framing` says that there is one.
// On success the whole response has gone to the sink, pushed but not ended. An Error's `seen` says what the backend
// may have seen; once the sink has had a head, the response cannot be taken back.
// Errors: kClosedEarly, kFirstByteTimeout, kIdleTimeout, kSendTimeout, kMalformedResponse, kOversizedHead, kBrokenBody,
// and those of body and sink.
PROXYCOMMON_API Result<ExchangeEnd> runExchange(Connection& connection, std::string headBytes, BodyFraming framing,
                                                bool isHead, RequestBody& body, ResponseSink& sink,
                                                const ExchangeLimits& limits);

}  // namespace proxycommon
