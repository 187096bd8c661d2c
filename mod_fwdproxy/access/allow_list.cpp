// The destinations that FwdProxyAllow opens.
#include "mod_fwdproxy/access/allow_list.h"

#include <algorithm>

#include "common/base/mistake.h"
#include "common/base/text.h"

namespace fwdproxy {
namespace {

using proxycommon::mistake;
using proxycommon::PortSet;

// An entry taken apart: "[2001:db8::]/32:443" is host "2001:db8::/32" and ports "443".
struct Parts {
  std::string host;
  std::string_view ports;
};

Result<Parts> split(std::string_view entry) {
  std::string host;
  std::string_view rest = entry;
  if (entry.find("://") != std::string_view::npos)
    return mistake("\"" + std::string{entry} +
                   "\" is a URL: write its host alone, and ports behind it, as HOST[:PORTS]");
  if (entry.starts_with('[')) {
    const auto bracket = entry.find(']');
    if (bracket == std::string_view::npos) return mistake("\"" + std::string{entry} + "\" has no closing bracket");
    host = entry.substr(1, bracket - 1);
    if (host.find(':') == std::string::npos)
      return mistake("\"" + std::string{entry} + "\": brackets are for IPv6 addresses alone");
    rest = entry.substr(bracket + 1);
    if (!rest.empty() && rest.front() != '/' && rest.front() != ':')
      return mistake("\"" + std::string{entry} + "\": behind the bracket only /BITS and :PORTS may follow");
  } else if (std::count(entry.begin(), entry.end(), ':') > 1) {
    return mistake("\"" + std::string{entry} + "\": write IPv6 addresses in brackets, such as [2001:db8::1]:443");
  }
  const auto colon = rest.find(':');
  host.append(rest.substr(0, colon));
  if (colon == std::string_view::npos) return Parts{std::move(host), "80,443"};
  return Parts{std::move(host), rest.substr(colon + 1)};
}

}  // namespace

Outcome AllowList::add(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::move(parts.error());
  auto ports = PortSet::parse(parts->ports);
  if (!ports)
    return mistake("\"" + std::string{parts->ports} + "\" in " + std::string{text} +
                   " are no ports: write numbers from 1 to 65535 and ranges, such as 80,443,8000-8999");
  auto host = makeHostRule(parts->host);
  if (!host) return std::move(host.error());
  entries_.push_back({std::string{text}, std::move(*host), std::move(*ports)});
  return {};
}

Verdict AllowList::judge(std::string_view host, std::uint16_t port) const {
  if (entries_.empty()) return {false, "no destination is open, for there is no FwdProxyAllow"};
  const NamedHost named = NamedHost::of(host);
  std::string otherPorts;
  for (const Entry& entry : entries_) {
    if (!entry.host->matches(named)) continue;
    if (entry.ports.contains(port)) return {true, entry.text};
    otherPorts = entry.ports.toString();
  }
  const std::string destination = std::string{host} + " port " + std::to_string(port);
  if (!otherPorts.empty())
    return {false, destination + " is not open: FwdProxyAllow opens ports " + otherPorts + " there"};
  return {false, destination + " is not open: no FwdProxyAllow names it"};
}

void AllowList::open(proxycommon::AddressGuard& guard) const {
  for (const Entry& entry : entries_) {
    const auto network = entry.host->network();
    if (network && proxycommon::AddressGuard::isSpecial(*network)) guard.allow(*network, entry.ports);
  }
}

}  // namespace fwdproxy
