// Errors: the table of kinds stands in the order of the kinds, and what a log line and a client are told.
#include "common/base/error.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(each_kind_has_its_own_row) {
  struct Row {
    ErrorKind kind;
    std::string_view name;
    Side side;
    int status;
  };
  const Row rows[] = {
      {ErrorKind::kRefused, "refused", Side::kBackend, 503},
      {ErrorKind::kUnreachable, "unreachable", Side::kBackend, 503},
      {ErrorKind::kUnresolvable, "unresolvable", Side::kBackend, 502},
      {ErrorKind::kConnectTimeout, "connect-timeout", Side::kBackend, 504},
      {ErrorKind::kAddressRefused, "address-refused", Side::kClient, 403},
      {ErrorKind::kPermissionDenied, "permission-denied", Side::kBackend, 503},
      {ErrorKind::kParentRefused, "parent-refused", Side::kBackend, 502},
      {ErrorKind::kTlsUntrusted, "tls-untrusted", Side::kBackend, 502},
      {ErrorKind::kTlsWrongName, "tls-wrong-name", Side::kBackend, 502},
      {ErrorKind::kTlsExpired, "tls-expired", Side::kBackend, 502},
      {ErrorKind::kTlsRevoked, "tls-revoked", Side::kBackend, 502},
      {ErrorKind::kTlsRevocationUnknown, "tls-revocation-unknown", Side::kBackend, 502},
      {ErrorKind::kTlsClientCertificate, "tls-client-certificate", Side::kBackend, 502},
      {ErrorKind::kTlsFailed, "tls-failed", Side::kBackend, 502},
      {ErrorKind::kClosedEarly, "closed-early", Side::kBackend, 502},
      {ErrorKind::kFirstByteTimeout, "first-byte-timeout", Side::kBackend, 504},
      {ErrorKind::kIdleTimeout, "idle-timeout", Side::kBackend, 504},
      {ErrorKind::kSendTimeout, "send-timeout", Side::kBackend, 504},
      {ErrorKind::kTotalTimeout, "total-timeout", Side::kBackend, 504},
      {ErrorKind::kMalformedResponse, "malformed-response", Side::kBackend, 502},
      {ErrorKind::kOversizedHead, "oversized-head", Side::kBackend, 502},
      {ErrorKind::kBrokenBody, "broken-body", Side::kBackend, 502},
      {ErrorKind::kStreamReset, "stream-reset", Side::kBackend, 502},
      {ErrorKind::kClientGone, "client-gone", Side::kClient, 400},
      {ErrorKind::kClientTimeout, "client-timeout", Side::kClient, 408},
      {ErrorKind::kClientMalformed, "client-malformed", Side::kClient, 400},
      {ErrorKind::kClientTooLarge, "client-too-large", Side::kClient, 413},
      {ErrorKind::kClientAnswered, "client-answered", Side::kClient, 400},
      {ErrorKind::kRequestRefused, "request-refused", Side::kClient, 400},
      {ErrorKind::kPathRefused, "path-refused", Side::kClient, 400},
      {ErrorKind::kBadAuthority, "bad-authority", Side::kClient, 400},
      {ErrorKind::kDestinationDenied, "destination-denied", Side::kClient, 403},
      {ErrorKind::kUnsupportedScheme, "unsupported-scheme", Side::kClient, 501},
      {ErrorKind::kUnsupportedCoding, "unsupported-coding", Side::kClient, 501},
      {ErrorKind::kTunnelLimit, "tunnel-limit", Side::kOurs, 503},
      {ErrorKind::kPoolTimeout, "pool-timeout", Side::kOurs, 503},
      {ErrorKind::kBackendResting, "backend-resting", Side::kBackend, 503},
      {ErrorKind::kNoMember, "no-member", Side::kBackend, 503},
      {ErrorKind::kSessionMemberDown, "session-member-down", Side::kBackend, 503},
      {ErrorKind::kFailedStatus, "failed-status", Side::kBackend, 502},
      {ErrorKind::kQueueFull, "queue-full", Side::kOurs, 503},
      {ErrorKind::kQueueTimeout, "queue-timeout", Side::kOurs, 503},
      {ErrorKind::kInternal, "internal", Side::kOurs, 500},
  };
  int place = 0;
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.name) {
      const ErrorTraits& traits = traitsOf(row.kind);
      BOOST_TEST(static_cast<int>(row.kind) == place++);
      BOOST_TEST(traits.name == row.name);
      BOOST_TEST((traits.side == row.side));
      BOOST_TEST(traits.status == row.status);
      // What a client reads tells nothing of the inside, and is for the client's own faults.
      BOOST_TEST((traits.clientText.empty() || traits.side == Side::kClient));
    }
}

BOOST_AUTO_TEST_CASE(a_description_has_name_detail_and_advice) {
  const std::string text = describe({ErrorKind::kRefused, Seen::kNothing, "no connection to a:1"});
  BOOST_TEST(text == "refused: no connection to a:1; is the backend running and listening there?");
  BOOST_TEST(describe({ErrorKind::kClientGone, Seen::kNothing, "gone"}) == "client-gone: gone");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
