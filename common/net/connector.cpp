// Name, guard, dial, TLS.
#include "common/net/connector.h"

#include <csignal>
#include <map>
#include <utility>

#include "common/base/text.h"
#include "common/net/address_race.h"
#include "common/net/ares_resolver.h"
#include "common/net/event_loop.h"

namespace proxycommon {
namespace {

// A host that a resolver or curl could read as anything but a host must not get there.
bool isPlainHost(std::string_view host) {
  return !host.empty() && host.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._:") == std::string_view::npos;
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

}  // namespace

class Connector::Implementation {
 public:
  explicit Implementation(boost::asio::io_context& context) : context_(context) {}
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
        std::exchange(late->stop_, nullptr)(
            failure(ErrorKind::kConnectTimeout, "no connection to " + late->plan_.destination.toString() + " within " +
                                                    std::to_string(late->plan_.limit.count()) + " ms"));
    });
    auto result = co_await connect(*job);
    job->stop_ = nullptr;
    job->result_.emplace(std::move(result));
    job->done_.store(true, std::memory_order_release);
    job->ended_();
  }

 private:
  Task<Result<std::unique_ptr<Connection>>> connect(ConnectJob& job) {
    const ConnectPlan& plan = job.plan_;
    const Deadline deadline = Deadline::after(plan.limit);
    if (!isPlainHost(plan.destination.host))
      co_return failure(ErrorKind::kUnresolvable, "\"" + printable(plan.destination.host) + "\" is not a host name");
    auto addresses = co_await resolve(job);
    if (!addresses) co_return std::move(addresses.error());
    auto open = judged(plan, std::move(*addresses));
    if (!open) co_return std::move(open.error());
    auto socket = co_await dial(job, std::move(*open), deadline.remaining());
    if (!socket) co_return std::move(socket.error());
    if (!plan.tls) co_return makeClearConnection(std::move(*socket));
    auto handshake = beginTls(std::move(*socket), plan.tls, plan.verifyName, plan.sessionKey);
    if (!handshake) co_return std::move(handshake.error());
    auto secured = co_await secure(job, **handshake);
    if (!secured) co_return std::move(secured.error());
    co_return (*handshake)->take();
  }

  Task<Result<Addresses>> resolve(ConnectJob& job) {
    if (const auto address = IpAddress::parse(job.plan_.destination.host)) co_return Addresses{*address};
    auto resolver = resolverOf(job.plan_.nameServers);
    if (!resolver) co_return std::move(resolver.error());
    const auto answer = std::make_shared<PendingAddresses>();
    job.stop_ = [answer, &job](Error error) {
      // While a name is looked up, it is the name server that is late.
      if (error.kind == ErrorKind::kConnectTimeout)
        error = failure(ErrorKind::kUnresolvable,
                        "no address for \"" + printable(job.plan_.destination.host) + "\" in time");
      answer->tell(std::move(error));
    };
    (*resolver)->resolve(job.plan_.destination.host, answer);
    auto addresses = co_await answer->told();
    job.stop_ = nullptr;
    co_return addresses;
  }

  Task<Result<FileDescriptor>> dial(ConnectJob& job, Addresses addresses, milliseconds limit) {
    const auto answer = std::make_shared<PendingSocket>();
    const auto race = std::make_shared<AddressRace>(context_, *dialer_, job.plan_.destination, *job.plan_.guard,
                                                    std::move(addresses), limit, answer);
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

  Result<Resolver*> resolverOf(const std::string& nameServers) {
    auto& resolver = resolvers_[nameServers];
    if (!resolver) {
      auto made = makeAresResolver(context_, nameServers);
      if (!made) return std::move(made.error());
      resolver = std::move(*made);
    }
    return resolver.get();
  }

  boost::asio::io_context& context_;
  std::unique_ptr<Dialer> dialer_;
  std::map<std::string, std::unique_ptr<Resolver>> resolvers_;
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

Result<std::unique_ptr<Connection>> connectHere(ConnectPlan plan, const std::function<bool()>& isWanted) {
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
