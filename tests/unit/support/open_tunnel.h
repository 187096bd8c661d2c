// A tunnel that a reactor pumps, with both far ends in the test's hands.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "common/reactor/reactor.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

inline constexpr proxycommon::milliseconds kLongTime{60'000};

// One in which no exception may reach the end of a thread.
std::unique_ptr<proxycommon::Reactor> startReactor(unsigned threads);

// What a tunnel is opened with, besides its connections.
struct TunnelSetup {
  std::string fromClient;
  std::string fromBackend;
  proxycommon::TunnelLimits limits{kLongTime, kLongTime, kLongTime};
};

class OpenTunnel {
 public:
  // Both sides are TCP.
  explicit OpenTunnel(proxycommon::Reactor& reactor, TunnelSetup setup = {});
  // The backend's side is `backend`, whose far end is none of this one's.
  OpenTunnel(proxycommon::Reactor& reactor, std::unique_ptr<proxycommon::Connection> backend, TunnelSetup setup = {});

  // Closes what is left of the far ends, and waits for the end: a tunnel must not outlive its reactor.
  ~OpenTunnel();
  OpenTunnel(const OpenTunnel&) = delete;

  // The far ends; they block.
  proxycommon::FileDescriptor client;
  proxycommon::FileDescriptor backend;

  bool hasEnded() const;
  // Waits until it has.
  proxycommon::TunnelEnd end();

 private:
  void pump(proxycommon::Reactor& reactor, std::unique_ptr<proxycommon::Connection> backendSide, TunnelSetup setup);
  std::future<proxycommon::TunnelEnd> end_;
};

// Waits until it carries none; whether it came to that.
bool becomesIdle(const proxycommon::Reactor& reactor);

}  // namespace proxytest
