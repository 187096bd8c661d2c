// Names to addresses by c-ares on an event loop. The only file that includes its header.
#include "common/net/ares_resolver.h"

#include <ares.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "common/base/text.h"
#include "common/net/event_loop.h"
#include "common/net/port_set.h"

namespace proxycommon {
namespace {

template <class Answer>
struct QuestionOf {
  boost::asio::io_context& context;
  std::size_t& outstanding;
  std::string host;
  std::function<void(Answer)> tell;
};
using Question = QuestionOf<NameAnswer>;
using ServiceQuestion = QuestionOf<ServiceAnswer>;

Error unresolvable(const std::string& host, const char* why) {
  return failure(ErrorKind::kUnresolvable, "no address for \"" + printable(host) + "\" (" + why + ")");
}

Error unservable(const std::string& name, const char* why) {
  return failure(ErrorKind::kUnresolvable, "no SRV record for \"" + printable(name) + "\" (" + why + ")");
}

const char* const kTooMany = "too many names are being looked up";

// The shortest that leads to an address: a name that is another's alias holds no longer than the alias.
std::chrono::seconds lifetimeOf(const ares_addrinfo& list) {
  int shortest = std::numeric_limits<int>::max();
  for (const ares_addrinfo_node* node = list.nodes; node; node = node->ai_next)
    shortest = std::min(shortest, node->ai_ttl);
  for (const ares_addrinfo_cname* alias = list.cnames; alias; alias = alias->next)
    shortest = std::min(shortest, alias->ttl);
  return std::chrono::seconds{shortest};
}

// Of each family so many: whoever owns a name could have this machine remember, and dial, thousands.
bool mayTake(const Addresses& taken, const IpAddress& address) {
  constexpr std::ptrdiff_t kMost = 16;
  return std::count_if(taken.begin(), taken.end(), [&](const IpAddress& one) { return one.isV4() == address.isV4(); }) <
         kMost;
}

NameAnswer::Source sourceOf(int status) {
  const bool isSo = status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA;
  return isSo ? NameAnswer::Source::kServers : NameAnswer::Source::kFailedServers;
}

NameAnswer answerOf(const std::string& host, int status, const ares_addrinfo* list) {
  Addresses addresses;
  for (const ares_addrinfo_node* node = list ? list->nodes : nullptr; node; node = node->ai_next)
    if (const auto address = IpAddress::fromSocketAddress(*node->ai_addr); address && mayTake(addresses, *address))
      addresses.push_back(*address);
  if (status == ARES_SUCCESS && !addresses.empty()) return {std::move(addresses), lifetimeOf(*list)};
  const char* why = status == ARES_SUCCESS ? "it has no address" : ares_strerror(status);
  return {unresolvable(host, why), {}, sourceOf(status)};
}

ServiceAnswer serviceAnswerOf(const std::string& name, int status, std::span<const unsigned char> message) {
  if (status != ARES_SUCCESS) return {unservable(name, ares_strerror(status)), {}, sourceOf(status)};
  auto found = readServiceRecords(message);
  if (!found) return {unservable(name, "the answer is malformed"), {}, NameAnswer::Source::kFailedServers};
  if (found->records.empty()) return {unservable(name, "the service is not offered")};
  return {std::move(found->records), found->lifetime};
}

// In a turn of its own: whoever is told goes on at once, and must not do so inside c-ares.
template <class Answer>
void tellLater(const QuestionOf<Answer>& question, Answer answer) {
  boost::asio::post(question.context,
                    [tell = question.tell, answer = std::move(answer)]() mutable { tell(std::move(answer)); });
}

void answered(void* context, int status, int, ares_addrinfo* list) noexcept try {
  const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned(list, &ares_freeaddrinfo);
  const std::unique_ptr<Question> question(static_cast<Question*>(context));
  --question->outstanding;
  if (status != ARES_EDESTRUCTION) tellLater(*question, answerOf(question->host, status, list));
} catch (...) {
  // Out of memory: the question's own time limit ends it.
}

void serviceAnswered(void* context, int status, int, unsigned char* message, int size) noexcept try {
  const std::unique_ptr<ServiceQuestion> question(static_cast<ServiceQuestion*>(context));
  --question->outstanding;
  const std::size_t length = message && size > 0 ? static_cast<std::size_t>(size) : 0;
  if (status != ARES_EDESTRUCTION) tellLater(*question, serviceAnswerOf(question->host, status, {message, length}));
} catch (...) {
  // As above.
}

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(boost::asio::io_context& context)
      : context_(context), timer_(context), descriptors_(context, [this](int descriptor, bool readable, bool writable) {
          ares_process_fd(channel_, readable ? descriptor : ARES_SOCKET_BAD, writable ? descriptor : ARES_SOCKET_BAD);
          armTimer();
        }) {}
  ~AresResolver() override {
    if (channel_) ares_destroy(channel_);
  }

