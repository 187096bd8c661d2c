// AllowList: the destinations that FwdProxyAllow opens. Empty means closed. It judges names and ports before anything
// is resolved; the addresses behind a name are the AddressGuard's affair. Pure; immutable once the configuration is
// read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/address_guard.h"
#include "common/net/port_set.h"
#include "mod_fwdproxy/access/rule.h"

namespace fwdproxy {

struct Verdict {
  bool allowed = false;
  std::string reason;  // the rule's text, or why no rule allows it
};

class AllowList {
 public:
  // HOST[:PORTS]; the error says what to write instead.
  Outcome add(std::string_view entry);
  bool empty() const { return entries_.empty(); }

  // `host` as parseAuthority gives it.
  Verdict judge(std::string_view host, std::uint16_t port) const;
  // Opens what the list's addresses and networks name, on their ports, where that is closed by default.
  void open(proxycommon::AddressGuard& guard) const;

 private:
  struct Entry {
    std::string text;
    std::shared_ptr<const HostRule> host;  // shared by the copies that merging makes
    proxycommon::PortSet ports;
  };
  std::vector<Entry> entries_;
};

}  // namespace fwdproxy
