// What RevProxyHealth says.
#include "mod_revproxy/health/health_check.h"

#include <algorithm>
#include <set>

#include "common/base/mistake.h"
#include "common/base/registry.h"
#include "common/base/text.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
using proxycommon::Registry;

constexpr milliseconds kShortestInterval{10};
constexpr milliseconds kLongestLimit{5000};
constexpr std::uint64_t kMostInRow = 1000;

std::string quoted(std::string_view text) {
  return "\"" + proxycommon::printable(text) + "\"";
}

using Setter = Outcome (*)(HealthCheck&, std::string_view);

template <auto Member>
Outcome setDuration(HealthCheck& check, std::string_view text) {
  const auto value = proxycommon::parseDuration(text);
  if (!value || *value < kShortestInterval)
    return mistake(quoted(text) + " is no such time: write 500ms or 2s, 10ms at least");
  check.*Member = *value;
  return {};
}

template <auto Member>
Outcome setCount(HealthCheck& check, std::string_view text) {
  const auto value = proxycommon::parseNumber(text, kMostInRow);
  if (!value || *value == 0) return mistake(quoted(text) + " is no number from 1 to " + std::to_string(kMostInRow));
  check.*Member = static_cast<unsigned>(*value);
  return {};
}

Outcome setUri(HealthCheck& check, std::string_view text) {
  const bool isPlain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  if (!text.starts_with('/') || !isPlain) return mistake(quoted(text) + " is no path: write /healthz");
  check.uri = text;
  return {};
}

Outcome setHost(HealthCheck& check, std::string_view text) {
  constexpr std::string_view kOfAuthorities = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]";
  if (text.empty() || text.find_first_not_of(kOfAuthorities) != std::string_view::npos)
    return mistake(quoted(text) + " is no host: write NAME or NAME:PORT");
  check.host = text;
  return {};
}

Outcome setExpect(HealthCheck& check, std::string_view text) {
  auto ranges = parseStatusRanges(text);
  if (!ranges) return std::move(ranges.error());
  check.expect = std::move(*ranges);
  return {};
}

Outcome setBody(HealthCheck& check, std::string_view text) {
  if (!text.starts_with('~')) return mistake(quoted(text) + " is no pattern: write body=~\"PATTERN\"");
  text.remove_prefix(1);
  if (text.starts_with('"')) {
    if (text.size() < 2 || !text.ends_with('"'))
      return mistake("its quotes do not end: where the pattern has spaces, write \"body=~PATTERN\"");
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty()) return mistake("the pattern is empty: write body=~\"PATTERN\"");
  auto pattern = BodyPattern::compile(text);
  if (!pattern) return std::move(pattern.error());
  check.body = std::move(*pattern);
  return {};
}

Outcome setMethod(HealthCheck& check, std::string_view text) {
  using Method = HealthCheck::Method;
  static const Registry<Method> kMethods{{"GET", Method::kGet}, {"HEAD", Method::kHead}, {"TCP", Method::kTcp}};
  const Method* method = kMethods.find(text);
  if (!method) return mistake(quoted(text) + " is none of " + kMethods.names());
  check.method = *method;
  return {};
}

const Registry<Setter>& setters() {
  static const Registry<Setter> kSetters{{"interval", &setDuration<&HealthCheck::interval>},
                                         {"timeout", &setDuration<&HealthCheck::timeout>},
                                         {"uri", &setUri},
                                         {"host", &setHost},
                                         {"expect", &setExpect},
                                         {"body", &setBody},
                                         {"method", &setMethod},
                                         {"rise", &setCount<&HealthCheck::rise>},
                                         {"fall", &setCount<&HealthCheck::fall>}};
  return kSetters;
}

// What does not go together.
Outcome judge(const HealthCheck& check, const std::set<std::string, std::less<>>& given) {
  using Method = HealthCheck::Method;
  if (check.method == Method::kHead && check.body) return mistake("body= needs method=GET: an answer to HEAD has none");
  if (check.method != Method::kTcp) return {};
  for (const char* key : {"uri", "host", "expect", "body"})
    if (given.contains(key)) return mistake(std::string{key} + "= needs method=GET or HEAD: TCP asks nothing");
  return {};
}

}  // namespace

Result<HealthCheck> HealthCheck::parse(std::span<const std::string> assignments) {
  HealthCheck check;
  std::set<std::string, std::less<>> given;
  for (const std::string_view assignment : assignments) {
    const auto equals = assignment.find('=');
    const std::string key = proxycommon::lowered(assignment.substr(0, equals));
    const Setter* setter = setters().find(key);
    if (equals == std::string_view::npos || !setter)
      return mistake(quoted(assignment) + " is no setting of a check: write KEY=VALUE with one of " +
                     setters().names());
    if (!given.insert(key).second) return mistake(key + "= is given twice");
    if (auto set = (*setter)(check, assignment.substr(equals + 1)); !set)
      return mistake(key + "=: " + set.error().detail);
  }
  if (auto sound = judge(check, given); !sound) return std::move(sound.error());
  return check;
}

bool HealthCheck::expects(unsigned status) const {
  return std::any_of(expect.begin(), expect.end(),
                     [status](const StatusRange& range) { return status >= range.first && status <= range.last; });
}

milliseconds HealthCheck::limit() const {
  return timeout.count() > 0 ? timeout : std::min(interval, kLongestLimit);
}

}  // namespace revproxy
