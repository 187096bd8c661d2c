// The kinds of rules there are. To add one: write its two functions in a file of its own, declare them in kinds.h, and
// put a row here, in front of those whose form is wider.
#include "mod_fwdproxy/access/kinds.h"

namespace fwdproxy {

const proxycommon::Registry<RuleKind>& ruleKinds() {
  static const proxycommon::Registry<RuleKind> kinds = {
      {"any name", {&isAnyName, &makeAnyName}},
      {"suffix", {&isSuffix, &makeSuffix}},
      {"network", {&isNetwork, &makeNetwork}},
      {"name", {&isName, &makeName}},
  };
  return kinds;
}

Result<std::unique_ptr<HostRule>> makeHostRule(std::string_view text) {
  for (const auto& row : ruleKinds().rows())
    if (row.implementation.recognises(text)) return row.implementation.make(text);
  return proxycommon::failure(
      proxycommon::ErrorKind::kInternal,
      "\"" + std::string{text} +
          "\" is no host: write a name, *.SUFFIX, *, an address, or a network such as 10.0.0.0/8");
}

}  // namespace fwdproxy
