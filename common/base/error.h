// What can go wrong between a client, this proxy and a backend, as values. An Error says what happened, on whose side,
// and what the backend may have seen of the request, for on that hangs whether it may be sent again. Pure; no logging.
#pragma once

#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

enum class ErrorKind {
  // Before a connection stands.
  kRefused,
  kUnreachable,
  kUnresolvable,
  kConnectTimeout,
  kAddressRefused,
  kPermissionDenied,
  kParentRefused,
  kTlsUntrusted,
  kTlsWrongName,
  kTlsExpired,
  kTlsRevoked,
  kTlsRevocationUnknown,
  kTlsClientCertificate,
  kTlsFailed,
  // While request and response are under way.
  kClosedEarly,
  kFirstByteTimeout,
  kIdleTimeout,
  kSendTimeout,
  kTotalTimeout,
  kMalformedResponse,
  kOversizedHead,
  kBrokenBody,
  kStreamReset,  // of HTTP/2
  // The client's side.
  kClientGone,
  kClientTimeout,
  kClientMalformed,
  kClientTooLarge,
  kClientAnswered,  // httpd's own filters have sent the client its answer
  kRequestRefused,
  kPathRefused,
  kBadAuthority,
  kDestinationDenied,
  kUnsupportedScheme,
  kUnsupportedCoding,
  kTunnelLimit,
  kPoolTimeout,
  kBackendResting,
  // Between a balancer and its members.
  kNoMember,
  kSessionMemberDown,
  kFailedStatus,
  kQueueFull,
  kQueueTimeout,
  // Ours.
  kInternal,
};

enum class Side { kClient, kBackend, kOurs };

// What the backend may have seen of the request (RFC 9110 9.2.2 decides from here whether it may be repeated).
enum class Seen { kNothing, kMaybeRan, kRan };

enum class Severity { kError, kWarning, kInfo };

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  Seen seen = Seen::kNothing;
  std::string detail;  // for the log: what exactly, without a full stop
};

// The one table that turns a kind into a word for the log, a side, a status for the client, and what to do about it.
struct ErrorTraits {
  std::string_view name;
  Side side;
  int status;  // HTTP status while nothing has reached the client
  Severity severity;
  std::string_view advice;      // for the person who reads the log; may be empty
  std::string_view clientText;  // for the error page, where the client is at fault; tells nothing of the inside
};

PROXYCOMMON_API const ErrorTraits& traitsOf(ErrorKind kind);

// "refused: connection to 127.0.0.1:81 failed (…); is the backend running?"
PROXYCOMMON_API std::string describe(const Error& error);

}  // namespace proxycommon
