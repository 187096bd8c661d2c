// Upgrade fields and the directive that allows them: what is offered was asked for and is allowed, and is never HTTP.
#include "common/http/upgrade.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

void requireProtocols(std::string_view list) {
  for (std::string_view rest = list; const auto member = nextListMember(rest);) {
    REQUIRE(!equalsIgnoringCase(*member, "none"));
    for (const std::string_view http : {"h2", "http", "tls"}) REQUIRE(!startsWithIgnoringCase(*member, http));
    REQUIRE(std::count(member->begin(), member->end(), '/') <= 1);
    const auto slash = member->find('/');
    REQUIRE(isToken(member->substr(0, slash)));
    REQUIRE(slash == std::string_view::npos || isToken(member->substr(slash + 1)));
  }
}

void requireReadOnce(std::string_view text) {
  const auto read = readUpgrade(text);
  if (!read) {
    REQUIRE(read.error().detail.find(": write ") != std::string::npos);
    REQUIRE(isFieldValue(read.error().detail));
    return;
  }
  requireProtocols(*read);
  if (read->empty()) {
    REQUIRE(equalsIgnoringCase(text, "none"));
    return;
  }
  const auto again = readUpgrade(*read);
  REQUIRE(again && *again == *read);
  REQUIRE(offeredUpgrade(*read, *read) == *read);
}

// Whatever a client asks for, of what a directive can allow.
void requireHarmlessOffer(std::string_view asked, std::string_view allowed) {
  const std::string offered = offeredUpgrade(asked, allowed);
  requireProtocols(offered);
  REQUIRE(isFieldValue(offered));
  for (std::string_view rest = offered; const auto member = nextListMember(rest);)
    REQUIRE(listContains(asked, *member) && listContains(allowed, *member));
  for (std::string_view rest = asked; const auto member = nextListMember(rest);)
    REQUIRE(listContains(offered, *member) == listContains(allowed, *member));
  HeaderFields fields;
  offerUpgrade(fields, offered);
  REQUIRE(fields.size() == (offered.empty() ? 0u : 2u));
}

}  // namespace

// The first line is what a directive allows, the rest what a client asks for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), size);
  const std::string_view asked = text.substr(std::min(end + 1, size));
  requireReadOnce(text.substr(0, end));
  if (const auto allowed = readUpgrade(text.substr(0, end))) requireHarmlessOffer(asked, *allowed);
  requireHarmlessOffer(asked, "websocket, foo/1.2");
  return 0;
}
