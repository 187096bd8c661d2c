// The configuration as text for people.
#include "mod_revproxy/status/dump.h"

#include <algorithm>
#include <tuple>

#include "common/base/text.h"
#include "mod_revproxy/status/value_text.h"
#include "mod_revproxy/status/words.h"

namespace revproxy {
namespace {

std::string shown(std::string_view text) {
  constexpr std::size_t kLongest = 1000;
  return proxycommon::printable(text, kLongest);
}

std::string at(std::string_view definedAt) {
  return definedAt.empty() ? "" : " (" + shown(definedAt) + ")";
}

std::string span(milliseconds time) {
  constexpr unsigned kPlaces = 3;
  return decimal(static_cast<std::uint64_t>(time.count()), kPlaces) + " s";
}

bool isBefore(const DumpedMapping& left, const DumpedMapping& right) {
  if (left.prefix.size() != right.prefix.size()) return left.prefix.size() > right.prefix.size();
  if (left.prefix != right.prefix) return left.prefix < right.prefix;
  return left.isOfLocation && !right.isOfLocation;
}

// Prefixes and targets in columns.
std::string mappingsText(std::vector<DumpedMapping> mappings) {
  std::stable_sort(mappings.begin(), mappings.end(), isBefore);
  std::size_t widest = 0;
  for (DumpedMapping& mapping : mappings) {
    mapping.prefix = shown(mapping.prefix);
    widest = std::max(widest, mapping.prefix.size());
  }
  std::string text;
  for (const DumpedMapping& mapping : mappings)
    text += "    " + mapping.prefix + std::string(widest - mapping.prefix.size(), ' ') + " -> " +
            shown(mapping.target) + at(mapping.definedAt) + "\n";
  return text;
}

std::string resolveText(Resolve resolve) {
  if (resolve == Resolve::kAll) return ", a member for each address";
  return resolve == Resolve::kSrv ? ", members by SRV records" : "";
}

std::string memberText(const Member& member, const BalancerSettings& settings) {
  constexpr unsigned kWeightPlaces = 2;
  std::string text = "      " + shown(member.url) + ": set " + std::to_string(member.set) + ", " +
                     std::string{wordOf(member.role)} + ", weight " + decimal(member.weight, kWeightPlaces);
  if (!member.route.empty()) text += ", route " + shown(member.route);
  if (member.limit > 0) text += ", limit " + std::to_string(member.limit);
  if (const milliseconds time = member.slowStart.valueOr(settings.slowStart); time.count() > 0)
    text += ", slow start " + span(time);
  text += resolveText(member.resolve);
  if (member.isDrained) text += ", drained";
  if (member.isStopped) text += ", stopped";
  return text + at(member.definedAt) + "\n";
}

std::string askedText(const HealthCheck& check) {
  if (check.method == HealthCheck::Method::kTcp) return "TCP";
  std::string text = (check.method == HealthCheck::Method::kHead ? "HEAD " : "GET ") + shown(check.uri) + ", expects";
  for (const StatusRange& range : check.expect) {
    text += " " + std::to_string(range.first);
    if (range.last != range.first) text += "-" + std::to_string(range.last);
  }
  if (check.body) text += ", body ~ \"" + shown(check.body->text()) + "\"";
  return text;
}

std::string healthText(const HealthCheck& check) {
  return "      checked every " + span(check.interval) + ": " + askedText(check) + ", rise " +
         std::to_string(check.rise) + ", fall " + std::to_string(check.fall) + at(check.definedAt) + "\n";
}

bool hasQueue(const Balancer& balancer) {
  return balancer.settings.limit > 0 || std::any_of(balancer.members.begin(), balancer.members.end(),
                                                    [](const Member& member) { return member.limit > 0; });
}

std::string balancerText(const Balancer& balancer) {
  const BalancerSettings& settings = balancer.settings;
  std::string text = "    " + shown(balancer.name) + ": " + shown(settings.method);
  if (!settings.hash.empty()) text += " of " + shown(settings.hash);
  if (settings.limit > 0) text += ", limit " + std::to_string(settings.limit);
  if (hasQueue(balancer))
    text += ", up to " + std::to_string(settings.queue) + " wait " + span(settings.queueTimeout) + " at most";
  text += at(balancer.definedAt) + "\n";
  std::vector<const Member*> members;
  for (const Member& member : balancer.members) members.push_back(&member);
  std::stable_sort(members.begin(), members.end(), [](const Member* left, const Member* right) {
    return std::tie(left->set, left->role) < std::tie(right->set, right->role);
  });
  for (const Member* member : members) text += memberText(*member, settings);
  if (balancer.health.isSet()) text += healthText(balancer.health.value());
  return text;
}

}  // namespace

std::string dumpText(const std::vector<DumpedHost>& hosts) {
  std::string text = "RevProxy, in order of precedence:\n";
  for (const DumpedHost& host : hosts) {
    text += shown(host.name) + at(host.definedAt) + "\n";
    if (host.mappings.empty() && host.balancers.empty()) text += "  nothing is mapped\n";
    if (!host.mappings.empty()) text += "  mappings, the longest first:\n" + mappingsText(host.mappings);
    if (!host.balancers.empty()) text += "  balancers:\n";
    for (const Balancer* balancer : host.balancers) text += balancerText(*balancer);
  }
  return text;
}

}  // namespace revproxy
