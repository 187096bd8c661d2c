// The table of error kinds. A new kind is a row here and a member of ErrorKind, in the same place of the order.
#include "common/base/error.h"

#include <array>

namespace proxycommon {
namespace {

constexpr std::array kTraits = {
    ErrorTraits{"refused", Side::kBackend, 503, Severity::kError, "is the backend running and listening there?", ""},
    ErrorTraits{"unreachable", Side::kBackend, 503, Severity::kError, "check routes and firewalls to the backend", ""},
    ErrorTraits{"unresolvable", Side::kBackend, 502, Severity::kError, "check the name and the resolver", ""},
    ErrorTraits{"connect-timeout", Side::kBackend, 504, Severity::kError,
                "the backend's host swallows connections; check it, or raise the connect timeout", ""},
    ErrorTraits{"address-refused", Side::kClient, 403, Severity::kWarning,
                "if this network is meant to be reached, open it with FwdProxyPrivateNetworks",
                "This proxy does not open connections to that address."},
    ErrorTraits{"permission-denied", Side::kBackend, 503, Severity::kError,
                "httpd's user must be able to write the socket, and to search the directories above it", ""},
    ErrorTraits{"parent-refused", Side::kBackend, 502, Severity::kError,
                "see what the parent allows, and check RevProxyRemote or FwdProxyRemote", ""},
    ErrorTraits{"tls-untrusted", Side::kBackend, 502, Severity::kError,
                "name the authority that has signed it with RevProxyTLSCACertificateFile, if that is meant", ""},
    ErrorTraits{"tls-wrong-name", Side::kBackend, 502, Severity::kError,
                "have the backend present a certificate for this name, or name it with RevProxyTLSServerName", ""},
    ErrorTraits{"tls-expired", Side::kBackend, 502, Severity::kError,
                "the backend needs a new certificate; check the clocks", ""},
    ErrorTraits{"tls-revoked", Side::kBackend, 502, Severity::kError,
                "its authority has taken it back: the backend needs a new key and certificate", ""},
    ErrorTraits{"tls-revocation-unknown", Side::kBackend, 502, Severity::kError,
                "RevProxyTLSCARevocationFile needs a current list of each authority in the chain", ""},
    ErrorTraits{"tls-client-certificate", Side::kBackend, 502, Severity::kError,
                "see RevProxyTLSCertificateFile, and whom the backend trusts", ""},
    ErrorTraits{"tls-failed", Side::kBackend, 502, Severity::kError, "does the backend speak TLS on this port?", ""},
    ErrorTraits{"closed-early", Side::kBackend, 502, Severity::kError, "the backend closed before it answered", ""},
    ErrorTraits{"first-byte-timeout", Side::kBackend, 504, Severity::kError,
                "the backend took the request and has not answered; look there, or raise the timeout", ""},
    ErrorTraits{"idle-timeout", Side::kBackend, 504, Severity::kError, "the backend stopped in the middle", ""},
    ErrorTraits{"send-timeout", Side::kBackend, 504, Severity::kError, "the backend stopped reading the request", ""},
    ErrorTraits{"total-timeout", Side::kBackend, 504, Severity::kError,
                "the backend answers, but too slowly; look there, or raise total-timeout", ""},
    ErrorTraits{"malformed-response", Side::kBackend, 502, Severity::kError,
                "the backend's answer is not valid HTTP; it was not passed on", ""},
    ErrorTraits{"oversized-head", Side::kBackend, 502, Severity::kError,
                "the backend's response head is larger than the limit; RevProxyResponseFieldLimit sets it", ""},
    ErrorTraits{"broken-body", Side::kBackend, 502, Severity::kError,
                "the backend broke off; the client's copy was cut short visibly", ""},
    ErrorTraits{"stream-reset", Side::kBackend, 502, Severity::kError,
                "the backend gave this one request up; its own log says why", ""},
    ErrorTraits{"client-gone", Side::kClient, 400, Severity::kInfo, "", ""},
    ErrorTraits{"client-timeout", Side::kClient, 408, Severity::kInfo, "", ""},
    ErrorTraits{"client-malformed", Side::kClient, 400, Severity::kInfo, "", ""},
    ErrorTraits{"client-too-large", Side::kClient, 413, Severity::kWarning, "raise LimitRequestBody if it is meant",
                ""},
    ErrorTraits{"client-answered", Side::kClient, 400, Severity::kInfo, "", ""},
    ErrorTraits{"request-refused", Side::kClient, 400, Severity::kWarning, "it was not passed on",
                "The request holds bytes that may not stand in HTTP."},
    ErrorTraits{"path-refused", Side::kClient, 400, Severity::kWarning, "it was not passed on",
                "The request's path has more than one reading."},
    ErrorTraits{"bad-authority", Side::kClient, 400, Severity::kWarning, "a destination is HOST:PORT",
                "The request names no destination of the form HOST:PORT."},
    ErrorTraits{"destination-denied", Side::kClient, 403, Severity::kWarning,
                "if it is meant to be reached, name it in FwdProxyAllow", "This proxy does not open that destination."},
    ErrorTraits{"unsupported-scheme", Side::kClient, 501, Severity::kWarning,
                "clients reach https through CONNECT, and this proxy speaks no other scheme",
                "This proxy takes http URLs, and CONNECT for all else."},
    ErrorTraits{"unsupported-coding", Side::kClient, 501, Severity::kWarning,
                "httpd takes off chunked alone, and the backend would take the rest for content",
                "This server knows no transfer coding but chunked."},
    ErrorTraits{"tunnel-limit", Side::kOurs, 503, Severity::kWarning,
                "raise FwdProxyMaxTunnels or RevProxyMaxTunnels, or MaxTunnelsPerClient, if it is meant", ""},
    ErrorTraits{"pool-timeout", Side::kOurs, 503, Severity::kError,
                "all connections to the backend are in use: raise max or acquire, or make it faster", ""},
    ErrorTraits{"backend-resting", Side::kBackend, 503, Severity::kError,
                "it could not be reached a moment ago; retry= says how long it is left alone", ""},
    ErrorTraits{"no-member", Side::kBackend, 503, Severity::kError,
                "see the lines that tell when and why each of them went, and RevProxyHealth", ""},
    ErrorTraits{"session-member-down", Side::kBackend, 503, Severity::kError,
                "nofailover keeps a session at its member, also while that cannot be used", ""},
    ErrorTraits{"failed-status", Side::kBackend, 502, Severity::kError,
                "failonstatus counts that status as a failure of the member; its own log says why", ""},
    ErrorTraits{"queue-full", Side::kOurs, 503, Severity::kError,
                "limit and queue bound what is in flight and what may wait: raise them, or add members", ""},
    ErrorTraits{"queue-timeout", Side::kOurs, 503, Severity::kError,
                "as many requests as limit allows were in flight for all of queue-timeout: raise them, or add members",
                ""},
    ErrorTraits{"internal", Side::kOurs, 500, Severity::kError, "this is a fault of the proxy itself", ""},
};
static_assert(kTraits.size() == static_cast<std::size_t>(ErrorKind::kInternal) + 1);

}  // namespace

const ErrorTraits& traitsOf(ErrorKind kind) {
  return kTraits[static_cast<std::size_t>(kind)];
}

std::string describe(const Error& error) {
  const ErrorTraits& traits = traitsOf(error.kind);
  std::string text{traits.name};
  text.append(": ").append(error.detail);
  if (!traits.advice.empty()) text.append("; ").append(traits.advice);
  return text;
}

}  // namespace proxycommon
