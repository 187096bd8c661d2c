// LineWaiters: those of one child who wait in lines, in the order in which they came. When the child is woken, only
// those are who are next in their lines: there may be thousands behind them.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "common/shared/shared_state.h"

namespace proxycommon {

// Any thread.
class LineWaiters {
 public:
  // `begin` is called when somebody comes to wait and nobody looks after them: from then on tend() is to be called now
  // and then, until it gives false.
  LineWaiters(const SharedState& shared, std::size_t child, std::function<void()> begin)
      : shared_(shared), child_(child), begin_(std::move(begin)) {}

 private:
  using Kind = std::pair<WaitLine, std::uint32_t>;
  struct Waiting {
    WaitLine::Place place;
    std::function<void()> wake;
  };
  using Queue = std::list<Waiting>;

 public:
  // One who waits. When it dies it leaves, and who is behind it is woken, in whichever child.
  class Place {
   public:
    Place(LineWaiters& waiters, std::map<Kind, Queue>::iterator kind, Queue::iterator own)
        : waiters_(waiters), kind_(kind), own_(own) {}
    Place(const Place&) = delete;
    ~Place() { waiters_.leave(kind_, own_); }

    // Whether it may try.
    bool isNext() const { return kind_->first.first.isNext(own_->place); }
    std::uint32_t wanted() const { return kind_->first.second; }
    // It waits for that from now on, before all who came later; who was behind it is woken.
    void want(std::uint32_t wanted) { kind_ = waiters_.move(kind_, own_, wanted); }

   private:
    LineWaiters& waiters_;
    std::map<Kind, Queue>::iterator kind_;
    const Queue::iterator own_;
  };

  // At the end of the line; nullptr: as many wait as may. `wake` is called under a lock, in any thread, whenever there
  // is reason to try, and perhaps without; never once the place has died.
  std::unique_ptr<Place> join(const WaitLine& line, std::uint32_t wanted, std::size_t limit,
                              std::function<void()> wake);

  // The child was woken: wakes all who are next.
  void wakeNext();
  // The same, for a wake that was missed. Whether anybody waits.
  bool tend();

 private:
  void wakeNextLocked();
  void leave(std::map<Kind, Queue>::iterator kind, Queue::iterator own);
  std::map<Kind, Queue>::iterator move(std::map<Kind, Queue>::iterator kind, Queue::iterator own, std::uint32_t wanted);
  void wakeBehind(const Kind& left) const;

  const SharedState& shared_;
  const std::size_t child_;
  const std::function<void()> begin_;
  std::mutex mutex_;
  std::map<Kind, Queue> queues_;
  bool isTended_ = false;
};

}  // namespace proxycommon
