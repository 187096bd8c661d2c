// Which URL prefix goes to which backend.
#include "mod_revproxy/mapping.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"

namespace revproxy {

std::optional<BalancerUrl> readBalancerUrl(std::string_view url) {
  constexpr std::string_view kScheme = "balancer://";
  if (!proxycommon::startsWithIgnoringCase(url, kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  const auto slash = url.find('/');
  return BalancerUrl{url.substr(0, slash), slash == std::string_view::npos ? "/" : url.substr(slash)};
}

Outcome MappingTable::add(Mapping mapping) {
  const auto found = mappings_.find(mapping.prefix);
  if (found != mappings_.end())
    return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                                mapping.prefix + " is mapped already, at " + found->second.definedAt +
                                    ": a path goes to one place; remove one of the two lines");
  longest_ = std::max(longest_, mapping.prefix.size());
  std::string prefix = mapping.prefix;
  mappings_.emplace(std::move(prefix), std::move(mapping));
  return {};
}

const Mapping* MappingTable::find(std::string_view path) const {
  if (mappings_.empty() || path.empty()) return nullptr;
  // From the whole path upwards, at each segment once without and once with its slash: a look-up each, so that the
  // number of mappings costs nothing.
  while (true) {
    // Hashing costs a path's length: without the limit a client's long path would cost its square.
    const auto found = path.size() <= longest_ ? mappings_.find(path) : mappings_.end();
    if (found != mappings_.end()) return &found->second;
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos) return nullptr;
    const bool endsWithSlash = slash + 1 == path.size();
    path = path.substr(0, endsWithSlash ? slash : slash + 1);
  }
}

MappingTable MappingTable::merged(const MappingTable& server, const MappingTable& vhost) {
  MappingTable table = vhost;
  table.longest_ = std::max(server.longest_, vhost.longest_);
  table.mappings_.insert(server.mappings_.begin(), server.mappings_.end());
  return table;
}

bool covers(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace revproxy
