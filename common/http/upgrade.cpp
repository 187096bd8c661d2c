// Changing the protocol of a connection.
#include "common/http/upgrade.h"

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

// "websocket", or "name/version" (RFC 9110 7.8).
bool isProtocol(std::string_view text) {
  const auto slash = text.find('/');
  return isToken(text.substr(0, slash)) && (slash == std::string_view::npos || isToken(text.substr(slash + 1)));
}

}  // namespace

Result<std::string> readUpgrade(std::string_view text) {
  if (equalsIgnoringCase(text, "none")) return std::string{};
  std::string list;
  for (std::string_view rest = text; const auto member = nextListMember(rest);) {
    // Of these the connection would not be a tunnel, but HTTP that nobody checks.
    // And a switch's or mod_proxy's word is no protocol.
    const bool isWord = listContains("On, Off, Any, None", *member);
    const bool isHttp = startsWithIgnoringCase(*member, "h2") || startsWithIgnoringCase(*member, "http") ||
                        startsWithIgnoringCase(*member, "tls");
    if (!isProtocol(*member) || isHttp || isWord)
      return failure(ErrorKind::kInternal, "\"" + printable(*member) +
                                               "\" is no protocol that can be tunnelled: write names such as "
                                               "websocket, separated by commas, or None");
    list.append(list.empty() ? "" : ", ").append(*member);
  }
  if (list.empty()) return failure(ErrorKind::kInternal, "it names no protocol: write websocket, or None");
  return list;
}

std::string offeredUpgrade(std::string_view asked, std::string_view allowed) {
  std::string offered;
  while (const auto member = nextListMember(asked))
    if (listContains(allowed, *member)) offered.append(offered.empty() ? "" : ", ").append(*member);
  return offered;
}

void offerUpgrade(HeaderFields& fields, std::string_view offered) {
  if (offered.empty()) return;
  fields.push_back({"Connection", "Upgrade"});
  fields.push_back({"Upgrade", offered});
}

}  // namespace proxycommon
