// Exchange: one request and its response on a connection. Both directions run at the same time: a response may begin,
// and end, before the request has been sent. Whether a thread is held meanwhile is the waiter's affair.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/http/body.h"
#include "common/http/head_limits.h"
#include "common/http/request_head.h"
#include "common/net/connection.h"
#include "common/net/waiter.h"

namespace proxycommon {

struct ExchangeLimits {
  milliseconds firstByte;  // from the end of the request to the response's head
  milliseconds idle;       // between two reads of the response
  milliseconds send;       // without any progress in sending
  milliseconds client;     // without the client's taking anything
  HeadLimits head = {};    // of each head of the response, interim ones too
  // For the backend's "100 Continue" where it was asked for; then the body is sent anyway (RFC 9110 10.1.1).
  milliseconds expect{1000};
  milliseconds total{0};                             // for all of it, the wait for a connection included; 0: no limit
  Clock::time_point end = Clock::time_point::max();  // where that is over
};

// What the log can say of an exchange, filled while it runs.
struct ExchangeReport {
  Clock::time_point firstByte{};  // of the response; zero: none has come
  std::uint64_t sent = 0;         // bytes to the backend, heads and framing included
  std::uint64_t received = 0;
};

struct ExchangePlan {
  std::string headBytes;  // as appendRequestHead makes it
  BodyFraming framing;    // the body is asked only where this says that there is one
  bool isHead = false;    // a response to HEAD has no body
  // Protocols that the head offers to change to, as in its Upgrade field; empty: none.
  std::string_view offered;
  ExchangeLimits limits;
  // The head asks for "100 Continue": the body is not touched before that, a final response, or the limit.
  bool expectsContinue = false;
  ExchangeReport* report = nullptr;  // may be null; outlives the Task
};

struct ExchangeEnd {
  bool connectionIsReusable = false;
  bool requestIsComplete = false;
  // How long the backend has said that it keeps the connection (Keep-Alive: timeout=).
  std::optional<milliseconds> promisedIdleTime;
  // The connection speaks another protocol now; `behindHead` are its first bytes.
  bool switched = false;
  std::string behindHead;
};

// On success the whole response has gone to the sink, pushed but not ended. An Error's `seen` says what the backend
// may have seen: kRan once a byte of a response has come; once the sink has had a head, the response cannot be taken
// back. All references outlive the Task. Errors: kClosedEarly, kFirstByteTimeout, kIdleTimeout, kSendTimeout,
// kTotalTimeout, kMalformedResponse, kOversizedHead, kBrokenBody, kTlsClientCertificate, kClientGone, kClientTimeout,
// and those of body and sink.
PROXYCOMMON_API Task<Result<ExchangeEnd>> runExchange(Connection& connection, ExchangePlan plan, RequestBody& body,
                                                      ResponseSink& sink, Waiter& waiter);

}  // namespace proxycommon
