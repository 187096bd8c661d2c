// Watcher: watches the descriptors and deadlines of parked requests and signals each one's Wake, once, at the first
// that comes true. Threads that park and resume call it directly; one thread of the reactor runs dispatch(). It changes
// no descriptor's mode, so what is watched stays its owner's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/net/waiter.h"
#include "common/reactor/wake.h"

namespace proxycommon {

// Any thread, but dispatch(), which is one thread's.
class PROXYCOMMON_API Watcher {
 public:
  using Id = std::uint64_t;
  struct Watch {
    int backend = -1;
    short backendEvents = 0;
    int client = -1;
    short clientEvents = 0;  // POLLIN, POLLOUT, POLLRDHUP: the client has closed its side
    Clock::time_point until{};
  };

  // Error kInternal: no descriptor left.
  static Result<std::unique_ptr<Watcher>> make();

  // The descriptors must stay open until remove(). A descriptor is in one watch at a time.
  Id add(const Watch& watch, std::shared_ptr<const Wake> wake);
  // Ends the watch, and tells what came true. Nothing is signalled for it afterwards.
  Woken remove(Id id);
  // Signals everyone, for reasons that the watcher need not know.
  void wakeAll();

  // Readable when dispatch() has something to do.
  int descriptor() const { return poll_.get(); }
  void dispatch();

 private:
  struct Entry {
    Watch watch;
    std::shared_ptr<const Wake> wake;
    Woken woken;
  };
  using Deadlines = std::set<std::pair<Clock::time_point, Id>>;

  Watcher(FileDescriptor poll, FileDescriptor timer) : poll_(std::move(poll)), timer_(std::move(timer)) {}
  void listen(int descriptor, short events, std::uint64_t tag);
  void note(std::uint64_t tag, std::uint32_t events);
  void armTimer(Clock::time_point at);
  void expire();

  FileDescriptor poll_;
  FileDescriptor timer_;
  std::mutex mutex_;
  std::unordered_map<Id, Entry> entries_;
  Deadlines deadlines_;
  Clock::time_point armed_ = Clock::time_point::max();
  Id lastId_ = 0;
};

}  // namespace proxycommon
