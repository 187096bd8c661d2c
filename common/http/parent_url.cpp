// The URL of a parent proxy.
#include "common/http/parent_url.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "common/http/url.h"

namespace proxycommon {
namespace {

Error mistake(std::string_view why) {
  return failure(ErrorKind::kInternal,
                 std::string{why} + ": write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or None");
}

bool hasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

// RFC 7617 2: a user has no colon, and neither has control characters.
Outcome readCredentials(std::string_view text, ParentProxy& parent) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return mistake("the user has no password");
  auto user = percentDecoded(text.substr(0, colon));
  auto password = percentDecoded(text.substr(colon + 1));
  if (!user || !password || user->empty() || user->find(':') != std::string::npos || hasControls(*user + *password))
    return mistake("the credentials are not valid (percent-encode what is special in a URL; a user has no colon)");
  parent.user = std::move(*user);
  parent.password = std::move(*password);
  return {};
}

}  // namespace

Result<std::shared_ptr<const ParentProxy>> readParent(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (equalsIgnoringCase(text, "none")) return std::shared_ptr<const ParentProxy>();
  if (!startsWithIgnoringCase(text, kScheme)) return mistake("a parent is reached by http://");
  text.remove_prefix(kScheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  auto parent = std::make_shared<ParentProxy>();
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    if (auto read = readCredentials(text.substr(0, at), *parent); !read) return std::move(read.error());
    text.remove_prefix(at + 1);
  }
  const auto authority = parseAuthority(text);
  if (!authority) return mistake("the parent is no HOST:PORT");
  if (!authority->port) return mistake("the parent has no port");
  parent->destination = {authority->host, *authority->port};
  return std::shared_ptr<const ParentProxy>(std::move(parent));
}

}  // namespace proxycommon
