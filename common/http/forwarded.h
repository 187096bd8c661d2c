// The Forwarded field (RFC 7239): what a proxy tells the next one of the request that it has received. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

// An end of a connection (RFC 7239 6).
struct ForwardedNode {
  std::string_view address;  // IPv4, or IPv6 without brackets; anything else becomes "unknown"
  std::optional<std::uint16_t> port;
};

struct ForwardedElement {
  ForwardedNode client;
  std::optional<ForwardedNode> by;  // where the request came in
  std::string_view host;            // as in the Host field, whoever wrote it; empty: left out
  std::string_view proto;           // the URL's scheme; left out where it is none
};

// "for=192.0.2.1;host=a.test;proto=https": each value a token, or quoted so that nothing in it ends the quotes. Control
// characters are left out, for none may stand in a field (RFC 9110 5.5).
PROXYCOMMON_API std::string toString(const ForwardedElement& element);

// Whether a field's value can be appended to: its quotes end, so that what follows is not inside them.
PROXYCOMMON_API bool isForwardedList(std::string_view value);

}  // namespace proxycommon
