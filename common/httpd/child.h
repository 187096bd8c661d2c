// Child: what one child process shares between all its workers and both modules: connections, TLS contexts, the
// reactor, the count of tunnels. Made in child_init by whichever module comes first; lives as long as the process.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/flights.h"
#include "common/cache/hit_for_miss.h"
#include "common/http/h2_pool.h"
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"
#include "common/net/name_cache.h"
#include "common/net/tls_context.h"
#include "common/pool/connection_pool.h"
#include "common/reactor/background_threads.h"
#include "common/reactor/reactor.h"
#include "common/reactor/tunnel_slots.h"
#include "common/shared/line_waiters.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

class ChildStore;

// How long a worker stays with a client of that server that may ask again.
using KeepAliveHold = milliseconds (*)(const server_rec&);
inline constexpr milliseconds kDefaultKeepAliveHold{20};

// What a module asks of the library.
struct LibraryNeeds {
  unsigned reactorThreads = 0;            // zero: the default; of several, the largest counts
  KeepAliveHold keepAliveHold = nullptr;  // none: the default
};

struct PROXYCOMMON_API Child {
  // What is shared, the child's number there, and its counters.
  Child(SharedState& state, std::size_t own, ChildCounters& counted)
      : shared(state),
        number(own),
        counters(counted),
        connections([this] { tendConnections(); }),
        tunnelSlots(counted.tunnels),
        lineWaiters(state, own, [this] { tendLines(); }) {}

  SharedState& shared;
  const std::size_t number;
  ChildCounters& counters;
  ConnectionPool connections;
  TlsContexts tlsContexts;
  NameCache names;
  TunnelSlots tunnelSlots;
  LineWaiters lineWaiters;  // waitInLine() joins
  // Where prepareFlights() has run in the parent; else none.
  std::unique_ptr<Flights> flights;
  std::optional<HitForMiss> hitForMiss;
  std::vector<ChildStore*> stores;  // of the cache, that are used
  std::atomic<int> busyWorkers{0};  // those with a client's connection
  std::atomic<int> holdingWorkers{0};
  int workers = 1;
  KeepAliveHold keepAliveHold = nullptr;
  BackgroundThreads background{&logEscaped};
  bool leavesNotes = false;  // the configuration reads notes of ours
  // Under MPMs that take connections back alone; elsewhere whoever waits does so in its worker.
  std::unique_ptr<Reactor> reactor;
  // A reactor in any case, for what needs a loop: where there is none above, one of a single thread is started for it,
  // and nobody is parked. Any thread. Error kInternal.
  Result<Reactor*> sideReactor();
  // What carries HTTP/2 to backends, on its loops. Any thread. Error kInternal.
  Result<H2Pool*> http2();

  // When the child began to stop, as a Clock's count; the largest one while it does not.
  std::atomic<Clock::rep> stoppingSince{Clock::time_point::max().time_since_epoch().count()};

  // Connections of the pool are looked at for as long as a peer is remembered.
  void tendConnections();
  // Whoever waits in a line is woken by other children, and now and then, for as long as anybody waits.
  void tendLines();
  // The same for those who follow flights.
  void tendFlights();

  // Whether fewer than a quarter of the workers are free, or fewer than two: with one, the MPM takes no connection.
  bool workersAreScarce() const { return busyWorkers * 4 > workers * 3 || workers - busyWorkers < 2; }

  // In a signal handler under prefork: the threads of `background` and of sideReactor() must not run on while the
  // process ends.
  void freezeThreads();

 private:
  void watchWake(Reactor& side);

  std::mutex sideMutex_;
  std::atomic<Reactor*> side_{nullptr};
  std::unique_ptr<H2Pool> http2_;
  std::once_flag watchesWake_;
};

// In post_config, for each module: what must be there before a child is. Error kInternal.
PROXYCOMMON_API Outcome prepareLibrary(apr_pool_t* config, const LibraryNeeds& needs);
// The same, where anything is cached: between beginGeneration() and endGeneration() of what is shared.
PROXYCOMMON_API Outcome prepareFlights(apr_pool_t* config);
// In child_init.
PROXYCOMMON_API void ensureChild(apr_pool_t* childPool, server_rec* server);
// Any thread of a child. Precondition: ensureChild has run in this child.
PROXYCOMMON_API Child& childOf(const server_rec& server);
// In post_config, after all modules: what nobody has asked for may go to others.
int endPreparing(apr_pool_t* config, apr_pool_t*, apr_pool_t*, server_rec*);
// What prepareLibrary has made, in any process; nullptr before.
PROXYCOMMON_API SharedState* sharedState();
// Its table of children.
PROXYCOMMON_API ChildTable* childTable();
// The child_status hook, in the parent.
void noteChildStatus(server_rec* main, pid_t process, ap_generation_t generation, int slot, mpm_child_status status);

// The child_stopping hook: tunnels begin to drain, or end.
void stopChild(apr_pool_t* childPool, int graceful);

// Whether the MPM waits for descriptors in a worker's place.
PROXYCOMMON_API bool canPark();

}  // namespace proxycommon
