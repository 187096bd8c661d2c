// Name, guard, dial, TLS.
#include "common/net/connector.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "common/base/text.h"
#include "common/net/address_race.h"
#include "common/net/event_loop.h"
#include "common/net/name_lookup.h"
#include "common/net/parent_proxy.h"
#include "common/net/unix_socket.h"

namespace proxycommon {
namespace {

// How long until a Unix socket whose queue was full is dialled again.
constexpr milliseconds kFullQueue{10};

// Decimal, or hexadecimal behind 0x.
bool isNumber(std::string_view label) {
  const bool hexadecimal = startsWithIgnoringCase(label, "0x");
  const std::string_view digits = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  if (hexadecimal) label.remove_prefix(2);
  return (hexadecimal || !label.empty()) && label.find_first_not_of(digits) == std::string_view::npos;
}

// What a resolver, curl or a parent could read as anything but the host it names must not get there. No name ends in a
// number (RFC 1123 2.1): such a one is an address to some, 0177.0.0.1 and 127.1 among them, and another one to others.
bool isHost(std::string_view host) {
  if (IpAddress::parse(host)) return true;
  if (host.empty() || host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-._") != std::string_view::npos)
    return false;
  if (host.ends_with('.')) host.remove_suffix(1);
  return !isNumber(host.substr(host.rfind('.') + 1));
}

// "origin.test:80", "origin.test:80 through the parent proxy 192.0.2.1:3128".
std::string shown(const ConnectPlan& plan) {
  const std::string destination = plan.destination.toString();
  return plan.parent ? destination + " through the parent proxy " + plan.parent->destination.toString() : destination;
}

// What the guard lets through; where that is nothing, why.
Result<Addresses> judged(const ConnectPlan& plan, Addresses addresses) {
  std::string refusals;
  std::erase_if(addresses, [&](const IpAddress& address) {
    const std::string refusal = plan.guard->refusal(address, plan.destination.port);
    if (!refusal.empty()) refusals.append(refusals.empty() ? "" : ", ").append(refusal);
    return !refusal.empty();
  });
  if (!addresses.empty()) return addresses;
  return failure(ErrorKind::kAddressRefused,
                 "no connection to " + plan.destination.toString() + " (not dialled: " + refusals + ")");
}

// A parent dials whatever it is told to: a name is its affair, an address is judged here.
Outcome judgeLiteral(const ConnectPlan& plan) {
  const auto address = IpAddress::parse(plan.destination.host);
  if (!plan.parent || !address) return {};
  auto open = judged(plan, {*address});
  return open ? Outcome{} : std::move(open.error());
}

// As in a URL.
std::string dialledAddress(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto& peer = reinterpret_cast<sockaddr&>(storage);
  const bool known = ::getpeername(descriptor, &peer, &size) == 0;
  const auto address = known ? IpAddress::fromSocketAddress(peer) : std::nullopt;
  if (!address) return "gone";
  // Both families have the port in the same place.
  return Destination{address->toString(), ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port)}.toString();
}

std::chrono::microseconds microsecondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from);
}

}  // namespace

class Connector::Implementation {
 public:
  explicit Implementation(boost::asio::io_context& context) : context_(context), names_(context) {}
  Outcome open() {
    auto dialer = makeCurlDialer(context_);
    if (!dialer) return std::move(dialer.error());
    dialer_ = std::move(*dialer);
    return {};
  }

  Detached run(std::shared_ptr<ConnectJob> job) {
    AsioTimer timer(context_);
    timer.expires_after(job->plan_.limit);
    timer.async_wait([weak = std::weak_ptr(job)](const boost::system::error_code& error) {
      const auto late = weak.lock();
      if (!error && late && late->stop_)
        std::exchange(late->stop_, nullptr)(failure(
            ErrorKind::kConnectTimeout,
            "no connection to " + shown(late->plan_) + " within " + std::to_string(late->plan_.limit.count()) + " ms"));
    });
    auto result = co_await connect(*job);
    job->stop_ = nullptr;
    job->result_.emplace(std::move(result));
    job->done_.store(true, std::memory_order_release);
    job->ended_();
  }

 private:
  Task<Result<Connected>> connect(ConnectJob& job) {
    const ConnectPlan& plan = job.plan_;
    const auto begun = Clock::now();
    const Deadline deadline = Deadline::after(plan.limit);
    if (!isHost(plan.destination.host))
      co_return failure(ErrorKind::kUnresolvable,
                        "\"" + printable(plan.destination.host) + "\" is neither a host name nor an address");
    ConnectReport report;
    auto socket = co_await dial(job, deadline, report);
    if (!socket) co_return std::move(socket.error());
    const auto dialled = Clock::now();
    report.dial = microsecondsBetween(begun, dialled);
    if (!plan.tls) co_return Connected{makeClearConnection(std::move(*socket)), std::move(report)};
    auto handshake = beginTls(std::move(*socket), plan.tls, plan.verifyName, plan.sessionKey);
    if (!handshake) co_return std::move(handshake.error());
    auto secured = co_await secure(job, **handshake);
    if (!secured) co_return std::move(secured.error());
    report.tls = microsecondsBetween(dialled, Clock::now());
    co_return Connected{(*handshake)->take(), std::move(report)};
  }

