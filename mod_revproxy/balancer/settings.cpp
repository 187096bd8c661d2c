// What RevProxySet says in a <RevProxyBalancer>.
#include "mod_revproxy/balancer/settings.h"

#include <algorithm>

#include "common/base/registry.h"
#include "common/base/text.h"

namespace revproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;

using Setter = bool (*)(BalancerSettings&, std::string_view);

template <auto Member>
bool setText(BalancerSettings& settings, std::string_view text) {
  settings.*Member = text;
  return !text.empty();
}

template <auto Member>
bool setSpan(BalancerSettings& settings, std::string_view text) {
  const auto span = proxycommon::parseDuration(text);
  if (span) settings.*Member = *span;
  return span.has_value();
}

template <auto Member, std::uint64_t kLeast, std::uint64_t kMost>
bool setNumber(BalancerSettings& settings, std::string_view text) {
  const auto number = proxycommon::parseNumber(text, kMost);
  if (!number || *number < kLeast) return false;
  settings.*Member = static_cast<std::remove_reference_t<decltype(settings.*Member)>>(*number);
  return true;
}

template <auto Member, std::uint64_t kLeast, std::uint64_t kMost, bool kMayBeOff>
bool setEjectionNumber(BalancerSettings& settings, std::string_view text) {
  const bool off = kMayBeOff && proxycommon::equalsIgnoringCase(text, "off");
  const auto number = off ? std::optional<std::uint64_t>(0) : proxycommon::parseNumber(text, kMost);
  if (!number || (!off && *number < kLeast)) return false;
  settings.ejection.*Member = static_cast<unsigned>(*number);
  return true;
}

template <auto Member>
bool setEjectionSpan(BalancerSettings& settings, std::string_view text) {
  const auto span = proxycommon::parseDuration(text);
  if (span) settings.ejection.*Member = *span;
  return span.has_value();
}

// mod_proxy counts the tries behind the first.
bool setMaxAttempts(BalancerSettings& settings, std::string_view text) {
  const auto more = proxycommon::parseNumber(text, 100);
  if (more) settings.maxAttempts = static_cast<unsigned>(*more) + 1;
  return more.has_value();
}

bool setFailOnStatus(BalancerSettings& settings, std::string_view text) {
  auto ranges = parseStatusRanges(text);
  if (ranges) settings.failOnStatus = std::move(*ranges);
  return static_cast<bool>(ranges);
}

bool setFailOnTimeout(BalancerSettings& settings, std::string_view text) {
  settings.failOnTimeout = proxycommon::equalsIgnoringCase(text, "on");
  return settings.failOnTimeout || proxycommon::equalsIgnoringCase(text, "off");
}

bool setSlowStart(BalancerSettings& settings, std::string_view text) {
  const bool off = proxycommon::equalsIgnoringCase(text, "off");
  const auto span = off ? std::optional(milliseconds{0}) : proxycommon::parseDuration(text);
  if (span) settings.slowStart = *span;
  return span.has_value();
}

struct Parameter {
  Setter set;
  std::string_view expects;
};

constexpr std::string_view kDuration = "a duration such as 500ms or 10s";

// To add a parameter: a field of BalancerSettings, and a row here.
const proxycommon::Registry<Parameter>& parameters() {
  using Settings = BalancerSettings;
  using Policy = EjectionPolicy;
  static const proxycommon::Registry<Parameter> table = {
      {"method", {&setText<&Settings::method>, "the name of a method"}},
      {"lbmethod", {&setText<&Settings::method>, "the name of a method"}},
      {"hash", {&setText<&Settings::hash>, "an expression, such as %{REQUEST_URI}"}},
      {"hash-balance-factor", {&setNumber<&Settings::balanceFactor, 101, 10'000>, "percent from 101 to 10000"}},
      {"maxattempts", {&setMaxAttempts, "a number of further members from 0 to 100"}},
      {"retry-budget", {&setNumber<&Settings::retryBudget, 0, 100>, "percent of requests from 0 to 100"}},
      {"eject-errors",
       {&setEjectionNumber<&Policy::errors, 1, 1000, true>, "failures in a row from 1 to 1000, or Off"}},
      {"eject-ratio", {&setEjectionNumber<&Policy::ratio, 1, 100, true>, "percent from 1 to 100, or Off"}},
      {"eject-volume",
       {&setEjectionNumber<&Policy::volume, 1, 100'000, false>, "a number of requests from 1 to 100000"}},
      {"eject-window", {&setEjectionSpan<&Policy::window>, kDuration}},
      {"eject-time", {&setEjectionSpan<&Policy::base>, kDuration}},
      {"eject-max-time", {&setEjectionSpan<&Policy::longest>, kDuration}},
      {"failonstatus", {&setFailOnStatus, "status codes such as 500,502-504"}},
      {"failontimeout", {&setFailOnTimeout, "On or Off"}},
      {"limit", {&setNumber<&Settings::limit, 1, kMostInFlight>, "a number of requests in flight from 1 to 65536"}},
      {"queue", {&setNumber<&Settings::queue, 0, 10'000>, "a number of waiting requests from 0 to 10000"}},
      {"queue-timeout", {&setSpan<&Settings::queueTimeout>, kDuration}},
      {"slowstart", {&setSlowStart, "a duration such as 30s, or Off"}},
      {"resolve-floor", {&setSpan<&Settings::resolveFloor>, kDuration}},
      {"resolve-ceiling", {&setSpan<&Settings::resolveCeiling>, kDuration}},
  };
  return table;
}

}  // namespace

Result<bool> BalancerSettings::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  const std::string key = proxycommon::lowered(assignment.substr(0, equals));
  const bool hasValue = equals != std::string_view::npos;
  const std::string_view value = hasValue ? assignment.substr(equals + 1) : std::string_view{};
  const Parameter* parameter = parameters().find(key);
  if (!parameter) return sticky.set(key, hasValue ? std::optional(value) : std::nullopt);
  if (!hasValue || !parameter->set(*this, value))
    return failure(ErrorKind::kInternal, key + "= takes " + std::string{parameter->expects} + ", not \"" +
                                             proxycommon::printable(value) + "\"");
  return true;
}

std::string BalancerSettings::names() {
  return parameters().names();
}

bool BalancerSettings::failsOn(int status) const {
  return std::any_of(failOnStatus.begin(), failOnStatus.end(),
                     [&](const StatusRange& range) { return range.holds(static_cast<unsigned>(status)); });
}

}  // namespace revproxy
