// What requests use of a store: its calls where they may be made. A store that never waits for another machine is
// called by the worker itself; any other by threads of its own, while the request is parked or its worker waits, and
// for a while only. A store that fails, is late or has too much to do costs a miss, never a request.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/cache/breaker.h"
#include "common/cache/lost_removals.h"
#include "common/cache/part_storing.h"
#include "common/cache/store.h"
#include "common/cache/store_definition.h"
#include "common/cache/store_threads.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/request_waiter.h"

namespace proxycommon {

// What all children have in common of a store. In shared memory.
struct StoreShared {
  LostRemovals lost;
  std::atomic<std::uint64_t>* failures;   // calls that failed or were late
  std::atomic<Clock::rep>* complainedAt;  // when any child has last said that it fails

  // In the parent, for each generation. Error kInternal.
  static Result<StoreShared> prepare(SharedState& shared, const std::string& store);
};

// An open store of a child, and how it does. Lives as long as the process. Any thread.
class PROXYCOMMON_API ChildStore {
 public:
  // In child_init. Error kInternal: it cannot be opened; the child goes on without it.
  static Result<ChildStore*> open(apr_pool_t& childPool, std::string name, const StoreDefinition& definition,
                                  const StoreShared& shared);

  const std::string& name() const { return name_; }
  Store& store() { return *store_; }
  Breaker& breaker() { return breaker_; }
  StoreThreads& threads() { return threads_; }
  // For removals that the store was not even asked for; others it notes itself.
  const LostRemovals& lost() const { return shared_.lost; }

  // Those of the store, and the calls of all children that failed or were late.
  StoreFigures figures();

  // A call has failed, or was late: the store is left alone, and the log says so once a minute, for all children.
  void failed(Breaker::Call call, const Error& error);
  // More is asked of it than it can do; the same line in the log.
  void overloaded(std::string_view what);
  // What a request has made invalid may be there still; the same line.
  void notRemoved(const Error& error);

 private:
  ChildStore(std::string name, std::unique_ptr<Store> store, const StoreShared& shared);
  void complain(const std::string& what);

  const std::string name_;
  const StoreShared shared_;
  const std::unique_ptr<Store> store_;
  Breaker breaker_;
  StoreThreads threads_;
};

// What NewEntry looks at, kept for the call.
struct OwnedEntry {
  std::string record;
  std::string url;
  std::vector<std::string> tags;
  WallTime began{};
  WallTime useUntil = WallTime::max();
};

// How long a request waits for what may be there, and for what it must not go on without.
inline constexpr milliseconds kFindPatience{250};
inline constexpr milliseconds kRemovePatience{2000};

// nullopt: it is not there. Error: the store has no answer, or the client has gone. All references outlive the Task.
PROXYCOMMON_API Task<Result<std::optional<FoundEntry>>> findIn(ChildStore& store, Digest key, RequestWaiter& waiter,
                                                               milliseconds patience = kFindPatience);

// Without waiting where the store may block. `done` is called once, in any thread, perhaps before the function returns,
// and must not throw: whether it is stored.
PROXYCOMMON_API void putIn(ChildStore& store, const Digest& key, OwnedEntry entry, std::unique_ptr<IncomingBody> body,
                           std::function<void(bool)> done);
// The same for a part: putPart().
PROXYCOMMON_API void putPartIn(ChildStore& store, const Digest& key, OwnedEntry entry,
                               std::unique_ptr<IncomingBody> body, const PartTerms& terms,
                               std::function<void(bool)> done);
// The same; an update that fails costs a revalidation.
PROXYCOMMON_API void updateIn(ChildStore& store, const Digest& key, std::string before, std::string record,
                              WallTime useUntil, std::function<void()> done);

// Awaited before the response goes out: whoever has it may count on it. Error kInternal: it may be there still, and is
// removed before this server uses the store again; kClientGone: it may, or may be removed a little later.
PROXYCOMMON_API Task<Result<bool>> removeIn(ChildStore& store, Digest key, RequestWaiter& waiter);
PROXYCOMMON_API Task<Outcome> removeTaggedIn(ChildStore& store, std::vector<std::string> tags, RequestWaiter& waiter);
PROXYCOMMON_API Task<Outcome> removePrefixIn(ChildStore& store, std::string urlPrefix, RequestWaiter& waiter);

}  // namespace proxycommon
