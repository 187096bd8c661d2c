// Balancer: many members behind one name. What RevProxyPass with a plain URL makes is one too, of a single member. Its
// configuration is const once it is read; what children share of it is found when it is prepared. Knows nothing of
// httpd.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/shared/shared_state.h"
#include "mod_revproxy/balancer/builtin.h"
#include "mod_revproxy/balancer/endpoint.h"
#include "mod_revproxy/balancer/resolved_member.h"
#include "mod_revproxy/balancer/settings.h"
#include "mod_revproxy/health/health_check.h"

namespace revproxy {

class Balancer {
 public:
  std::string name;  // "app"; of a plain URL, its origin
  bool isPlain = false;
  BalancerSettings settings;
  BackendParameters parameters;  // of members that do not say otherwise
  std::vector<Member> members;
  Setting<HealthCheck> health;
  std::string definedAt;

  // A RevProxySet's "key=value". The error says what may be written.
  Outcome set(std::string_view assignment);
  // The error: it is there already, and where.
  Outcome add(Member member);

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
  // All that is shared of members[index]: under its name first, then the places of its addresses.
  std::vector<SharedMember> places(std::size_t index) const;

 private:
  Result<SharedMember> shareMember(proxycommon::SharedState& state, const std::string& blockName,
                                   std::size_t limit) const;
  Outcome shareAddresses(proxycommon::SharedState& state, const std::string& blockName, const Member& member);
  std::uint64_t versions() const;
  std::shared_ptr<const Endpoints> build() const;
  void addEndpoints(std::size_t index, Endpoints& endpoints) const;
  void readAddresses() const;
  Endpoint endpointOf(const Member& member, std::string name, const SharedMember& shared) const;

  const Method* method_ = nullptr;
  SharedBalancer shared_;
  std::vector<SharedMember> sharedMembers_;  // one for each member, for while its addresses are not known
  std::vector<Resolving> resolving_;
  std::string cookieKey_;
  bool resolves_ = false;
  mutable std::mutex mutex_;
  // By member, as it was read.
  mutable std::vector<ResolvedMember::Reading> known_;
  mutable std::uint64_t builtFrom_ = 0;  // their versions, summed up
  mutable std::shared_ptr<const Endpoints> endpoints_;
};

}  // namespace revproxy
