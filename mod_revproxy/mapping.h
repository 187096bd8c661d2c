// Mappings: which URL prefix goes to which backend. The longest prefix wins, whatever the order of the lines: unlike
// ProxyPass, where the first line wins. Pure; immutable once the configuration is read.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/cache/cache_counters.h"
#include "mod_revproxy/backend.h"

namespace revproxy {

struct ServerBalancer;

// What all children have in common of a mapping; found by prepareMappings().
struct SharedMapping {
  proxycommon::CacheCounters* cache = nullptr;
};

// Where a mapping sends requests.
struct MappedTo {
  std::string name;                          // "balancer://app", or a plain URL's origin: for logs
  std::shared_ptr<ServerBalancer> balancer;  // of a name that is defined later: once all is read
  std::string basePath;                      // begins with a slash
  BackendParameters parameters;              // said of the mapping itself
  std::string definedAt;
  std::shared_ptr<SharedMapping> shared = std::make_shared<SharedMapping>();

  // The target for a path whose mapping's prefix has been taken off: exactly one slash stands where the two meet.
  std::string targetFor(std::string_view remainder) const { return joinedPath(basePath, remainder); }
};

// "balancer://NAME[/PATH]", in its parts.
struct BalancerUrl {
  std::string_view name;
  std::string_view path;  // "/" where there is none
};
// nullopt: it is of another scheme.
std::optional<BalancerUrl> readBalancerUrl(std::string_view url);

struct Mapping {
  // Decoded, begins with a slash. "/app" covers /app and what is below it; "/app/" what is below it alone.
  std::string prefix;
  std::shared_ptr<const MappedTo> to;  // none: the path is excluded from proxying
  std::string definedAt;               // "FILE:LINE"
};

class MappingTable {
 public:
  // Error: the prefix is there already; the detail says where.
  Outcome add(Mapping mapping);
  // The mapping with the longest prefix that covers `path`, which is decoded; nullptr if there is none.
  const Mapping* find(std::string_view path) const;
  bool empty() const { return mappings_.empty(); }
  // Each, in any order.
  template <class Visit>
  void forEach(Visit visit) const {
    for (const auto& [prefix, mapping] : mappings_) visit(mapping);
  }

  // What holds in a vhost: its own mappings, and the server's where it has none for the same prefix.
  static MappingTable merged(const MappingTable& server, const MappingTable& vhost);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, Mapping, Hash, std::equal_to<>> mappings_;
  std::size_t longest_ = 0;  // of the prefixes
};

// Whether `prefix` covers `path`, by the rule above.
bool covers(std::string_view prefix, std::string_view path);

}  // namespace revproxy