  std::optional<Error> open(const std::string& servers) {
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t descriptor, int read, int write) noexcept {
      static_cast<AresResolver*>(self)->descriptors_.want(descriptor, read != 0, write != 0);
    };
    options.sock_state_cb_data = this;
    options.timeout = kTimeoutMilliseconds;
    options.tries = kTries;
    const int status =
        ares_init_options(&channel_, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (status != ARES_SUCCESS) return failure(ErrorKind::kInternal, std::string{"c-ares: "} + ares_strerror(status));
    if (!servers.empty() && ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS)
      return failure(ErrorKind::kInternal, "c-ares does not take the name servers " + servers);
    return std::nullopt;
  }

  void resolve(const std::string& host, std::function<void(NameAnswer)> tell) override {
    auto question = std::make_unique<Question>(Question{context_, outstanding_, host, std::move(tell)});
    if (const auto address = IpAddress::parse(host)) return tellLater(*question, NameAnswer{Addresses{*address}});
    if (outstanding_ >= kMostQuestions)
      return tellLater(*question, NameAnswer{unresolvable(host, kTooMany), {}, NameAnswer::Source::kNobody});
    ++outstanding_;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &answered, question.release());
    armTimer();
  }

  void resolveService(const std::string& name, std::function<void(ServiceAnswer)> tell) override {
    auto question = std::make_unique<ServiceQuestion>(ServiceQuestion{context_, outstanding_, name, std::move(tell)});
    if (outstanding_ >= kMostQuestions)
      return tellLater(*question, ServiceAnswer{unservable(name, kTooMany), {}, NameAnswer::Source::kNobody});
    ++outstanding_;
    ares_query(channel_, name.c_str(), kClassInternet, kTypeService, &serviceAnswered, question.release());
    armTimer();
  }

 private:
  static constexpr int kClassInternet = 1;
  static constexpr int kTypeService = 33;
  static constexpr int kTimeoutMilliseconds = 2000;
  static constexpr int kTries = 3;
  // What is asked for each, twice, stays with c-ares until it is answered, and costs it time with every other one.
  static constexpr std::size_t kMostQuestions = 1000;

  void armTimer() {
    timeval left{};
    if (!ares_timeout(channel_, nullptr, &left)) return;
    timer_.expires_after(std::chrono::seconds{left.tv_sec} + std::chrono::microseconds{left.tv_usec});
    timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
      // It may have run out, and its handler wait for its turn, when the resolver goes.
      if (error || alive.expired()) return;
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      armTimer();
    });
  }

  boost::asio::io_context& context_;
  AsioTimer timer_;
  ForeignDescriptors descriptors_;
  ares_channel channel_ = nullptr;
  std::size_t outstanding_ = 0;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Resolver>> makeAresResolver(boost::asio::io_context& context, const std::string& servers) {
  auto resolver = std::make_unique<AresResolver>(context);
  if (auto error = resolver->open(servers)) return std::move(*error);
  return std::unique_ptr<Resolver>(std::move(resolver));
}

namespace {

// "192.0.2.53:53", "[2001:db8::53]:53".
bool isNameServer(std::string_view word) {
  const bool bracketed = word.starts_with('[');
  const auto end = bracketed ? word.find("]:") : word.find(':');
  if (end == std::string_view::npos) return false;
  const auto address = IpAddress::parse(word.substr(bracketed ? 1 : 0, end - (bracketed ? 1 : 0)));
  const auto port = parseNumber(word.substr(end + (bracketed ? 2 : 1)), 65535);
  return address && address->isV4() != bracketed && port && *port > 0;
}

}  // namespace

Result<std::string> readNameServers(std::span<const std::string> words) {
  std::string list;
  for (const std::string& word : words) {
    if (!isNameServer(word))
      return failure(ErrorKind::kInternal,
                     "\"" + printable(word) +
                         "\" is no name server: write ADDRESS:PORT, such as 192.0.2.53:53 or [2001:db8::53]:53");
    list.append(list.empty() ? "" : ",").append(word);
  }
  if (list.empty()) return failure(ErrorKind::kInternal, "nothing follows: write ADDRESS:PORT ...");
  return list;
}

}  // namespace proxycommon
