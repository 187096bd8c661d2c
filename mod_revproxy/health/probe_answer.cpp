// The request of a probe, and what is made of its answer.
#include "mod_revproxy/health/probe_answer.h"

#include <algorithm>

#include "common/base/text.h"

namespace revproxy {

using proxycommon::Clock;
using proxycommon::ErrorKind;
using proxycommon::failure;

proxycommon::RequestHead probeHead(const ProbeQuestion& question) {
  proxycommon::RequestHead head;
  head.method = question.check->method == HealthCheck::Method::kHead ? "HEAD" : "GET";
  head.target = question.target;
  head.fields = {{"Host", question.host},
                 {"User-Agent", "mod_revproxy/" PROXYCOMMON_VERSION " (health check)"},
                 {"Accept", "*/*"},
                 {"Connection", "close"}};
  return head;
}

proxycommon::ExchangeLimits probeLimits(const HealthCheck& check, Clock::time_point begun) {
  const milliseconds limit = check.limit();
  proxycommon::ExchangeLimits limits{limit, limit, limit, limit};
  limits.total = limit;
  limits.end = begun + limit;
  return limits;
}

Outcome ProbeAnswer::head(proxycommon::ResponseHead& head, bool) {
  status_ = static_cast<unsigned>(head.status);
  cameAt_ = Clock::now();
  return {};
}

Outcome ProbeAnswer::body(std::span<const char> bytes) {
  body_.append(bytes.data(), std::min(bytes.size(), kMostBody - body_.size()));
  isEnough_ = body_.size() == kMostBody;
  return isEnough_ ? failure(ErrorKind::kInternal, "no more of the body is looked at") : Outcome{};
}

ProbeResult ProbeAnswer::judged(const HealthCheck& check, const Outcome& exchanged, Clock::time_point begun) const {
  ProbeResult result;
  result.outcome = exchanged || isEnough_ ? verdict(check) : exchanged;
  result.status = status_;
  result.latency = std::chrono::duration_cast<std::chrono::microseconds>(cameAt_.value_or(Clock::now()) - begun);
  return result;
}

Outcome ProbeAnswer::verdict(const HealthCheck& check) const {
  if (!check.expects(status_))
    return failure(ErrorKind::kFailedStatus, "status " + std::to_string(status_) + ", expected " + shown(check.expect));
  if (!check.body) return {};
  auto found = check.body->isIn(body_);
  if (!found) return std::move(found.error());
  if (*found) return {};
  return failure(ErrorKind::kFailedStatus, "status " + std::to_string(status_) + ", and the body has no \"" +
                                               proxycommon::printable(check.body->text()) + "\"");
}

}  // namespace revproxy