  // All of it but TLS; notes how in the report.
  Task<Result<FileDescriptor>> dial(ConnectJob& job, Deadline deadline, ConnectReport& report) {
    const ConnectPlan& plan = job.plan_;
    if (!plan.socketPath.empty()) {
      report.address = socketName(plan.socketPath);
      co_return co_await awaitSocket(job);
    }
    if (auto refused = judgeLiteral(plan); !refused) co_return std::move(refused.error());
    auto found = co_await resolve(job, plan.parent ? plan.parent->destination.host : plan.destination.host);
    if (!found) co_return std::move(found.error());
    report.note = std::move(found->note);
    auto open = plan.parent ? std::move(found->addresses) : judged(plan, std::move(found->addresses));
    if (!open) co_return std::move(open.error());
    auto socket = co_await race(job, std::move(*open), deadline.remaining());
    if (socket) report.address = dialledAddress(socket->get());
    co_return std::move(socket);
  }

  // A Unix socket whose queue may be full for a moment.
  Task<Result<FileDescriptor>> awaitSocket(ConnectJob& job) {
    const std::string& path = job.plan_.socketPath;
    AsioTimer timer(context_);
    std::optional<Error> stopped;
    job.stop_ = [&](Error error) {
      stopped = std::move(error);
      timer.cancel();
    };
    auto socket = dialSocket(path);
    while (!socket && !stopped) {
      timer.expires_after(kFullQueue);
      co_await TimerWait{timer};
      if (!stopped) socket = dialSocket(path);
    }
    job.stop_ = nullptr;
    if (!stopped) co_return std::move(*socket);
    if (stopped->kind == ErrorKind::kConnectTimeout)
      stopped->detail =
          "no connection to " + socketName(path) + " in time (its queue is full: whoever listens does not accept)";
    co_return std::move(*stopped);
  }

  Task<Result<FoundAddresses>> resolve(ConnectJob& job, const std::string& host) {
    const ConnectPlan& plan = job.plan_;
    const auto answer = std::make_shared<PendingAddresses>();
    job.stop_ = [answer, &host](Error error) {
      // While a name is looked up, it is the name server that is late.
      if (error.kind == ErrorKind::kConnectTimeout)
        error = failure(ErrorKind::kUnresolvable, "no address for \"" + printable(host) + "\" in time");
      answer->tell(std::move(error));
    };
    // Who has little time must leave some of it for the dial.
    names_.resolve({host, plan.nameServers, plan.names, std::min(kPatienceWithServers, plan.limit / 2)}, answer);
    auto addresses = co_await answer->told();
    job.stop_ = nullptr;
    co_return addresses;
  }

  Task<Result<FileDescriptor>> race(ConnectJob& job, Addresses addresses, milliseconds limit) {
    const ConnectPlan& plan = job.plan_;
    const auto answer = std::make_shared<PendingSocket>();
    const auto race = std::make_shared<AddressRace>(context_, *dialer_, plan.destination,
                                                    plan.parent ? AddressGuard::alwaysOpen() : *plan.guard,
                                                    std::move(addresses), limit, answer, plan.parent.get());
    job.stop_ = [race](Error error) { race->stop(std::move(error)); };
    race->start();
    auto socket = co_await answer->told();
    job.stop_ = nullptr;
    co_return std::move(socket);
  }

  Task<Outcome> secure(ConnectJob& job, TlsHandshake& handshake) {
    AsioDescriptor descriptor(context_, handshake.descriptor());
    std::optional<Error> stopped;
    job.stop_ = [&](Error error) {
      stopped = std::move(error);
      descriptor.cancel();
    };
    IoState state = handshake.advance();
    while (!stopped && (state == IoState::kWantRead || state == IoState::kWantWrite)) {
      const bool ready = co_await ReadyWait{
          descriptor, state == IoState::kWantRead ? AsioDescriptor::wait_read : AsioDescriptor::wait_write};
      if (ready) state = handshake.advance();
    }
    job.stop_ = nullptr;
    descriptor.release();
    if (stopped && stopped->kind == ErrorKind::kConnectTimeout)
      stopped->detail = "the TLS handshake for \"" + job.plan_.verifyName + "\" took too long";
    if (stopped) co_return std::move(*stopped);
    if (state != IoState::kDone) co_return handshake.error();
    co_return Outcome{};
  }

  boost::asio::io_context& context_;
  std::unique_ptr<Dialer> dialer_;
  NameLookup names_;
};

Connector::Connector(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Connector::~Connector() = default;

Result<std::unique_ptr<Connector>> Connector::make(boost::asio::io_context& context) {
  auto implementation = std::make_unique<Implementation>(context);
  if (auto opened = implementation->open(); !opened) return std::move(opened.error());
  return std::unique_ptr<Connector>(new Connector(std::move(implementation)));
}

void Connector::start(std::shared_ptr<ConnectJob> job) {
  implementation_->run(std::move(job));
}

void Connector::giveUp(ConnectJob& job) {
  if (job.stop_)
    std::exchange(job.stop_, nullptr)(failure(ErrorKind::kClientGone, "the client has closed its connection"));
}

Result<Connected> connectHere(ConnectPlan plan, const std::function<bool()>& isWanted) {
  constexpr milliseconds kMoment{50};
  boost::asio::io_context context;
  auto connector = Connector::make(context);
  if (!connector) return std::move(connector.error());
  const auto job = std::make_shared<ConnectJob>(std::move(plan), [&context] { context.stop(); });
  (*connector)->start(job);
  while (!context.stopped()) {
    context.run_for(kMoment);
    if (!job->isDone() && !isWanted()) (*connector)->giveUp(*job);
  }
  return job->take();
}

}  // namespace proxycommon
