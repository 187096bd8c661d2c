// Connector: from a destination to a connection that can be used: name, guard, dial, TLS. It waits on an event loop,
// which is the reactor's or, where there is none, one of the calling thread's own; the code is the same.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/address_guard.h"
#include "common/net/connection.h"
#include "common/net/dialer.h"
#include "common/net/tls_context.h"

namespace boost::asio {
class io_context;
}

namespace proxycommon {

struct ConnectPlan {
  Destination destination;
  const AddressGuard* guard = nullptr;  // of the configuration: lives as long as the process
  milliseconds limit{0};                // for all of it
  std::string nameServers;              // as readNameServers() gives them; empty: the system's
  std::shared_ptr<TlsContext> tls;      // none: a clear connection
  std::string verifyName;               // of tls
  std::string sessionKey;               // of tls
};

// One connection on its way, shared between who wants it and the loop that makes it.
class PROXYCOMMON_API ConnectJob {
 public:
  // `ended` is called once, on the loop's thread.
  ConnectJob(ConnectPlan plan, std::function<void()> ended) : plan_(std::move(plan)), ended_(std::move(ended)) {}

  // Any thread. Precondition of take(): isDone().
  bool isDone() const { return done_.load(std::memory_order_acquire); }
  Result<std::unique_ptr<Connection>> take() { return std::move(*result_); }

 private:
  friend class Connector;
  const ConnectPlan plan_;
  std::function<void()> ended_;
  std::optional<Result<std::unique_ptr<Connection>>> result_;
  std::atomic<bool> done_ = false;
  // Of the loop's thread: what stops the wait under way, with the error that it then has.
  std::function<void(Error)> stop_;
};

// On the thread of its loop, but the constructor.
class Connector {
 public:
  static Result<std::unique_ptr<Connector>> make(boost::asio::io_context& context);
  ~Connector();

  void start(std::shared_ptr<ConnectJob> job);
  // Nobody wants it any more: a dial under way ends now.
  void giveUp(ConnectJob& job);

 private:
  class Implementation;
  explicit Connector(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

// What a loop has for those who run on it. For its thread, but to post work there.
struct LoopServices {
  boost::asio::io_context& context;
  Connector& connector;
};

// Blocks the calling thread. Any thread. Errors: kUnresolvable, kRefused, kUnreachable, kConnectTimeout,
// kAddressRefused (by the guard), kTlsUntrusted, kTlsFailed, kInternal.
PROXYCOMMON_API Result<std::unique_ptr<Connection>> connectHere(ConnectPlan plan);

}  // namespace proxycommon
