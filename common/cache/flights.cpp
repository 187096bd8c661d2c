// Those of one child who lead and follow flights.
#include "common/cache/flights.h"

#include <unistd.h>

#include <atomic>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/cache/flight_slots.h"

namespace proxycommon {
namespace {

// Whether processes live, as it was a moment ago at most: to ask the kernel takes a while, and few processes lead many.
class Living {
 public:
  // `leader` may be that of another turn yet: then what the word tells of it has to do.
  bool isDead(const FlightWord& word, std::uint64_t leader) {
    constexpr milliseconds kHolds{50};
    constexpr std::size_t kMost = 1000;
    const Clock::time_point now = Clock::now();
    const bool isKnown = FlightWord::whoIs(leader) == word.who;
    const std::lock_guard lock(mutex_);
    if (seen_.size() > kMost) seen_.clear();
    const auto [seen, isNew] = seen_.try_emplace({word.who, isKnown ? leader : 0});
    if (isNew || now - *seen->second >= kHolds) {
      if (!(isKnown ? processLives(leader) : mayLive(word.who))) {
        seen_.erase(seen);
        return true;
      }
      seen->second = now;
    }
    return false;
  }

 private:
  static bool mayLive(std::uint32_t who) {
    constexpr unsigned kBeginBits = 10;
    const std::uint64_t process = who >> kBeginBits;
    if (!processLives(process << 32)) return false;
    const std::uint64_t identity = identityOf(static_cast<pid_t>(process));
    const bool isUnknown = (identity & 0xffff'ffff) == 0 || (who & ((1U << kBeginBits) - 1)) == 0;
    return isUnknown || FlightWord::whoIs(identity) == who;
  }

  std::mutex mutex_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::optional<Clock::time_point>> seen_;
};

}  // namespace

struct Flights::Follower::Entry {
  explicit Entry(std::function<void()> waking) : wake(std::move(waking)) {}

  const std::function<void()> wake;
  std::atomic<bool> hasLooked{true};
  std::list<Entry*>::iterator place;
};

struct Flights::Local {
  // Those who follow what is in one slot, and how it was when they were last told.
  struct Group {
    FlightWord word;
    std::uint64_t grown = 0;
    std::list<Follower::Entry*> entries;
  };

  FlightSlots::IsDead dead() {
    return [this](const FlightWord& word, std::uint64_t leader) { return living.isDead(word, leader); };
  }
  void tell(std::size_t slot) {
    const std::span<const ChildCounters> counters = shared.children().all();
    slots.forEachToWake(
        slot, [&](std::size_t number) { return number < counters.size() && counters[number].owner.load() == 0; },
        [&](std::size_t number) { shared.wake(number); });
  }
  void join(std::size_t slot, Follower::Entry& entry);
  void leave(std::size_t slot, Follower::Entry& entry);
  void beginToTend();
  void wakeLocked(std::size_t slot, Group& group);

