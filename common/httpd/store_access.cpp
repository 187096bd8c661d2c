// Calls to stores on behalf of requests.
#include "common/httpd/store_access.h"

#include <exception>
#include <mutex>

#include "common/cache/mending_store.h"
#include "common/httpd/child.h"
#include "common/httpd/guarded.h"

namespace proxycommon {
namespace {

// Calls that wait for a thread. Those that bring something hold it in memory meanwhile.
constexpr std::size_t kMostWaiting = 1000;
constexpr std::size_t kMostWaitingPuts = 100;
// For the calls that run when the child ends. Under prefork it ends in a signal handler.
constexpr milliseconds kEndingCalls{200};

template <class T>
using StoreCall = std::function<Result<T>(Store&)>;

apr_status_t freezeThreads(void* context) {
  static_cast<ChildStore*>(context)->threads().freeze(kEndingCalls);
  return APR_SUCCESS;
}

template <class T>
Result<T> callAndCatch(Store& store, const StoreCall<T>& what) {
  try {
    return what(store);
  } catch (const std::exception& escaped) {
    return failure(ErrorKind::kInternal, std::string("it let an exception out: ") + escaped.what());
  } catch (...) {
    return failure(ErrorKind::kInternal, "it let an exception out");
  }
}

// In the calling thread; tells the breaker how it was.
template <class T>
Result<T> callHere(ChildStore& at, Breaker::Call call, const StoreCall<T>& what, milliseconds patience) {
  const auto begun = Clock::now();
  auto result = callAndCatch(at.store(), what);
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  if (!result)
    at.failed(call, result.error());
  else if (at.store().mayBlock() && took > patience)
    at.failed(call, failure(ErrorKind::kInternal, "it took " + std::to_string(took.count()) + " ms"));
  else
    at.breaker().succeeded(call);
  return result;
}

// A call that one thread makes and another one waits for. Held by both, so that either may come late.
template <class T>
class AwaitedCall {
 public:
  AwaitedCall(Breaker::Call call, StoreCall<T> what, std::shared_ptr<const Wake> wake, milliseconds patience)
      : call_(call), what_(std::move(what)), wake_(std::move(wake)), patience_(patience) {}

  void make(ChildStore& at) {
    {
      const std::lock_guard lock(mutex_);
      if (isGivenUp_) return;
    }
    auto result = callHere(at, call_, what_, patience_);
    const std::lock_guard lock(mutex_);
    if (isGivenUp_) return;
    result_.emplace(std::move(result));
    wake_->signal();
  }
  std::optional<Result<T>> take() {
    const std::lock_guard lock(mutex_);
    return std::move(result_);
  }
  // One that has not begun never does.
  void giveUp() {
    const std::lock_guard lock(mutex_);
    isGivenUp_ = true;
  }

