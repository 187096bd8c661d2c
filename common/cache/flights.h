// Flights: requests for the same thing that are under way, over the children of all generations: one of them, the
// leader, asks the backend, the others follow it. In shared memory, so that nothing is asked for twice; what a leader
// that died leaves is taken over by one who follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/shared/shared_state.h"

namespace proxycommon {

enum class FlightPhase : std::uint8_t {
  kAsking,       // nothing is known yet
  kStreaming,    // the response may be shared, and can be followed in a file
  kStored,       // over: look into the store
  kUncacheable,  // over: everybody for himself
  kFailed,       // over: no response; everybody for himself
  kAbandoned,    // its leader died: whoever comes first may lead
};

struct FlightSlots;  // in shared memory

// What a child knows of flights. Any thread. It outlives its leaders and followers.
class PROXYCOMMON_API Flights {
 public:
  // In the parent, for each generation: there must be a block for it. Error kInternal.
  static Result<FlightSlots*> prepare(SharedState& shared);
  // In a child, which has the number `child`. `begin` is called when somebody comes to follow and nobody looks after
  // them: from then on tend() is to be called now and then (ten times a second), until it gives false.
  Flights(SharedState& shared, std::size_t child, FlightSlots& slots, std::function<void()> begin);
  ~Flights();
  Flights(const Flights&) = delete;

  // The right and duty to bring it. Ends as kFailed where nobody has said otherwise. One thread at a time.
  class PROXYCOMMON_API Leader {
   public:
    ~Leader();
    Leader(const Leader&) = delete;
    // Whether anybody follows, in any child.
    bool isFollowed() const;
    // It can be followed in that file, which lies in Store::workFolder(). False: it has been told that already, or the
    // path has more than 511 bytes; then who follows waits for the end.
    bool stream(const std::string& path);
    // More has come. Cheap where nobody follows.
    void grew();
    // Once; what comes behind the first is nothing.
    void end(FlightPhase phase);

   private:
    friend class Flights;
    Leader(Flights& flights, std::size_t slot, std::uint64_t turn) : flights_(flights), slot_(slot), turn_(turn) {}

    Flights& flights_;
    std::size_t slot_;
    std::uint64_t turn_;
    bool isOver_ = false;
  };

  // One who waits. `wake` is called, in any thread and perhaps for nothing, when there is reason to look; never once it
  // has died. It is called under a lock, and must not come back to Flights. To look is to ask for the phase, and then
  // to read the file: whoever has been woken and has not looked yet is not woken again. One thread at a time.
  class PROXYCOMMON_API Follower {
   public:
    ~Follower();
    Follower(const Follower&) = delete;
    // What has become of it. One whose flight is long over, and whose slot has another, is told kStored: look there.
    // kAbandoned also where somebody else has taken over since it looked last: what it has read is of no use any more.
    FlightPhase phase() const;
    // Of kStreaming: the file; empty when it is not that any more.
    std::string path() const;
    // Of kAbandoned: the right to lead, for one of all who ask, which does not follow any more; null: somebody else has
    // it, and is followed now.
    std::unique_ptr<Leader> takeOver();

   private:
    friend class Flights;
    struct Entry;
    Follower(Flights& flights, std::size_t slot, std::uint64_t turn, std::function<void()> wake);
    void leave();

    Flights& flights_;
    std::size_t slot_;
    std::uint64_t turn_;
    std::unique_ptr<Entry> entry_;
  };

  // One of the two; neither: there is no slot left, everybody for himself.
  struct Boarding {
    std::unique_ptr<Leader> leader;
    std::unique_ptr<Follower> follower;
  };
  Boarding board(const Digest& key, std::function<void()> wake);

  // The child was woken.
  void wakeFollowers();
  // The same, for a wake that was missed, and for leaders that died. Whether anybody follows.
  bool tend();

 private:
  struct Local;
  std::unique_ptr<Local> local_;
};

}  // namespace proxycommon
