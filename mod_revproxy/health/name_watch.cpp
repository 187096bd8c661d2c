// Asks for names again and again.
#include "mod_revproxy/health/name_watch.h"

#include <algorithm>
#include <exception>

#include "common/base/text.h"
#include "common/reactor/loop_waiter.h"
#include "mod_revproxy/health/leadership.h"

namespace revproxy {

using proxycommon::Clock;
using proxycommon::LoopResolver;
using proxycommon::LoopServices;
using proxycommon::Task;

struct NameWatch::State {
  explicit State(NameWatchSeams seams) : leadership(std::move(seams.isLeader)), tell(std::move(seams.tell)) {}

  Leadership leadership;
  const std::function<void(const NameNews&)> tell;
};

// One name, while this child leads.
class NameWatch::Watched {
 public:
  Watched(LoopServices loop, State& state, const WatchedName& name)
      : loop_(loop), state_(state), name_(name), patience_(name.floor) {}

  // Asks once. When to ask again.
  Task<milliseconds> ask() {
    if (!resolver_) {
      auto made = LoopResolver::make(loop_, name_.nameServers);
      if (!made) co_return failed(made.error());
      resolver_ = std::move(*made);
    }
    const NamedAddresses answer = co_await askName(*resolver_, name_.question, lastGood_);
    co_return answer.addresses ? found(answer) : failed(answer.addresses.error());
  }

 private:
  milliseconds found(const NamedAddresses& answer) {
    patience_ = name_.floor;
    const milliseconds lifetime = std::clamp<milliseconds>(answer.lifetime, name_.floor, name_.ceiling);
    const auto lock = state_.leadership.lockWhileLeading();
    if (!lock) return lifetime;
    const AddressChange change = name_.publish(*answer.addresses);
    if (std::exchange(isLost_, false)) state_.tell(news(NameNews::Kind::kFound));
    if (change.added.empty() && change.removed.empty()) return lifetime;
    NameNews told = news(NameNews::Kind::kChanged);
    told.change = change;
    state_.tell(told);
    return lifetime;
  }

  milliseconds failed(const proxycommon::Error& error) {
    const milliseconds again = patience_;
    patience_ = std::min(patience_ * 2, name_.ceiling);
    const auto lock = state_.leadership.lockWhileLeading();
    if (!lock || std::exchange(isLost_, true)) return again;
    NameNews told = news(NameNews::Kind::kLost);
    told.why = proxycommon::describe(error);
    state_.tell(told);
    return again;
  }

  NameNews news(NameNews::Kind kind) const { return {kind, name_.question.host, name_.member, name_.balancer, {}, {}}; }

  const LoopServices loop_;
  State& state_;
  const WatchedName& name_;
  milliseconds patience_;
  bool isLost_ = false;
  HostAddresses lastGood_;
  std::unique_ptr<LoopResolver> resolver_;
};

NameWatch::NameWatch(std::vector<LoopServices> loops, NameWatchSeams seams, std::vector<WatchedName> names)
    : state_(std::make_shared<State>(std::move(seams))) {
  std::size_t turn = 0;
  tasks_.reserve(names.size());
  for (WatchedName& name : names)
    tasks_.emplace_back(loops[turn++ % loops.size()], [state = state_, name = std::move(name)](LoopServices loop) {
      return watch(loop, state, name);
    });
}

NameWatch::~NameWatch() {
  stop();
}

void NameWatch::stop() {
  state_->leadership.stop();
  tasks_.clear();
}

Task<void> NameWatch::watch(LoopServices loop, std::shared_ptr<State> state, const WatchedName& name) {
  proxycommon::LoopWaiter waiter(loop.context);
  std::unique_ptr<Watched> watched;
  milliseconds again{0};
  while (true) {
    co_await waiter.sleepUntil(Clock::now() + again);
    if (!state->leadership.holds()) {
      watched.reset();
      again = Leadership::kAgain;
      continue;
    }
    if (!watched) watched = std::make_unique<Watched>(loop, *state, name);
    again = name.floor;
    try {
      again = co_await watched->ask();
    } catch (const std::exception&) {
      // Out of memory: the next time there may be more of it.
    }
  }
}

namespace {

std::string listed(const std::vector<NamedAddress>& addresses) {
  std::string list;
  for (const NamedAddress& one : addresses)
    list.append(list.empty() ? "" : ", ").append(proxycommon::Destination{one.address.toString(), one.port}.toString());
  return list;
}

}  // namespace

std::string describe(const NameNews& news) {
  std::string text =
      "member " + news.member + " of balancer " + news.balancer + ": " + proxycommon::printable(news.host);
  switch (news.kind) {
    case NameNews::Kind::kLost:
      return text + " cannot be resolved, its last addresses serve on (" + news.why + ")";
    case NameNews::Kind::kFound:
      return text + " can be resolved again";
    case NameNews::Kind::kChanged:
      break;
  }
  const AddressChange& change = news.change;
  text += " has ";
  if (!change.added.empty()) text += listed(change.added) + " now";
  if (!change.added.empty() && !change.removed.empty()) text += ", and ";
  if (!change.removed.empty()) text += listed(change.removed) + " no longer";
  return text;
}

}  // namespace revproxy
