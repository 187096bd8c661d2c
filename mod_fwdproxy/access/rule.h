// Rule: one entry of the allow-list, as it judges the host of a destination. Pure, immutable, any thread.
// To add a kind: a class here or in a file of its own, and a row in builtin.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/registry.h"
#include "common/base/result.h"
#include "common/net/ip_address.h"

namespace fwdproxy {

using proxycommon::Outcome;
using proxycommon::Result;

// The host that a client has named: lower case, without brackets.
struct NamedHost {
  std::string_view name;
  std::optional<proxycommon::IpAddress> address;  // where the name is an address literal

  static NamedHost of(std::string_view host) { return {host, proxycommon::IpAddress::parse(host)}; }
};

class HostRule {
 public:
  virtual ~HostRule() = default;
  virtual bool matches(const NamedHost& host) const = 0;
  // The network that the rule names, if it names one: then its addresses may be dialled.
  virtual std::optional<proxycommon::Network> network() const { return std::nullopt; }
};

// A kind of rule says whether a text is of its form, and makes a rule of it; the error says what to write instead.
struct RuleKind {
  bool (*recognises)(std::string_view text);
  Result<std::unique_ptr<HostRule>> (*make)(std::string_view text);
};

// In the order in which they are asked.
const proxycommon::Registry<RuleKind>& ruleKinds();

// `text` is the host part of an entry, without brackets.
Result<std::unique_ptr<HostRule>> makeHostRule(std::string_view text);

}  // namespace fwdproxy