 private:
  const Breaker::Call call_;
  const StoreCall<T> what_;
  const std::shared_ptr<const Wake> wake_;
  const milliseconds patience_;
  std::mutex mutex_;
  std::optional<Result<T>> result_;
  bool isGivenUp_ = false;
};

// Whether a removal that nobody waits for any more is made all the same is what tells it from a search.
enum class WhenGone { kDrop, kMake };

template <class T>
Task<Result<T>> ask(ChildStore& at, StoreCall<T> what, RequestWaiter& waiter, milliseconds patience,
                    WhenGone whenGone) {
  const auto call = at.breaker().begin(Clock::now());
  if (!call) co_return failure(ErrorKind::kInternal, "it has failed, and is left alone for a while");
  if (!at.store().mayBlock()) co_return callHere(at, *call, what, patience);
  const auto wake = waiter.wake();
  if (!wake) co_return failure(ErrorKind::kInternal, "no descriptor is left to wait with");
  const auto awaited = std::make_shared<AwaitedCall<T>>(*call, std::move(what), wake, patience);
  if (!at.threads().run([awaited, &at] { awaited->make(at); }, kMostWaiting)) {
    at.overloaded("calls");
    co_return failure(ErrorKind::kInternal, "too many calls wait for it");
  }
  Interest interest;
  interest.here = waiter.patience();
  interest.until = Clock::now() + patience;
  while (true) {
    if (auto result = awaited->take()) co_return std::move(*result);
    if (interest.until <= Clock::now()) break;
    const Woken woken = co_await waiter.until(interest);
    if (!woken.clientGone) continue;
    if (whenGone == WhenGone::kDrop) awaited->giveUp();
    co_return failure(ErrorKind::kClientGone, "the client has closed its connection");
  }
  if (whenGone == WhenGone::kDrop) awaited->giveUp();
  auto late = failure(ErrorKind::kInternal, "no answer within " + std::to_string(patience.count()) + " ms");
  at.failed(*call, late);
  co_return std::move(late);
}

// Without anybody who waits. Whether the call was or will be made.
template <class T>
bool send(ChildStore& at, StoreCall<T> what, std::function<void(const Result<T>&)> done) {
  const auto call = at.breaker().begin(Clock::now());
  if (!call) return false;
  if (!at.store().mayBlock()) {
    done(callHere(at, *call, what, kRemovePatience));
    return true;
  }
  auto make = [&at, call = *call, what = std::move(what), done = std::move(done)] {
    // While it waited for a thread the store may have failed others.
    if (at.breaker().rest(Clock::now()) > milliseconds{0}) {
      done(failure(ErrorKind::kInternal, "it has failed, and is left alone for a while"));
      return;
    }
    done(callHere(at, call, what, kRemovePatience));
  };
  if (at.threads().run(std::move(make), kMostWaitingPuts)) return true;
  at.overloaded("responses");
  return false;
}

// The store may never have heard of it. Where the client has gone it has, and notes itself what it cannot do.
template <class T>
bool isLost(const Result<T>& removed) {
  return !removed && removed.error().kind != ErrorKind::kClientGone;
}

}  // namespace

Result<StoreShared> StoreShared::prepare(SharedState& shared, const std::string& store) {
  auto lost = LostRemovals::prepare(shared, store);
  if (!lost) return std::move(lost.error());
  auto failures = shared.state<std::atomic<std::uint64_t>>("cache-failures " + store);
  if (!failures) return std::move(failures.error());
  auto complainedAt = shared.state<std::atomic<Clock::rep>>("cache-complaint " + store);
  if (!complainedAt) return std::move(complainedAt.error());
  return StoreShared{*lost, *failures, *complainedAt};
}

ChildStore::ChildStore(std::string name, std::unique_ptr<Store> store, const StoreShared& shared)
    : name_(std::move(name)), shared_(shared), store_(std::make_unique<MendingStore>(std::move(store), shared.lost)) {}

Result<ChildStore*> ChildStore::open(apr_pool_t& childPool, std::string name, const StoreDefinition& definition,
                                     const StoreShared& shared) {
  auto store = definition.open();
  if (!store) return std::move(store.error());
  // Never destroyed: its threads may be in a call when the process ends.
  auto* opened = new ChildStore(std::move(name), std::move(*store), shared);
  apr_pool_pre_cleanup_register(&childPool, opened, guarded<&freezeThreads>);
  // exit() takes down OpenSSL and all that is static: not under a call that is late.
  opened->threads().outliveExit();
  return opened;
}

StoreFigures ChildStore::figures() {
  StoreFigures figures = store_->figures();
  figures.failures = shared_.failures->load(std::memory_order_relaxed);
  return figures;
}

void ChildStore::failed(Breaker::Call call, const Error& error) {
  shared_.failures->fetch_add(1, std::memory_order_relaxed);
  const auto now = Clock::now();
  breaker_.failed(call, now);
  complain("fails: " + error.detail + "; requests go on without it, and it is tried again in " +
           std::to_string(breaker_.rest(now).count()) + " ms: is what it stands on running, and is there room?");
}

void ChildStore::overloaded(std::string_view what) {
  complain("cannot keep up: more " + std::string(what) +
           " wait for it than may, and requests go on without it: is what it stands on too slow, or too far away?");
}

void ChildStore::notRemoved(const Error& error) {
  complain("has not removed what requests make invalid: " + error.detail);
}

void ChildStore::complain(const std::string& what) {
  if (!Breaker::mayComplain(*shared_.complainedAt, Clock::now())) return;
  ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_ERR, 0, ap_server_conf, "cache store \"%s\" %s",
                name_.c_str(), what.c_str());
}

