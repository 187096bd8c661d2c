// Dials through libcurl's multi interface. The only file that includes its header for plain connections.
#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "common/base/text.h"
#include "common/net/dialer.h"
#include "common/net/event_loop.h"
#include "common/net/parent_proxy.h"

namespace proxycommon {
namespace {

struct EasyDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

// One dial: what curl's callbacks need to know, and what they have to tell.
struct Attempt {
  explicit Attempt(DialPlan chosen) : plan(std::move(chosen)), handle(curl_easy_init()) {}

  DialPlan plan;
  std::shared_ptr<PendingSocket> answer;
  std::string refusals;
  bool dialledAny = false;
  int awaited = -1;  // the socket that curl waits for
  std::unique_ptr<CURL, EasyDeleter> handle;
};

curl_socket_t openSocket(void* context, curlsocktype, curl_sockaddr* address) noexcept try {
  auto& attempt = *static_cast<Attempt*>(context);
  const auto ip = IpAddress::fromSocketAddress(address->addr);
  const std::string refusal = ip ? attempt.plan.guard.refusal(*ip, attempt.plan.destination.port) : "not an IP address";
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

bool goDirectly(CURL* handle, const DialPlan& plan) {
  const std::string url = "http://" + Destination{plan.address.toString(), plan.destination.port}.toString() + "/";
  return set(handle, CURLOPT_URL, url.c_str()) && set(handle, CURLOPT_PROXY, "") && set(handle, CURLOPT_NOPROXY, "*");
}

// The parent is dialled at the address; what it gets to see of the destination is its name.
bool goThroughParent(CURL* handle, const DialPlan& plan, const ParentProxy& parent) {
  const std::string url = "http://" + plan.destination.toString() + "/";
  const std::string proxy = "http://" + Destination{plan.address.toString(), parent.destination.port}.toString();
  const bool isSet = set(handle, CURLOPT_URL, url.c_str()) && set(handle, CURLOPT_PROXY, proxy.c_str()) &&
                     set(handle, CURLOPT_NOPROXY, "") && set(handle, CURLOPT_HTTPPROXYTUNNEL, 1L) &&
                     set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!isSet || parent.user.empty()) return isSet;
  return set(handle, CURLOPT_PROXYAUTH, CURLAUTH_BASIC) && set(handle, CURLOPT_PROXYUSERNAME, parent.user.c_str()) &&
         set(handle, CURLOPT_PROXYPASSWORD, parent.password.c_str());
}

bool configure(Attempt& attempt) {
  CURL* handle = attempt.handle.get();
  const DialPlan& plan = attempt.plan;
  const auto limit = static_cast<long>(std::max<milliseconds::rep>(attempt.plan.limit.count(), 1));
  const bool isAimed = plan.parent ? goThroughParent(handle, plan, *plan.parent) : goDirectly(handle, plan);
  return isAimed && set(handle, CURLOPT_CONNECT_ONLY, 1L) && set(handle, CURLOPT_PROTOCOLS_STR, "http") &&
         set(handle, CURLOPT_NOSIGNAL, 1L) && set(handle, CURLOPT_QUICK_EXIT, 1L) &&
         set(handle, CURLOPT_CONNECTTIMEOUT_MS, limit) && set(handle, CURLOPT_PRIVATE, &attempt) &&
         set(handle, CURLOPT_TCP_NODELAY, 1L) && set(handle, CURLOPT_TCP_KEEPALIVE, 1L) &&
         set(handle, CURLOPT_OPENSOCKETFUNCTION, &openSocket) && set(handle, CURLOPT_OPENSOCKETDATA, &attempt) &&
         set(handle, CURLOPT_CLOSESOCKETFUNCTION, &closeSocket);
}

ErrorKind kindOf(CURLcode code, long systemError, const Attempt& attempt) {
  if (!attempt.dialledAny && !attempt.refusals.empty()) return ErrorKind::kAddressRefused;
  if (code == CURLE_OPERATION_TIMEDOUT || systemError == ETIMEDOUT) return ErrorKind::kConnectTimeout;
  if (code != CURLE_COULDNT_CONNECT) return ErrorKind::kInternal;
  return systemError == 0 || systemError == ECONNREFUSED ? ErrorKind::kRefused : ErrorKind::kUnreachable;
}

// "no connection to origin.test:80", "no connection to the parent proxy 192.0.2.1:3128 for origin.test:80".
std::string noConnection(const DialPlan& plan) {
  const std::string destination = plan.destination.toString();
  return "no connection to " + (plan.parent
                                    ? "the parent proxy " + plan.parent->destination.toString() + " for " + destination
                                    : destination);
}

// What a parent has said to CONNECT, where that was no tunnel; nullopt: it never came so far.
std::optional<Error> parentsError(CURLcode code, const Attempt& attempt) {
  if (!attempt.plan.parent || code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT) return std::nullopt;
  long status = 0;
  curl_easy_getinfo(attempt.handle.get(), CURLINFO_HTTP_CONNECTCODE, &status);
  std::string said = status == 0 ? "gives no answer of HTTP" : "answers " + std::to_string(status);
  if (status == 407)
    said += attempt.plan.parent->user.empty() ? ", it wants credentials" : ", it rejects the credentials";
  return failure(ErrorKind::kParentRefused, "the parent proxy " + attempt.plan.parent->destination.toString() +
                                                " opens no tunnel to " + attempt.plan.destination.toString() + " (it " +
                                                said + ")");
}

Error errorOf(CURLcode code, const Attempt& attempt) {
  if (auto refused = parentsError(code, attempt)) return std::move(*refused);
  long systemError = 0;
  curl_easy_getinfo(attempt.handle.get(), CURLINFO_OS_ERRNO, &systemError);
  std::string detail = noConnection(attempt.plan) + " (" + curl_easy_strerror(code);
  if (systemError != 0) detail += ", " + std::system_category().message(static_cast<int>(systemError));
  if (!attempt.refusals.empty()) detail += ", not dialled: " + attempt.refusals;
  return failure(kindOf(code, systemError, attempt), detail + ")");
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

Result<FileDescriptor> takeSocket(const Attempt& attempt) {
  curl_socket_t connected = CURL_SOCKET_BAD;
  curl_easy_getinfo(attempt.handle.get(), CURLINFO_ACTIVESOCKET, &connected);
  FileDescriptor own{::fcntl(connected, F_DUPFD_CLOEXEC, 0)};
  const Destination& destination = attempt.plan.destination;
  if (!own) return failure(ErrorKind::kInternal, "no descriptor left for " + destination.toString());
  if (auto refused = refuseOwnAddress(own.get(), destination, attempt.plan.guard); !refused)
    return std::move(refused.error());
  return own;
}

class CurlDialer final : public Dialer {
 public:
  explicit CurlDialer(boost::asio::io_context& context)
      : timer_(context), descriptors_(context, [this](int descriptor, bool readable, bool writable) {
          proceed(descriptor, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
        }) {}
  ~CurlDialer() override {
    while (!attempts_.empty()) end(attempts_.begin());
    if (multi_) curl_multi_cleanup(multi_);
  }

  bool open() {
    multi_ = curl_multi_init();
    return multi_ && curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &socketWanted) == CURLM_OK &&
           curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this) == CURLM_OK &&
           curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &timerWanted) == CURLM_OK &&
           curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this) == CURLM_OK;
  }

