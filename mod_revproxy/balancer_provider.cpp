// Methods by name, and the adaptor between Method and the structures of api/revproxy_balancer.h.
#include "mod_revproxy/balancer_provider.h"

#include <cstddef>
#include <span>
#include <vector>

#include "common/httpd/httpd_api.h"
#include "mod_revproxy/api/revproxy_balancer.h"
#include "mod_revproxy/balancer/builtin.h"
#include "mod_revproxy/balancer/methods.h"
#include "mod_revproxy/module.h"
#include "mod_revproxy/registered.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::Result;
using std::chrono::nanoseconds;

constexpr std::size_t kLeastSize = offsetof(revproxy_balancer_method, finished);

std::int64_t nanosecondsOf(Clock::time_point time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

const char* textOf(std::string_view text) {
  return text.data() ? text.data() : "";
}

revproxy_candidate viewOf(const Candidate& candidate) {
  return {sizeof(revproxy_candidate), candidate.identity, textOf(candidate.name),
          textOf(candidate.route),    candidate.weight,   candidate.inFlight,
          candidate.requests,         candidate.bytes,    candidate.state.latency.load(std::memory_order_relaxed)};
}

// What another module may get wrong costs it the choice, and nobody a request.
class ForeignMethod final : public Method {
 public:
  ForeignMethod(std::string name, const revproxy_balancer_method& method)
      : name_(std::move(name)),
        context_(method.context),
        choose_(method.choose),
        finished_(method.size >= sizeof method ? method.finished : nullptr),
        latency_(makePeakEwma({})) {}

  std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const override {
    std::vector<revproxy_candidate> views;
    views.reserve(candidates.size());
    for (const Candidate& candidate : candidates) views.push_back(viewOf(candidate));
    std::vector<const revproxy_candidate*> pointers;
    pointers.reserve(views.size());
    for (const revproxy_candidate& view : views) pointers.push_back(&view);
    const revproxy_choice wanted{sizeof(revproxy_choice),   textOf(choice.key),
                                 choice.key.size(),         choice.random,
                                 nanosecondsOf(choice.now), static_cast<const request_rec*>(choice.request)};
    const std::size_t chosen = ask(pointers, wanted);
    if (chosen < candidates.size()) return chosen;
    complain("chose none of the candidates; the first one has the request", choice.now);
    return 0;
  }

  void finished(const Candidate& candidate, const Completed& completed, BalancerMethodState& state) const override {
    latency_->finished(candidate, completed, state);
    if (!finished_ || !completed.wasChosen) return;
    const revproxy_candidate view = viewOf(candidate);
    const revproxy_completed told{sizeof(revproxy_completed), nanosecondsOf(completed.now), completed.latency.count(),
                                  completed.bytes, completed.failed ? 1 : 0};
    try {
      finished_(context_, &view, &told);
    } catch (...) {
      complain("let an exception out of finished()", completed.now);
    }
  }

 private:
  // No index: it has thrown.
  std::size_t ask(const std::vector<const revproxy_candidate*>& candidates, const revproxy_choice& choice) const {
    try {
      return choose_(context_, candidates.data(), candidates.size(), &choice);
    } catch (...) {
      return candidates.size();
    }
  }

  // Once a minute in each child: a log that is full helps nobody.
  void complain(const char* what, Clock::time_point now) const {
    constexpr std::int64_t kMinute = 60'000'000'000;
    const std::int64_t present = nanosecondsOf(now);
    std::int64_t last = complainedAt_.load(std::memory_order_relaxed);
    if (last != 0 && present - last < kMinute) return;
    if (!complainedAt_.compare_exchange_strong(last, present)) return;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf, "balancer method \"%s\" %s; its module is at fault",
                 name_.c_str(), what);
  }

  const std::string name_;
  void* const context_;
  decltype(revproxy_balancer_method::choose) const choose_;
  decltype(revproxy_balancer_method::finished) const finished_;
  // Keeps the latency that the candidates' views show.
  const std::unique_ptr<const Method> latency_;
  mutable std::atomic<std::int64_t> complainedAt_{0};
};

Result<std::unique_ptr<const Method>> adapt(const std::string& name, const revproxy_balancer_method& method) {
  const std::string what = "balancer method \"" + name + "\" is of no use: its module has registered ";
  if (method.size < kLeastSize)
    return failure(ErrorKind::kInternal, what + "a structure of " + std::to_string(method.size) + " bytes, and " +
                                             std::to_string(sizeof method) +
                                             " is what revproxy_balancer.h has: is `size` set?");
  if (!method.choose) return failure(ErrorKind::kInternal, what + "no function choose()");
  return std::unique_ptr<const Method>(std::make_unique<ForeignMethod>(name, method));
}

}  // namespace

std::string methodNames() {
  std::string names = builtinMethods().names();
  for (const std::string& name : registeredNames(REVPROXY_BALANCER_GROUP, REVPROXY_BALANCER_VERSION))
    if (!builtinMethods().find(name)) names.append(", ").append(name);
  return names;
}

Result<std::unique_ptr<const Method>> findMethod(const std::string& name, const MethodOptions& options) {
  if (const MakeMethod* make = builtinMethods().find(name)) return (*make)(options);
  const void* registered = ap_lookup_provider(REVPROXY_BALANCER_GROUP, name.c_str(), REVPROXY_BALANCER_VERSION);
  if (registered) return adapt(name, *static_cast<const revproxy_balancer_method*>(registered));
  if (const std::string version = registeredVersion(REVPROXY_BALANCER_GROUP, name); !version.empty())
    return failure(ErrorKind::kInternal,
                   "balancer method \"" + name + "\" is of no use: its module was built for version " + version +
                       " of revproxy_balancer.h, and this is version " + REVPROXY_BALANCER_VERSION);
  return failure(ErrorKind::kInternal, "there is no balancer method \"" + name + "\", but " + methodNames());
}

}  // namespace revproxy