Task<Result<std::optional<FoundEntry>>> findIn(ChildStore& store, Digest key, RequestWaiter& waiter,
                                               milliseconds patience) {
  StoreCall<std::optional<FoundEntry>> what = [key](Store& at) { return at.find(key); };
  co_return co_await ask(store, std::move(what), waiter, patience, WhenGone::kDrop);
}

namespace {

// `put` gets the store, the entry and the body.
template <class Put>
void putBy(Put put, ChildStore& store, OwnedEntry entry, std::unique_ptr<IncomingBody> body,
           std::function<void(bool)> done) {
  // A std::function is copied, what it brings is not.
  struct Brought {
    OwnedEntry entry;
    std::unique_ptr<IncomingBody> body;
  };
  auto brought = std::make_shared<Brought>(Brought{std::move(entry), std::move(body)});
  StoreCall<bool> what = [put, brought](Store& at) {
    const OwnedEntry& own = brought->entry;
    return put(at, NewEntry{own.record, own.url, own.tags, own.began, own.useUntil}, *brought->body);
  };
  auto told = [done](const Result<bool>& stored) { done(stored && *stored); };
  if (!send<bool>(store, std::move(what), std::move(told))) done(false);
}

}  // namespace

void putIn(ChildStore& store, const Digest& key, OwnedEntry entry, std::unique_ptr<IncomingBody> body,
           std::function<void(bool)> done) {
  const auto put = [key](Store& at, const NewEntry& given, IncomingBody& bytes) { return at.put(key, given, bytes); };
  putBy(put, store, std::move(entry), std::move(body), std::move(done));
}

void putPartIn(ChildStore& store, const Digest& key, OwnedEntry entry, std::unique_ptr<IncomingBody> body,
               const PartTerms& terms, std::function<void(bool)> done) {
  const auto put = [key, terms](Store& at, const NewEntry& given, IncomingBody& bytes) {
    return putPart(at, key, given, bytes, terms);
  };
  putBy(put, store, std::move(entry), std::move(body), std::move(done));
}

void updateIn(ChildStore& store, const Digest& key, std::string before, std::string record, WallTime useUntil,
              std::function<void()> done) {
  StoreCall<bool> what = [key, before = std::move(before), record = std::move(record), useUntil](Store& at) {
    return at.update(key, before, record, useUntil);
  };
  if (!send<bool>(store, std::move(what), [done](const Result<bool>&) { done(); })) done();
}

Task<Result<bool>> removeIn(ChildStore& store, Digest key, RequestWaiter& waiter) {
  StoreCall<bool> what = [key](Store& at) { return at.remove(key); };
  auto removed = co_await ask(store, std::move(what), waiter, kRemovePatience, WhenGone::kMake);
  if (isLost(removed)) store.lost().noteKey(key);
  co_return removed;
}

Task<Outcome> removeTaggedIn(ChildStore& store, std::vector<std::string> tags, RequestWaiter& waiter) {
  const auto lose = [tags, lost = store.lost()] {
    for (const std::string& tag : tags) lost.noteTag(tag);
  };
  StoreCall<void> what = [tags, lose](Store& at) -> Outcome {
    for (const std::string& tag : tags)
      if (auto removed = at.removeTagged(tag); !removed) {
        lose();
        return removed;
      }
    return {};
  };
  auto removed = co_await ask(store, std::move(what), waiter, kRemovePatience, WhenGone::kMake);
  if (isLost(removed)) lose();
  co_return removed;
}

Task<Outcome> removePrefixIn(ChildStore& store, std::string urlPrefix, RequestWaiter& waiter) {
  StoreCall<void> what = [urlPrefix](Store& at) { return at.removePrefix(urlPrefix); };
  auto removed = co_await ask(store, std::move(what), waiter, kRemovePatience, WhenGone::kMake);
  if (isLost(removed)) store.lost().notePrefix(urlPrefix);
  co_return removed;
}

}  // namespace proxycommon