  void dial(DialPlan plan, std::shared_ptr<PendingSocket> answer) override {
    attempts_.emplace_front(std::move(plan));
    const auto place = attempts_.begin();
    place->answer = answer;
    if (place->handle && configure(*place) && curl_multi_add_handle(multi_, place->handle.get()) == CURLM_OK) return;
    attempts_.erase(place);
    answer->tell(failure(ErrorKind::kInternal, "libcurl cannot be set up for a dial"));
  }

  void giveUp(const PendingSocket& answer) override {
    const auto place = std::find_if(attempts_.begin(), attempts_.end(),
                                    [&](const Attempt& attempt) { return attempt.answer.get() == &answer; });
    if (place != attempts_.end()) end(place);
  }

 private:
  using Place = std::list<Attempt>::iterator;

  static Attempt& attemptOf(CURL* handle) {
    Attempt* attempt = nullptr;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &attempt);
    return *attempt;
  }

  static int socketWanted(CURL* handle, curl_socket_t descriptor, int what, void* self, void*) noexcept try {
    attemptOf(handle).awaited = what == CURL_POLL_REMOVE ? -1 : descriptor;
    static_cast<CurlDialer*>(self)->descriptors_.want(descriptor,
                                                      (what & CURL_POLL_IN) != 0 && what != CURL_POLL_REMOVE,
                                                      (what & CURL_POLL_OUT) != 0 && what != CURL_POLL_REMOVE);
    return 0;
  } catch (...) {
    return -1;
  }

  static int timerWanted(CURLM*, long limit, void* self) noexcept try {
    static_cast<CurlDialer*>(self)->armTimer(limit);
    return 0;
  } catch (...) {
    return -1;
  }

  void armTimer(long limit) {
    if (limit < 0) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::chrono::milliseconds{limit});
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) proceed(CURL_SOCKET_TIMEOUT, 0);
    });
  }

  void proceed(curl_socket_t descriptor, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, descriptor, events, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      finish(attemptOf(message->easy_handle), message->data.result);
    }
  }

  void finish(Attempt& attempt, CURLcode code) {
    auto result = code == CURLE_OK ? takeSocket(attempt) : Result<FileDescriptor>(errorOf(code, attempt));
    const auto answer = attempt.answer;
    end(std::find_if(attempts_.begin(), attempts_.end(), [&](const Attempt& one) { return &one == &attempt; }));
    answer->tell(std::move(result));
  }

  void end(Place place) {
    // curl (7.88) closes it before it says so: by then the number may be another thread's.
    if (place->awaited >= 0) descriptors_.want(place->awaited, false, false);
    curl_multi_remove_handle(multi_, place->handle.get());
    attempts_.erase(place);
  }

  CURLM* multi_ = nullptr;
  AsioTimer timer_;
  ForeignDescriptors descriptors_;
  std::list<Attempt> attempts_;
};

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

Result<std::unique_ptr<Dialer>> makeCurlDialer(boost::asio::io_context& context) {
  auto dialer = std::make_unique<CurlDialer>(context);
  if (!dialer->open()) return failure(ErrorKind::kInternal, "libcurl gives no multi handle");
  return std::unique_ptr<Dialer>(std::move(dialer));
}

}  // namespace proxycommon
