// Members as they are configured.
#include "mod_revproxy/balancer/member.h"

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/mistake.h"
#include "common/base/registry.h"
#include "common/base/text.h"
#include "common/net/ip_address.h"

namespace revproxy {
namespace {

using proxycommon::mistake;

// "1", "2.5", from 1 to 100, as mod_proxy's loadfactor; in hundredths.
bool setWeight(Member& member, std::string_view text) {
  const auto point = text.find('.');
  const auto whole = proxycommon::parseNumber(text.substr(0, point), 100);
  std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const bool isWritten = point == std::string_view::npos || (fraction.size() >= 1 && fraction.size() <= 2);
  const auto part = fraction.empty() ? std::optional<std::uint64_t>(0) : proxycommon::parseNumber(fraction, 99);
  if (!whole || !part || !isWritten) return false;
  member.weight = static_cast<std::uint32_t>(*whole * 100 + *part * (fraction.size() == 1 ? 10 : 1));
  return member.weight >= 100 && member.weight <= 10'000;
}

// What a cookie's value, or a path parameter, may end with.
bool setRoute(Member& member, std::string_view text) {
  constexpr std::size_t kLongest = 64;
  const bool isWord = text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
                      std::string_view::npos;
  if (text.empty() || text.size() > kLongest || !isWord) return false;
  member.route = text;
  return true;
}

// mod_proxy's letters: "+N", "S", "+R-D".
bool setStatus(Member& member, std::string_view text) {
  bool on = true;
  bool any = false;
  for (const char letter : text) {
    if (letter == '+' || letter == '-') {
      on = letter == '+';
      continue;
    }
    any = true;
    switch (proxycommon::lower(letter)) {
      case 'd':  // disabled and stopped differ in mod_proxy's manager alone
      case 's':
        member.isStopped = on;
        break;
      case 'n':
        member.isDrained = on;
        break;
      case 'r':
        member.role = on ? MemberRole::kSpare : MemberRole::kActive;
        break;
      case 'h':
        member.role = on ? MemberRole::kStandby : MemberRole::kActive;
        break;
      case 'i':
        member.neverEjected = on;
        break;
      default:
        return false;
    }
  }
  return any;
}

bool setSet(Member& member, std::string_view text) {
  const auto set = proxycommon::parseNumber(text, 99);
  if (set) member.set = static_cast<unsigned>(*set);
  return set.has_value();
}

bool setSlowStart(Member& member, std::string_view text) {
  const bool off = proxycommon::equalsIgnoringCase(text, "off");
  const auto span = off ? std::optional(milliseconds{0}) : proxycommon::parseDuration(text);
  if (span) member.slowStart = *span;
  return span.has_value();
}

bool setLimit(Member& member, std::string_view text) {
  const auto limit = proxycommon::parseNumber(text, kMostInFlight);
  if (!limit || *limit == 0) return false;
  member.limit = static_cast<std::size_t>(*limit);
  return true;
}

bool setResolve(Member& member, std::string_view text) {
  const proxycommon::Registry<Resolve> words = {{"one", Resolve::kOne}, {"all", Resolve::kAll}, {"srv", Resolve::kSrv}};
  const Resolve* resolve = words.find(proxycommon::lowered(text));
  if (resolve) member.resolve = *resolve;
  return resolve != nullptr;
}

struct Parameter {
  bool (*set)(Member&, std::string_view);
  std::string_view expects;
};

// To add a parameter: a field of Member, and a row here.
const proxycommon::Registry<Parameter>& parameters() {
  constexpr std::string_view kWeight = "a number from 1 to 100, such as 2 or 1.5";
  constexpr std::string_view kSet = "a number from 0 to 99";
  static const proxycommon::Registry<Parameter> table = {
      {"weight", {&setWeight, kWeight}},
      {"loadfactor", {&setWeight, kWeight}},
      {"route", {&setRoute, "at most 64 letters, digits, and any of _ - ."}},
      {"status",
       {&setStatus, "letters with + or - before them: N drained, S or D stopped, R spare, H standby, I never ejected"}},
      {"set", {&setSet, kSet}},
      {"lbset", {&setSet, kSet}},
      {"slowstart", {&setSlowStart, "a duration such as 30s, or Off"}},
      {"limit", {&setLimit, "a number of requests in flight from 1 to 65536"}},
      {"resolve", {&setResolve, "one, all, or srv"}},
  };
  return table;
}

// What is settled of a request before it has a member.
bool isOfRequests(std::string_view key) {
  constexpr std::array<std::string_view, 6> kKeys = {"nocanon",    "request-buffer", "retry-post",
                                                     "half-close", "cache",          "cache-store"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// What goes to the backend's own parameters is passed on.
Outcome setParameter(Member& member, const std::string& assignment, std::vector<std::string>& others) {
  const auto equals = assignment.find('=');
  const std::string key = proxycommon::lowered(assignment.substr(0, equals));
  const Parameter* parameter = parameters().find(key);
  if (!parameter && !BackendParameters::knows(key))
    return mistake("\"" + proxycommon::printable(assignment) + "\" is no parameter of a member: write KEY=VALUE with " +
                   parameters().names() + ", or what RevProxyPass takes: " + BackendParameters::names());
  if (!parameter && isOfRequests(key))
    return mistake(key + " holds before a member is chosen: write it behind RevProxyPass, or with RevProxySet");
  if (!parameter) {
    others.push_back(assignment);
    return {};
  }
  if (equals == std::string::npos || !parameter->set(member, std::string_view(assignment).substr(equals + 1)))
    return mistake(key + "= takes " + std::string{parameter->expects} + ", not \"" +
                   proxycommon::printable(equals == std::string::npos ? "" : assignment.substr(equals + 1)) + "\"");
  return {};
}

Outcome checkResolve(const Member& member) {
  if (member.resolve == Resolve::kOne) return {};
  if (!member.backend.socketPath.empty()) return mistake("resolve= is for names, and a Unix socket has none");
  if (proxycommon::IpAddress::parse(member.backend.host))
    return mistake("resolve= is for names, and " + member.backend.host + " is an address");
  return {};
}

}  // namespace

Result<Member> parseMember(std::string_view url, std::span<const std::string> assignments) {
  Member member;
  std::vector<std::string> others;
  for (const std::string& assignment : assignments)
    if (auto set = setParameter(member, assignment, others); !set) return std::move(set.error());
  auto backend = parseBackend(url, others);
  if (!backend) return std::move(backend.error());
  member.backend = std::move(*backend);
  member.url = url;
  if (auto checked = checkResolve(member); !checked) return std::move(checked.error());
  return member;
}

}  // namespace revproxy
