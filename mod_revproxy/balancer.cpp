// Many members behind one name.
#include "mod_revproxy/balancer.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/net/ip_address.h"
#include "mod_revproxy/balancer/stable_hash.h"

namespace revproxy {
namespace {

std::string written(const proxycommon::IpAddress& address, std::uint16_t port) {
  const std::string host = address.isV4() ? address.toString() : "[" + address.toString() + "]";
  return host + ":" + std::to_string(port);
}

// How many lower priorities there are among them.
unsigned rankOf(std::uint16_t priority, const std::vector<ResolvedAddress>& addresses) {
  std::vector<std::uint16_t> lower;
  for (const ResolvedAddress& one : addresses)
    if (one.at.priority < priority && std::find(lower.begin(), lower.end(), one.at.priority) == lower.end())
      lower.push_back(one.at.priority);
  return static_cast<unsigned>(lower.size());
}

}  // namespace

Outcome Balancer::set(std::string_view assignment) {
  const auto known = settings.set(assignment);
  if (!known) return known.error();
  if (*known) return {};
  const std::string key = proxycommon::lowered(assignment.substr(0, assignment.find('=')));
  if (key == "alpn")
    return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                                "alpn= makes another backend of a member: write it behind the URL of RevProxyMember");
  if (BackendParameters::knows(key)) return parameters.set(assignment);
  return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                              "\"" + proxycommon::printable(assignment) +
                                  "\" is no parameter of a balancer: write KEY=VALUE with " +
                                  BalancerSettings::names() + ", " + StickySettings::names() +
                                  ", or what its members take: " + BackendParameters::names());
}

Outcome Balancer::add(Member member) {
  for (const Member& other : members)
    if (other.backend.origin() == member.backend.origin() && other.backend.basePath == member.backend.basePath)
      return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                                  member.url + " is a member already, at " + other.definedAt +
                                      ": its share is what weight= says; remove one of the two lines");
  members.push_back(std::move(member));
  return {};
}

Outcome Balancer::prepare(proxycommon::SharedState& state, std::string_view scope, const Method& method,
                          std::string_view cookieKey) {
  method_ = &method;
  cookieKey_ = cookieKey;
  const std::string prefix = std::string{scope} + "|" + name;
  auto own = state.state<BalancerState>(prefix);
  if (!own) return std::move(own.error());
  shared_.state = *own;
  if (settings.limit > 0) {
    auto claims = state.claims(prefix, settings.limit);
    if (!claims) return std::move(claims.error());
    shared_.limit = *claims;
  }
  const bool hasLimit = shared_.limit || std::any_of(members.begin(), members.end(),
                                                     [](const Member& member) { return member.limit > 0; });
  if (hasLimit) {
    auto line = state.line(prefix, settings.queue);
    if (!line) return std::move(line.error());
    shared_.line = *line;
  }
  for (const Member& member : members) {
    auto shared = shareMember(state, prefix + "|" + member.url, member.limit);
    if (!shared) return std::move(shared.error());
    sharedMembers_.push_back(*shared);
    resolving_.emplace_back();
    if (member.resolve == Resolve::kOne) continue;
    resolves_ = true;
    if (auto found = shareAddresses(state, prefix + "|" + member.url, member); !found) return found;
  }
  known_.resize(members.size());
  readAddresses();
  endpoints_ = build();
  return {};
}

Result<SharedMember> Balancer::shareMember(proxycommon::SharedState& state, const std::string& blockName,
                                           std::size_t limit) const {
  SharedMember shared;
  auto own = state.state<MemberState>(blockName);
  if (!own) return std::move(own.error());
  shared.state = *own;
  auto rows = state.rows(blockName);
  if (!rows) return std::move(rows.error());
  shared.inFlight = *rows;
  // What checks have found is no more true when nobody checks.
  if (!health.isSet()) shared.state->health.health = static_cast<std::uint32_t>(Health::kUnknown);
  if (limit == 0) return shared;
  auto claims = state.claims(blockName, limit);
  if (!claims) return std::move(claims.error());
  shared.limit = *claims;
  return shared;
}

Outcome Balancer::shareAddresses(proxycommon::SharedState& state, const std::string& blockName, const Member& member) {
  Resolving& resolving = resolving_.back();
  auto addresses = state.state<ResolvedMember>(blockName + "|addresses");
  if (!addresses) return std::move(addresses.error());
  resolving.addresses = *addresses;
  for (std::size_t place = 0; place < ResolvedMember::kPlaces; ++place) {
    auto shared = shareMember(state, blockName + "|" + std::to_string(place), member.limit);
    if (!shared) return std::move(shared.error());
    resolving.places.push_back(*shared);
  }
  return {};
}

std::vector<SharedMember> Balancer::places(std::size_t index) const {
  std::vector<SharedMember> all = {sharedMembers_[index]};
  all.insert(all.end(), resolving_[index].places.begin(), resolving_[index].places.end());
  return all;
}

std::uint64_t Balancer::versions() const {
  std::uint64_t sum = 0;
  for (const Resolving& resolving : resolving_)
    if (resolving.addresses) sum += resolving.addresses->version();
  return sum;
}

std::shared_ptr<const Endpoints> Balancer::endpoints() const {
  if (!resolves_) return endpoints_;
  const std::uint64_t now = versions();
  const std::lock_guard lock(mutex_);
  if (now != builtFrom_) {
    readAddresses();
    endpoints_ = build();
  }
  return endpoints_;
}

// What is being written just now stays as it was, and is read the next time.
void Balancer::readAddresses() const {
  builtFrom_ = 0;
  for (std::size_t index = 0; index < members.size(); ++index) {
    if (!resolving_[index].addresses) continue;
    if (auto reading = resolving_[index].addresses->read()) known_[index] = std::move(*reading);
    builtFrom_ += known_[index].version;
  }
}

std::shared_ptr<const Endpoints> Balancer::build() const {
  auto endpoints = std::make_shared<Endpoints>();
  for (std::size_t index = 0; index < members.size(); ++index) addEndpoints(index, *endpoints);
  return endpoints;
}

Endpoint Balancer::endpointOf(const Member& member, std::string endpointName, const SharedMember& shared) const {
  Endpoint endpoint{&member, std::move(endpointName), "", 0, member.weight, member.set, 0, health.isSet(), "", shared};
  endpoint.identity = stableHash(endpoint.name);
  if (settings.sticky.cookie.isSet()) endpoint.cookieValue = stickyValue(cookieKey_, name, endpoint.name);
  return endpoint;
}

void Balancer::addEndpoints(std::size_t index, Endpoints& endpoints) const {
  const Member& member = members[index];
  const Resolving& resolving = resolving_[index];
  const std::vector<ResolvedAddress>& addresses = known_[index].addresses;
  // Until something is known, it is dialled by its name; but a service's name has no address.
  if (addresses.empty() && member.resolve != Resolve::kSrv)
    endpoints.push_back(endpointOf(member, member.url, sharedMembers_[index]));
  for (const auto& [place, at] : addresses) {
    Endpoint endpoint =
        endpointOf(member, member.url + " (" + written(at.address, at.port) + ")", resolving.places[place]);
    endpoint.address = at.address.toString();
    endpoint.port = at.port;
    endpoint.weight = std::max<std::uint32_t>(member.weight * at.weight / 100, 1);
    endpoint.set = member.set + rankOf(at.priority, addresses);
    endpoints.push_back(std::move(endpoint));
  }
}

}  // namespace revproxy
