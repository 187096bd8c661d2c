// Connector: from a destination to a connection that can be used: name, guard, dial, TLS. It waits on an event loop,
// which is the reactor's or, where there is none, one of the calling thread's own; the code is the same.
#pragma once

#include <atomic>
#include <chrono>
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

class NameCache;

struct ParentProxy;

struct ConnectPlan {
  Destination destination;
  // A Unix socket that is dialled in the destination's place, from the configuration alone; empty: none.
  std::string socketPath;
  // Through which the destination is reached, unless a socket is; none: directly. Name servers are then asked for its
  // name and not the destination's, and the guard judges the destination alone, where that is an address.
  std::shared_ptr<const ParentProxy> parent;
  const AddressGuard* guard = nullptr;  // of the configuration: lives as long as the process
  milliseconds limit{0};                // for all of it
  std::string nameServers;              // as readNameServers() gives them; empty: the system's
  NameCache* names = nullptr;           // the child's; none: each name is looked up
  std::shared_ptr<TlsContext> tls;      // none: a clear connection
  std::string verifyName;               // of tls
  std::string sessionKey;               // of tls
};

// How a connection came about, for logs.
struct ConnectReport {
  std::string address;                // what was dialled: "192.0.2.1:80", "[2001:db8::1]:443", "unix:/path"
  std::chrono::microseconds dial{0};  // until the socket stood, the name's look-up included
  std::chrono::microseconds tls{0};   // the handshake; zero for a clear connection
  std::string note;                   // what else the log should know; mostly empty
};

struct Connected {
  std::unique_ptr<Connection> connection;
  ConnectReport report;
};

// One connection on its way, shared between who wants it and the loop that makes it.
class PROXYCOMMON_API ConnectJob {
 public:
  // `ended` is called once, on the loop's thread.
  ConnectJob(ConnectPlan plan, std::function<void()> ended) : plan_(std::move(plan)), ended_(std::move(ended)) {}

  // Any thread. Precondition of take(): isDone().
  bool isDone() const { return done_.load(std::memory_order_acquire); }
  Result<Connected> take() { return std::move(*result_); }

 private:
  friend class Connector;
  const ConnectPlan plan_;
  std::function<void()> ended_;
  std::optional<Result<Connected>> result_;
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

// Blocks the calling thread. Any thread. `isWanted` is asked in that thread, some twenty times a second; once it says
// no, the connection is given up. Errors: kUnresolvable, kRefused, kUnreachable, kConnectTimeout, kAddressRefused (by
// the guard), kPermissionDenied (of a socket), kParentRefused, the kTls kinds, kClientGone (given up), kInternal.
PROXYCOMMON_API Result<Connected> connectHere(
    ConnectPlan plan, const std::function<bool()>& isWanted = [] { return true; });

}  // namespace proxycommon
