// Dials through libcurl. The only file that includes its header for plain connections.
#include "common/net/dialer.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>

#include "common/base/text.h"

namespace proxycommon {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

// One dial: what curl's callbacks need to know, and what they have to tell.
struct Attempt {
  const AddressGuard& guard;
  std::uint16_t port;
  std::string refusals;
  bool dialledAny = false;
};

curl_socket_t openSocket(void* context, curlsocktype, curl_sockaddr* address) noexcept try {
  auto& attempt = *static_cast<Attempt*>(context);
  const auto ip = IpAddress::fromSocketAddress(address->addr);
  const std::string refusal = ip ? attempt.guard.refusal(*ip, attempt.port) : "not an IP address";
  if (!refusal.empty()) {
    attempt.refusals.append(attempt.refusals.empty() ? "" : ", ").append(refusal);
    return CURL_SOCKET_BAD;
  }
  attempt.dialledAny = true;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
} catch (...) {
  return CURL_SOCKET_BAD;
}

// curl asks this for every socket it gives up, the connected one included; that one has been duplicated before.
int closeSocket(void*, curl_socket_t descriptor) noexcept {
  return ::close(descriptor);
}

template <class Value>
bool set(CURL* handle, CURLoption option, Value value) {
  return curl_easy_setopt(handle, option, value) == CURLE_OK;
}

bool configure(CURL* handle, const std::string& url, Attempt& attempt, milliseconds limit) {
  const auto milliseconds = static_cast<long>(limit.count());
  return set(handle, CURLOPT_URL, url.c_str()) && set(handle, CURLOPT_CONNECT_ONLY, 1L) &&
         set(handle, CURLOPT_PROTOCOLS_STR, "http") && set(handle, CURLOPT_PROXY, "") &&
         set(handle, CURLOPT_NOPROXY, "*") && set(handle, CURLOPT_NOSIGNAL, 1L) &&
         set(handle, CURLOPT_QUICK_EXIT, 1L) && set(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds) &&
         set(handle, CURLOPT_TCP_NODELAY, 1L) && set(handle, CURLOPT_TCP_KEEPALIVE, 1L) &&
         set(handle, CURLOPT_OPENSOCKETFUNCTION, &openSocket) && set(handle, CURLOPT_OPENSOCKETDATA, &attempt) &&
         set(handle, CURLOPT_CLOSESOCKETFUNCTION, &closeSocket);
}

ErrorKind kindOf(CURLcode code, long systemError, const Attempt& attempt) {
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_URL_MALFORMAT) return ErrorKind::kUnresolvable;
  if (!attempt.dialledAny && !attempt.refusals.empty()) return ErrorKind::kAddressRefused;
  if (code == CURLE_OPERATION_TIMEDOUT)
    return attempt.dialledAny ? ErrorKind::kConnectTimeout : ErrorKind::kUnresolvable;
  if (code != CURLE_COULDNT_CONNECT) return ErrorKind::kInternal;
  if (systemError == ETIMEDOUT) return ErrorKind::kConnectTimeout;
  return systemError == 0 || systemError == ECONNREFUSED ? ErrorKind::kRefused : ErrorKind::kUnreachable;
}

Error errorOf(CURLcode code, CURL* handle, const Destination& destination, const Attempt& attempt) {
  long systemError = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &systemError);
  std::string detail = "no connection to " + destination.toString() + " (" + curl_easy_strerror(code);
  if (systemError != 0) detail += ", " + std::system_category().message(static_cast<int>(systemError));
  if (!attempt.refusals.empty()) detail += ", not dialled: " + attempt.refusals;
  return failure(kindOf(code, systemError, attempt), detail + ")");
}

// A host that curl's URL parser could read as anything but a host must not get there: it decodes %xx and splits at @.
bool isPlainHost(std::string_view host) {
  return !host.empty() && host.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._:") == std::string_view::npos;
}

IpAddress addressOf(int descriptor, int (*name)(int, sockaddr*, socklen_t*)) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto& address = reinterpret_cast<sockaddr&>(storage);
  const bool known = name(descriptor, &address, &size) == 0;
  return (known ? IpAddress::fromSocketAddress(address) : std::nullopt).value_or(IpAddress{});
}

// A connection to this machine itself comes from its own address: what listens here would take the proxy's clients for
// local ones. A public address of our own is closed like a private one.
Outcome refuseOwnAddress(int descriptor, const Destination& destination, const AddressGuard& guard) {
  const IpAddress peer = addressOf(descriptor, &::getpeername);
  if (peer != addressOf(descriptor, &::getsockname) || guard.opens(peer, destination.port)) return {};
  return failure(ErrorKind::kAddressRefused,
                 destination.toString() + " is this machine itself (" + peer.toString() + ")");
}

// The thread in which curl resolves takes over the mask: under prefork a signal meant for httpd's only thread would
// otherwise run its handler there.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

CURLcode connect(CURL* handle) {
  const SignalsBlocked blocked;
  return curl_easy_perform(handle);
}

}  // namespace

std::string Destination::toString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Outcome prepareDialer() {
  const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  if (code != CURLE_OK) return failure(ErrorKind::kInternal, std::string{"libcurl: "} + curl_easy_strerror(code));
  return {};
}

Result<FileDescriptor> dial(const Destination& destination, const AddressGuard& guard, milliseconds limit) {
  if (!isPlainHost(destination.host))
    return failure(ErrorKind::kUnresolvable, "\"" + printable(destination.host) + "\" is not a host name");
  const EasyHandle handle{curl_easy_init()};
  Attempt attempt{guard, destination.port, {}, false};
  if (!handle || !configure(handle.get(), "http://" + destination.toString() + "/", attempt, limit))
    return failure(ErrorKind::kInternal, "libcurl cannot be set up for a dial");
  const CURLcode code = connect(handle.get());
  if (code != CURLE_OK) return errorOf(code, handle.get(), destination, attempt);

  curl_socket_t connected = CURL_SOCKET_BAD;
  curl_easy_getinfo(handle.get(), CURLINFO_ACTIVESOCKET, &connected);
  FileDescriptor own{::fcntl(connected, F_DUPFD_CLOEXEC, 0)};
  if (!own) return failure(ErrorKind::kInternal, "no descriptor left for " + destination.toString());
  if (auto refused = refuseOwnAddress(own.get(), destination, guard); !refused) return std::move(refused.error());
  return own;
}

}  // namespace proxycommon
