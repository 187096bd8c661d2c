// Balancer: many members behind one name. What RevProxyPass with a plain URL makes is one too, of a single member. Its
// configuration is const once it is read; what children share of it is found when it is prepared. Knows nothing of
// httpd.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/shared/shared_state.h"
#include "mod_revproxy/balancer/builtin.h"
#include "mod_revproxy/balancer/endpoint.h"
#include "mod_revproxy/balancer/resolved_member.h"
#include "mod_revproxy/balancer/sticky.h"
#include "mod_revproxy/health/health_check.h"

namespace revproxy {

// The key=value pairs of RevProxySet in a <RevProxyBalancer>, those of BackendParameters aside.
struct BalancerSettings {
  std::string method = "byrequests";
  std::string hash;            // the expression of hash=, as written
  unsigned balanceFactor = 0;  // hash-balance-factor=
  StickySettings sticky;
  Setting<unsigned> maxAttempts;  // members that one request is tried on; default: all
  unsigned retryBudget = 20;      // percent of requests
  EjectionPolicy ejection;
  std::vector<StatusRange> failOnStatus;
  bool failOnTimeout = false;  // a first byte that does not come in time counts as a failure
  std::size_t limit = 0;       // requests in flight, over all children; 0: no limit
  std::size_t queue = 1000;    // how many may wait where there is a limit
  milliseconds queueTimeout{5000};
  milliseconds slowStart{0};
  milliseconds resolveFloor{1000};  // bounds of the time to live
  milliseconds resolveCeiling{60'000};
};

class Balancer {
 public:
  std::string name;  // "app"; of a plain URL, its origin
  bool isPlain = false;
  BalancerSettings settings;
  BackendParameters parameters;  // of members that do not say otherwise
  std::vector<Member> members;
  Setting<HealthCheck> health;
  std::string definedAt;

  // In the parent, once the configuration is read: finds what is shared. `scope` tells balancers of one name apart that
  // are defined in several vhosts. `cookieKey` signs cookies. Error kInternal.
  Outcome prepare(proxycommon::SharedState& state, std::string_view scope, const Method& method,
                  std::string_view cookieKey);

  // From here on: after prepare(), any thread of any process.
  const Method& method() const { return *method_; }
  const SharedBalancer& shared() const { return shared_; }
  // What there is now.
  std::shared_ptr<const Endpoints> endpoints() const;

  // For the child that asks for names: the addresses of members[index], and the blocks of its places; nullptr and none
  // where it does not resolve.
  struct Resolving {
    ResolvedMember* addresses = nullptr;
    std::vector<SharedMember> places;
  };
  const Resolving& resolving(std::size_t index) const { return resolving_[index]; }

 private:
  std::shared_ptr<const Endpoints> build() const;

  const Method* method_ = nullptr;
  SharedBalancer shared_;
  std::vector<SharedMember> sharedMembers_;  // one for each member, for while its addresses are not known
  std::vector<Resolving> resolving_;
  std::string cookieKey_;
  mutable std::mutex mutex_;
  mutable std::atomic<std::uint64_t> builtFrom_{0};  // the versions of addresses, summed up
  mutable std::shared_ptr<const Endpoints> endpoints_;
};

}  // namespace revproxy