  SharedState& shared;
  const std::size_t child;
  FlightSlots& slots;
  const std::function<void()> begin;
  const std::uint64_t identity;
  Living living;
  std::mutex mutex;
  std::map<std::size_t, Group> groups;  // by slot
  bool isTended = false;
};

void Flights::Local::join(std::size_t slot, Follower::Entry& entry) {
  const std::lock_guard lock(mutex);
  const auto [group, isNew] = groups.try_emplace(slot);
  if (isNew) {
    slots.follow(slot, child);
    group->second.word = slots.word(slot);
    group->second.grown = slots.grown(slot);
  }
  entry.place = group->second.entries.insert(group->second.entries.end(), &entry);
}

void Flights::Local::beginToTend() {
  {
    const std::lock_guard lock(mutex);
    if (std::exchange(isTended, true)) return;
  }
  begin();
}

void Flights::Local::leave(std::size_t slot, Follower::Entry& entry) {
  const std::lock_guard lock(mutex);
  const auto group = groups.find(slot);
  group->second.entries.erase(entry.place);
  if (!group->second.entries.empty()) return;
  groups.erase(group);
  slots.leave(slot, child);
}

void Flights::Local::wakeLocked(std::size_t slot, Group& group) {
  // What changes behind this comes with a wake of its own.
  slots.looksNow(slot, child);
  const FlightWord word = slots.word(slot);
  const std::uint64_t grown = slots.grown(slot);
  if (word == group.word && grown == group.grown) return;
  group.word = word;
  group.grown = grown;
  for (Follower::Entry* entry : group.entries)
    if (entry->hasLooked.exchange(false)) entry->wake();
}

Result<FlightSlots*> Flights::prepare(SharedState& shared) {
  // One more number is that of children without counters.
  const std::size_t children = shared.children().all().size() + 1;
  auto block = shared.block("cache-flights", FlightSlots::bytesFor(children));
  if (!block) return std::move(block.error());
  auto* slots = static_cast<FlightSlots*>(*block);
  slots->prepare(children);
  return slots;
}

Flights::Flights(SharedState& shared, std::size_t child, FlightSlots& slots, std::function<void()> begin)
    : local_(new Local{shared, child, slots, std::move(begin), identityOf(::getpid()), {}, {}, {}}) {
  // What a dead child of that number has left.
  for (std::size_t slot = 0; slot < FlightSlots::kSlots; ++slot) slots.leave(slot, child);
}

Flights::~Flights() = default;

Flights::Boarding Flights::board(const Digest& key, std::function<void()> wake) {
  // Who boards needs a microsecond for it, once it is being run.
  constexpr int kPatient = 100;
  constexpr int kTries = 1000;
  Boarding boarding;
  for (int tries = 0; tries < kTries; ++tries) {
    using Kind = FlightSlots::Seat::Kind;
    const auto seat = local_->slots.board(key, local_->identity, tries >= kPatient, local_->dead());
    if (seat.hasTakenOver) local_->tell(seat.slot);
    if (seat.kind == Kind::kLeads) boarding.leader.reset(new Leader(*this, seat.slot, seat.turn));
    if (seat.kind == Kind::kFollows)
      boarding.follower.reset(new Follower(*this, seat.slot, seat.turn, std::move(wake)));
    if (seat.kind != Kind::kAgain) break;
    std::this_thread::yield();
  }
  if (boarding.follower) local_->beginToTend();
  return boarding;
}

void Flights::wakeFollowers() {
  const std::lock_guard lock(local_->mutex);
  for (auto& [slot, group] : local_->groups) local_->wakeLocked(slot, group);
}

bool Flights::tend() {
  std::vector<std::size_t> followed;
  {
    const std::lock_guard lock(local_->mutex);
    for (const auto& [slot, group] : local_->groups) {
      // Another child without counters may have struck it out.
      local_->slots.follow(slot, local_->child);
      followed.push_back(slot);
    }
  }
  const auto isDead = local_->dead();
  for (const std::size_t slot : followed)
    if (local_->slots.abandon(slot, isDead)) local_->tell(slot);
  wakeFollowers();
  const std::lock_guard lock(local_->mutex);
  local_->isTended = !local_->groups.empty();
  return local_->isTended;
}

Flights::Leader::~Leader() {
  end(FlightPhase::kFailed);
}

bool Flights::Leader::isFollowed() const {
  return flights_.local_->slots.isFollowed(slot_);
}

bool Flights::Leader::stream(const std::string& path) {
  Local& local = *flights_.local_;
  if (isOver_ || !local.slots.stream(slot_, turn_, path)) return false;
  local.tell(slot_);
  return true;
}

void Flights::Leader::grew() {
  Local& local = *flights_.local_;
  if (!isOver_ && local.slots.grow(slot_)) local.tell(slot_);
}

void Flights::Leader::end(FlightPhase phase) {
  Local& local = *flights_.local_;
  if (!std::exchange(isOver_, true) && local.slots.end(slot_, turn_, phase)) local.tell(slot_);
}

Flights::Follower::Follower(Flights& flights, std::size_t slot, std::uint64_t turn, std::function<void()> wake)
    : flights_(flights), slot_(slot), turn_(turn), entry_(new Entry(std::move(wake))) {
  flights_.local_->join(slot_, *entry_);
}

Flights::Follower::~Follower() {
  leave();
}

void Flights::Follower::leave() {
  if (entry_) flights_.local_->leave(slot_, *entry_);
  entry_.reset();
}

FlightPhase Flights::Follower::phase() const {
  // Before it looks: what it does not see any more wakes it.
  if (entry_) entry_->hasLooked = true;
  const auto seen = flights_.local_->slots.flightOf(slot_, turn_);
  if (!seen) return FlightPhase::kStored;
  return seen->turn == turn_ ? *seen->flight() : FlightPhase::kAbandoned;
}

std::string Flights::Follower::path() const {
  return flights_.local_->slots.path(slot_, turn_);
}

std::unique_ptr<Flights::Leader> Flights::Follower::takeOver() {
  Local& local = *flights_.local_;
  if (const auto turn = local.slots.takeOver(slot_, turn_, local.identity)) {
    leave();
    return std::unique_ptr<Leader>(new Leader(flights_, slot_, *turn));
  }
  if (const auto seen = local.slots.flightOf(slot_, turn_)) turn_ = seen->turn;
  return nullptr;
}

}  // namespace proxycommon
