// What one child process shares. It hangs on the process pool's user data: no global, one for all that is loaded.
#include "common/httpd/child.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "common/httpd/cache_stores.h"
#include "common/httpd/configuration_tree.h"
#include "common/httpd/guarded.h"
#include "common/httpd/mpm_advice.h"
#include "common/httpd/pool_owned.h"
#include "common/net/dialer.h"

namespace proxycommon {
namespace {

constexpr const char* kChildKey = "proxycommon-child-" PROXYCOMMON_VERSION;
constexpr const char* kSharedKey = "proxycommon-shared-" PROXYCOMMON_VERSION;
constexpr const char* kNeedsKey = "proxycommon-needs-" PROXYCOMMON_VERSION;
constexpr std::chrono::milliseconds kEndingTunnels{2000};
// How often those who wait for other children are looked at, in case a wake was missed.
constexpr std::chrono::milliseconds kWakesMissed{100};

int query(int code) {
  int value = 0;
  return ap_mpm_query(code, &value) == APR_SUCCESS ? value : 0;
}

Child* find(const server_rec& server) {
  void* child = nullptr;
  apr_pool_userdata_get(&child, kChildKey, server.process->pool);
  return static_cast<Child*>(child);
}

struct Needs : LibraryNeeds {
  bool hasBegun = false;  // a generation of what is shared
  FlightSlots* flights = nullptr;
  std::optional<HitForMiss> hitForMiss;
};

// What the modules have asked for, for as long as the configuration lives.
Needs& needsOf(apr_pool_t* config) {
  void* needs = nullptr;
  apr_pool_userdata_get(&needs, kNeedsKey, config);
  if (!needs) {
    needs = makePoolOwned<Needs>(config);
    apr_pool_userdata_setn(needs, kNeedsKey, nullptr, config);
  }
  return *static_cast<Needs*>(needs);
}

milliseconds defaultHold(const server_rec&) {
  return kDefaultKeepAliveHold;
}

// Waits a moment; true when httpd is told to stop meanwhile: a child that drains hears of that by SIGTERM, and its
// handler does nothing. Precondition: SIGTERM is blocked in this thread.
bool stopsWithin(milliseconds moment, pid_t parent) {
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  const timespec limit{0, moment.count() * 1'000'000};
  return ::sigtimedwait(&terminate, nullptr, &limit) == SIGTERM || ::getppid() != parent;
}

void blockTerminate() {
  sigset_t terminate;
  sigemptyset(&terminate);
  sigaddset(&terminate, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
}

// As the child's pool goes: while new children serve already, tunnels go on until they end or have drained.
apr_status_t finishTunnels(void* context) {
  Child& child = *static_cast<Child*>(context);
  constexpr milliseconds kMoment{50};
  const pid_t parent = ::getppid();
  blockTerminate();
  // Each tunnel ends at its own drain limit at the latest.
  while (child.reactor->tunnels() > 0 && !stopsWithin(kMoment, parent)) {
  }
  child.reactor->endTunnels();
  const Deadline deadline = Deadline::after(kEndingTunnels);
  while (child.reactor->tunnels() > 0 && !deadline.expired()) stopsWithin(milliseconds{10}, parent);
  // Not destroyed: threads of other modules may still come with a request.
  child.reactor->stop();
  return APR_SUCCESS;
}

void startReactor(Child& child, apr_pool_t* childPool, server_rec& server) {
  const unsigned wanted = needsOf(server.process->pconf).reactorThreads;
  auto reactor = Reactor::start(wanted > 0 ? wanted : Reactor::defaultThreads(), &logEscaped);
  if (!reactor) {
    ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_ERR, 0, &server,
                  "the proxy's reactor does not start: %s; whoever waits holds a worker of this child",
                  reactor.error().detail.c_str());
    return;
  }
  child.reactor = std::move(*reactor);
  apr_pool_pre_cleanup_register(childPool, &child, guarded<&finishTunnels>);
}

// As the child's pool goes, under prefork within the handler of a signal: exit() comes next, and takes OpenSSL down.
apr_status_t freezeThreads(void* context) {
  static_cast<Child*>(context)->freezeThreads();
  return APR_SUCCESS;
}

// Precondition: prepareLibrary has run in the parent.
Child* makeChild() {
  SharedState& shared = *sharedState();
  const std::size_t number = shared.claim(::getpid());
  const std::span<ChildCounters> counters = shared.children().all();
  // Without a place of its own the child counts where nobody looks.
  return new Child(shared, number, number < counters.size() ? counters[number] : *new ChildCounters);
}

}  // namespace

bool canPark() {
  return query(AP_MPMQ_CAN_WAITIO) != 0;
}

SharedState* sharedState() {
  void* retained = ap_retained_data_get(kSharedKey);
  return retained ? *static_cast<SharedState**>(retained) : nullptr;
}

ChildTable* childTable() {
  SharedState* shared = sharedState();
  return shared ? &shared->children() : nullptr;
}

void noteChildStatus(server_rec*, pid_t process, ap_generation_t, int, mpm_child_status status) {
  SharedState* shared = sharedState();
  if (!shared) return;
  if (status == MPM_CHILD_STARTED) shared->noteChild(process);
  if (status == MPM_CHILD_EXITED) shared->strikeOut(process);
}

Outcome prepareLibrary(apr_pool_t* config, const LibraryNeeds& needs) {
  Needs& all = needsOf(config);
  all.reactorThreads = std::max(all.reactorThreads, needs.reactorThreads);
  if (needs.keepAliveHold) all.keepAliveHold = needs.keepAliveHold;
  if (auto prepared = prepareDialer(); !prepared) return prepared;
  if (isFirstOfTwoRuns()) return {};
  if (!sharedState()) {
    auto shared = SharedState::make(static_cast<std::size_t>(std::max(query(AP_MPMQ_HARD_LIMIT_DAEMONS), 1)));
    if (!shared) return std::move(shared.error());
    *static_cast<SharedState**>(ap_retained_data_create(kSharedKey, sizeof(SharedState*))) = *shared;
  }
  if (!std::exchange(all.hasBegun, true)) sharedState()->beginGeneration();
  return {};
}

int endPreparing(apr_pool_t* config, apr_pool_t*, apr_pool_t*, server_rec*) {
  if (needsOf(config).hasBegun) sharedState()->endGeneration();
  return OK;
}

Outcome prepareFlights(apr_pool_t* config) {
  SharedState* shared = sharedState();
  if (!shared) return {};
  auto flights = Flights::prepare(*shared);
  if (!flights) return std::move(flights.error());
  auto hitForMiss = HitForMiss::prepare(*shared);
  if (!hitForMiss) return std::move(hitForMiss.error());
  Needs& all = needsOf(config);
  all.flights = *flights;
  all.hitForMiss = *hitForMiss;
  return {};
}

void ensureChild(apr_pool_t* childPool, server_rec* server) {
  if (find(*server)) return;
  // Never destroyed: under prefork pool cleanups run inside a signal handler, where no lock may be taken; the kernel
  // closes what the process leaves.
  Child* child = makeChild();
  child->workers = std::max(query(AP_MPMQ_MAX_THREADS), 1);
  const Needs& needs = needsOf(server->process->pconf);
  child->keepAliveHold = needs.keepAliveHold ? needs.keepAliveHold : &defaultHold;
  if (needs.flights)
    child->flights =
        std::make_unique<Flights>(child->shared, child->number, *needs.flights, [child] { child->tendFlights(); });
  child->hitForMiss = needs.hitForMiss;
  child->stores = openStores(*childPool, *server);
  child->leavesNotes = configurationMentions("revproxy-") || configurationMentions("fwdproxy-");
  apr_pool_userdata_set(child, kChildKey, apr_pool_cleanup_null, server->process->pool);
  if (canPark()) startReactor(*child, childPool, *server);
  apr_pool_pre_cleanup_register(childPool, child, guarded<&freezeThreads>);
}

Result<Reactor*> Child::sideReactor() {
  if (reactor) return reactor.get();
  if (Reactor* side = side_) return side;
  const std::lock_guard lock(sideMutex_);
  if (Reactor* side = side_) return side;
  auto started = Reactor::start(1, &logEscaped);
  if (!started) return std::move(started.error());
  side_ = started->release();
  return side_.load();
}

Result<H2Pool*> Child::http2() {
  auto reactorOfIt = sideReactor();
  if (!reactorOfIt) return std::move(reactorOfIt.error());
  const std::lock_guard lock(sideMutex_);
  if (!http2_) http2_ = std::make_unique<H2Pool>((*reactorOfIt)->loops());
  return http2_.get();
}

void Child::freezeThreads() {
  // What runs there waits for the reactor, so they come first.
  background.freeze();
  if (Reactor* side = side_) side->freeze();
}

Child& childOf(const server_rec& server) {
  return *find(server);
}

void Child::tendConnections() {
  constexpr milliseconds kInterval{200};
  // Without a thread for it, they are closed when they are met.
  auto side = sideReactor();
  if (!side) return;
  (*side)->repeat(kInterval, [this] {
    const bool goesOn = connections.tend();
    counters.idle.store(static_cast<std::uint32_t>(connections.idleCount()), std::memory_order_relaxed);
    return goesOn;
  });
}

void Child::watchWake(Reactor& side) {
  std::call_once(watchesWake_, [&] {
    const int descriptor = shared.wakeDescriptor(number);
    if (descriptor < 0) return;
    side.watch(descriptor, [this] {
      shared.clearWake(number);
      lineWaiters.wakeNext();
      if (flights) flights->wakeFollowers();
    });
  });
}

void Child::tendLines() {
  auto side = sideReactor();
  if (!side) return;
  watchWake(**side);
  (*side)->repeat(kWakesMissed, [this] { return lineWaiters.tend(); });
}

void Child::tendFlights() {
  auto side = sideReactor();
  if (!side) return;
  watchWake(**side);
  (*side)->repeat(kWakesMissed, [this] { return flights->tend(); });
}

void stopChild(apr_pool_t*, int graceful) {
  Child* child = ap_server_conf ? find(*ap_server_conf) : nullptr;
  if (!child) return;
  // Under prefork this is a signal handler: a number may be set there, a descriptor written to, and no more.
  child->stoppingSince = Clock::now().time_since_epoch().count();
  child->background.stop();
  if (!child->reactor) return;
  child->reactor->drain();
  if (!graceful) child->reactor->endTunnels();
}

}  // namespace proxycommon
