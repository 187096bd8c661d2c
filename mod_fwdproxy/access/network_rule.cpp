// Rules over addresses and networks.
#include "common/base/text.h"
#include "mod_fwdproxy/access/kinds.h"

namespace fwdproxy {
namespace {

using proxycommon::Network;

class NetworkRule final : public HostRule {
 public:
  explicit NetworkRule(Network network) : network_(network) {}
  bool matches(const NamedHost& host) const override { return host.address && network_.contains(*host.address); }
  std::optional<Network> network() const override { return network_; }

 private:
  Network network_;
};

}  // namespace

// Also what only looks like an address, such as 10.0.0.256 or 10.1: as a name it would never match what was meant.
bool isNetwork(std::string_view text) {
  if (text.find_first_of("/:") != std::string_view::npos) return true;
  const auto lastLabel = text.substr(text.rfind('.') + 1);
  return proxycommon::parseNumber(lastLabel, UINT64_MAX).has_value();
}

Result<std::unique_ptr<HostRule>> makeNetwork(std::string_view text) {
  const auto network = Network::parse(text);
  if (!network)
    return proxycommon::failure(proxycommon::ErrorKind::kInternal,
                                "\"" + proxycommon::printable(text) +
                                    "\" is no address and no network: write 192.0.2.1, 10.0.0.0/8 (no bits behind the "
                                    "prefix, at most 32 for IPv4), or [2001:db8::]/32 (at most 128)");
  return {std::make_unique<NetworkRule>(*network)};
}

}  // namespace fwdproxy
