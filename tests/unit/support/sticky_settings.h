// Settings of sticky sessions, as RevProxySet would make them.
#pragma once

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "mod_revproxy/balancer/sticky.h"

namespace proxytest {

struct Assignment {
  std::string_view key;
  std::string_view value;
};

inline revproxy::StickySettings settingsOf(std::initializer_list<Assignment> pairs) {
  revproxy::StickySettings settings;
  for (const Assignment& pair : pairs) {
    const auto known = settings.set(pair.key, pair.value);
    if (!known || !*known) throw std::runtime_error("not taken: " + std::string{pair.key});
  }
  return settings;
}

}  // namespace proxytest
