// HealthCheck: what RevProxyHealth says: how members are asked whether they are well. Const once read. Pure.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mod_revproxy/backend.h"
#include "mod_revproxy/health/body_pattern.h"
#include "mod_revproxy/status_range.h"

namespace revproxy {

struct HealthCheck {
  enum class Method { kGet, kHead, kTcp };
  Method method = Method::kGet;
  std::string uri = "/";
  std::string host;  // of the Host field; empty: the member's
  std::vector<StatusRange> expect{{200, 399}};
  std::shared_ptr<const BodyPattern> body;  // what the body must hold; none: anything
  milliseconds interval{2000};
  milliseconds timeout{0};  // of one check; 0: the interval, at most 5 s
  unsigned rise = 2;        // successes in a row until a member that was down is up
  unsigned fall = 3;
  std::string definedAt;

  // interval=2s uri=/healthz expect=200-399 body=~"ok" rise=2 fall=3 method=GET timeout=1s host=NAME
  // Words as httpd splits a line: the quotes of body= may be gone. The error is fit for configtest.
  static Result<HealthCheck> parse(std::span<const std::string> assignments);
  bool expects(unsigned status) const;
  // Of one check.
  milliseconds limit() const;
};

}  // namespace revproxy
