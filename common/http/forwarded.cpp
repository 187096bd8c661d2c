// The Forwarded field.
#include "common/http/forwarded.h"

#include <algorithm>

#include "common/http/header_rules.h"
#include "common/net/ip_address.h"

namespace proxycommon {
namespace {

// value = token / quoted-string (RFC 7239 4, RFC 9110 5.6.4).
std::string value(std::string_view text) {
  if (isToken(text)) return std::string{text};
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    if (isFieldValue({&c, 1})) quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

// A zone, as in fe80::1%eth0, means something on this machine alone.
std::string nodeValue(const ForwardedNode& node) {
  const auto address = IpAddress::parse(node.address.substr(0, node.address.find('%')));
  std::string text = !address ? "unknown" : address->isV4() ? address->toString() : "[" + address->toString() + "]";
  if (node.port) text.append(":").append(std::to_string(*node.port));
  return value(text);
}

}  // namespace

std::string toString(const ForwardedElement& element) {
  std::string text = "for=" + nodeValue(element.client);
  if (element.by) text.append(";by=").append(nodeValue(*element.by));
  if (!element.host.empty()) text.append(";host=").append(value(element.host));
  if (isToken(element.proto)) text.append(";proto=").append(element.proto);
  return text;
}

bool isForwardedList(std::string_view text) {
  bool isQuoted = false;
  for (std::size_t place = 0; place < text.size(); ++place) {
    if (isQuoted && text[place] == '\\') {
      ++place;
    } else if (text[place] == '"') {
      isQuoted = !isQuoted;
    }
  }
  return !isQuoted && isFieldValue(text) && std::any_of(text.begin(), text.end(), [](char c) { return c == '='; });
}

}  // namespace proxycommon
