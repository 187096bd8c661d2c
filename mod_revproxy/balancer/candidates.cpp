// Which of a balancer's endpoints may have a request now.
#include "mod_revproxy/balancer/candidates.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace revproxy {
namespace {

using Kind = Candidates::Kind;

// One that may not be sent twice waits for others to try a suspect first.
constexpr milliseconds kOthersFirst{1000};

bool isIn(const std::vector<bool>& marks, std::size_t place) {
  return place < marks.size() && marks[place];
}

bool isProbeDueFor(const Asker& asker, const Endpoint& endpoint) {
  return isProbeDue(endpoint.shared.state->ejection, asker.mayBeRepeated ? asker.now : asker.now - kOthersFirst);
}

class Filter {
 public:
  Filter(const Asker& asker, const Endpoints& endpoints) : asker_(asker), endpoints_(endpoints) {}

  Candidates run() {
    if (asker_.session) {
      if (auto bound = ofSession()) return std::move(*bound);
    }
    for (auto set = nextSet(std::nullopt); set; set = nextSet(set)) {
      auto places = usableOf(*set);
      if (due_) return {Kind::kProbe, {*due_}};
      if (!places.empty()) return {Kind::kSome, std::move(places)};
    }
    if (!full_.empty()) return {Kind::kFull, std::move(full_)};
    return suspects();
  }

 private:
  // Not tried, and below its limit.
  bool isOpen(std::size_t place) const { return !isIn(asker_.tried, place) && !isIn(asker_.full, place); }

  bool isSuspect(std::size_t place) const {
    const Endpoint& endpoint = endpoints_[place];
    return !isIn(asker_.tried, place) && !endpoint.member->isDrained && standingOf(endpoint) == Standing::kEjected;
  }

  std::optional<Candidates> ofSession() {
    const auto place = static_cast<std::size_t>(asker_.session - endpoints_.data());
    if (isIn(asker_.tried, place)) return lost();
    const Standing standing = standingOf(*asker_.session);
    const bool isAway = standing == Standing::kStopped || standing == Standing::kDown;
    if (isAway) return lost();
    if (isIn(asker_.full, place)) return Candidates{Kind::kFull, {place}};
    if (standing != Standing::kEjected) return Candidates{Kind::kSession, {place}};
    if (isProbeDueFor(asker_, *asker_.session)) return Candidates{Kind::kProbe, {place}};
    // It is the last one there is for it.
    if (asker_.keepsSession) return Candidates{Kind::kPanic, {place}};
    return std::nullopt;
  }

  std::optional<Candidates> lost() const {
    if (asker_.keepsSession) return Candidates{Kind::kSessionDown, {}};
    return std::nullopt;
  }

  // The next one above `last` that has an endpoint.
  std::optional<unsigned> nextSet(std::optional<unsigned> last) const {
    std::optional<unsigned> next;
    for (const Endpoint& endpoint : endpoints_)
      if ((!last || endpoint.set > *last) && (!next || endpoint.set < *next)) next = endpoint.set;
    return next;
  }

  // Of one role; those that are open and usable. How many are not is added to `missing`.
  void take(unsigned set, MemberRole role, std::size_t most, std::vector<std::size_t>& places, std::size_t& missing) {
    std::size_t taken = 0;
    for (std::size_t place = 0; place < endpoints_.size(); ++place) {
      const Endpoint& endpoint = endpoints_[place];
      if (endpoint.set != set || endpoint.member->role != role) continue;
      if (isOpen(place) && isSuspect(place) && isProbeDueFor(asker_, endpoint) && !due_) due_ = place;
      const bool usable = standingOf(endpoint) == Standing::kUsable;
      if (usable && isIn(asker_.full, place) && !isIn(asker_.tried, place)) full_.push_back(place);
      if (!usable || !isOpen(place)) {
        ++missing;
      } else if (taken < most) {
        places.push_back(place);
        ++taken;
      }
    }
  }

  std::vector<std::size_t> usableOf(unsigned set) {
    constexpr auto kAll = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> places;
    std::size_t missing = 0;
    std::size_t ignored = 0;
    take(set, MemberRole::kActive, kAll, places, missing);
    if (missing > 0) take(set, MemberRole::kSpare, missing, places, ignored);
    if (places.empty()) take(set, MemberRole::kStandby, kAll, places, ignored);
    return places;
  }

  Candidates suspects() const {
    Candidates open{Kind::kPanic, {}};
    Candidates full{Kind::kFull, {}};
    for (std::size_t place = 0; place < endpoints_.size(); ++place)
      if (isSuspect(place)) (isOpen(place) ? open : full).places.push_back(place);
    if (!open.places.empty()) return open;
    return full.places.empty() ? Candidates{} : full;
  }

  const Asker& asker_;
  const Endpoints& endpoints_;
  std::vector<std::size_t> full_;
  std::optional<std::size_t> due_;  // a suspect whose time is over, of those that would have requests
};

}  // namespace

Standing standingOf(const Endpoint& endpoint) {
  const MemberState& state = *endpoint.shared.state;
  if (endpoint.member->isStopped) return Standing::kStopped;
  if (endpoint.isChecked && state.health.isDown()) return Standing::kDown;
  if (isEjected(state.ejection) && !endpoint.member->neverEjected) return Standing::kEjected;
  return endpoint.member->isDrained ? Standing::kDrained : Standing::kUsable;
}

const char* toString(Standing standing) {
  switch (standing) {
    case Standing::kUsable:
      return "ok";
    case Standing::kDrained:
      return "drained";
    case Standing::kStopped:
      return "stopped";
    case Standing::kDown:
      return "down";
    case Standing::kEjected:
      return "ejected";
  }
  return "";
}

std::int64_t returnedAt(const MemberState& state) {
  return std::max(state.ejection.returnedAt.load(std::memory_order_relaxed),
                  state.health.returnedAt.load(std::memory_order_relaxed));
}

std::uint32_t weightOf(const Endpoint& endpoint, const BalancerSettings& settings, Clock::time_point now) {
  return slowStartWeight(endpoint.weight, returnedAt(*endpoint.shared.state),
                         endpoint.member->slowStart.valueOr(settings.slowStart), now);
}

Candidates candidatesFor(const Asker& asker, const Endpoints& endpoints) {
  return Filter(asker, endpoints).run();
}

std::string describeStandings(const Endpoints& endpoints, const std::vector<bool>& tried) {
  if (endpoints.empty()) return "the name servers have not said yet who its members are";
  std::string text;
  for (std::size_t place = 0; place < endpoints.size(); ++place) {
    const bool wasTried = isIn(tried, place);
    text.append(text.empty() ? "" : "; ").append(endpoints[place].name).append(": ");
    text.append(wasTried ? "tried" : toString(standingOf(endpoints[place])));
  }
  return text;
}

}  // namespace revproxy
