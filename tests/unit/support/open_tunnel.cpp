// See open_tunnel.h.
#include "tests/unit/support/open_tunnel.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

namespace proxytest {

using proxycommon::makeClearConnection;
using proxycommon::TunnelEnd;
using proxycommon::TunnelPlan;

std::unique_ptr<proxycommon::Reactor> startReactor(unsigned threads) {
  auto started = proxycommon::Reactor::start(threads, [](const char* what) noexcept {
    std::fprintf(stderr, "an exception has reached the end of the reactor's thread: %s\n", what);
    std::abort();
  });
  if (!started) throw std::runtime_error(started.error().detail);
  return std::move(*started);
}

OpenTunnel::OpenTunnel(proxycommon::Reactor& reactor, TunnelSetup setup) {
  SocketPair pair = makeTcpPair();
  backend = std::move(pair.theirs);
  pump(reactor, makeClearConnection(std::move(pair.ours)), std::move(setup));
}

OpenTunnel::OpenTunnel(proxycommon::Reactor& reactor, std::unique_ptr<proxycommon::Connection> backendSide,
                       TunnelSetup setup) {
  pump(reactor, std::move(backendSide), std::move(setup));
}

OpenTunnel::~OpenTunnel() {
  client = proxycommon::FileDescriptor();
  backend = proxycommon::FileDescriptor();
  if (end_.valid()) end_.wait_for(kLongTime);
}

void OpenTunnel::pump(proxycommon::Reactor& reactor, std::unique_ptr<proxycommon::Connection> backendSide,
                      TunnelSetup setup) {
  SocketPair pair = makeTcpPair();
  client = std::move(pair.theirs);
  const auto ended = std::make_shared<std::promise<TunnelEnd>>();
  end_ = ended->get_future();
  reactor.pump(TunnelPlan{makeClearConnection(std::move(pair.ours)), std::move(backendSide),
                          std::move(setup.fromClient), std::move(setup.fromBackend), setup.limits,
                          [ended](const TunnelEnd& end) { ended->set_value(end); }});
}

bool OpenTunnel::hasEnded() const {
  return end_.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
}

TunnelEnd OpenTunnel::end() {
  if (end_.wait_for(std::chrono::seconds{30}) != std::future_status::ready)
    throw std::runtime_error("the tunnel does not end");
  return end_.get();
}

bool becomesIdle(const proxycommon::Reactor& reactor) {
  for (int wait = 0; wait < 20'000 && reactor.tunnels() > 0; ++wait)
    std::this_thread::sleep_for(proxycommon::milliseconds{1});
  return reactor.tunnels() == 0;
}

}  // namespace proxytest
