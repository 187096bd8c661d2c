// HealthCheck: what RevProxyHealth says: how members are asked whether they are well. Const once read. Pure.
#pragma once

#include <regex>
#include <span>
#include <string>
#include <vector>

#include "mod_revproxy/backend.h"
#include "mod_revproxy/status_range.h"

namespace revproxy {

struct HealthCheck {
  enum class Method { kGet, kHead, kTcp };
  Method method = Method::kGet;
  std::string uri = "/";
  std::string host;  // of the Host field; empty: the member's
  std::vector<StatusRange> expect{{200, 399}};
  std::string body;  // a pattern that the body must hold, as it was written; empty: any
  milliseconds interval{2000};
  milliseconds timeout{0};  // of one check; 0: the interval, at most 5 s
  unsigned rise = 2;        // successes in a row until a member that was down is up
  unsigned fall = 3;
  std::string definedAt;

  // interval=2s uri=/healthz expect=200-399 body=~"ok" rise=2 fall=3 method=GET timeout=1s host=NAME
  static Result<HealthCheck> parse(std::span<const std::string> assignments);
  bool expects(unsigned status) const;
};

}  // namespace revproxy
