// URLs and authorities.
#include "common/http/url.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/net/ip_address.h"

namespace proxycommon {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-._";

Error badAuthority(std::string_view text, std::string_view why) {
  return failure(ErrorKind::kBadAuthority, "\"" + printable(text) + "\" " + std::string{why});
}

// Whether a resolver would take it for an IPv4 address, though perhaps of a short, octal or hexadecimal form: then two
// readers could disagree on where it leads.
bool looksNumeric(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (!last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos) return true;
  return last.starts_with("0x") && last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

// RFC 3986 3.1.
bool isScheme(std::string_view text) {
  const auto isLetter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  return isLetter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
           return isLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
         });
}

Result<std::string> parseHost(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    const auto address = IpAddress::parse(text.substr(1, text.size() - 2));
    if (!address || address->isV4()) return badAuthority(text, "is no IPv6 address in brackets");
    return address->toString();
  }
  std::string host = lowered(text);
  if (host.size() > 1 && host.back() == '.') host.pop_back();
  if (host.empty() || host == "." || host.size() > 253)
    return badAuthority(text, "is no host: it is empty or too long");
  if (host.find_first_not_of(kNameCharacters) != std::string::npos)
    return badAuthority(text, "is no host: only letters, digits, '-', '.', '_', or IPv6 in brackets");
  if (host.front() == '.' || host.back() == '.' || host.find("..") != std::string::npos)
    return badAuthority(text, "is no host: it has an empty part between its dots");
  if (looksNumeric(host) && !IpAddress::parse(host))
    return badAuthority(text, "is no address: write all four parts of an IPv4 address in decimal");
  return host;
}

constexpr bool isUnreservedOrMark(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kMarks.find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text, std::string_view alsoAllowed) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (isUnreservedOrMark(c) || alsoAllowed.find(c) != std::string_view::npos) {
      result.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return result;
}

std::optional<unsigned> hexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (lower(c) >= 'a' && lower(c) <= 'f') return static_cast<unsigned>(lower(c) - 'a' + 10);
  return std::nullopt;
}

// The character that `encoded` begins with, and how many characters it takes.
struct Decoded {
  char character;
  std::size_t length;
};

Decoded firstDecoded(std::string_view encoded) {
  if (encoded.front() == '%' && encoded.size() >= 3) {
    const auto high = hexDigit(encoded[1]);
    const auto low = hexDigit(encoded[2]);
    if (high && low) return {static_cast<char>(*high * 16 + *low), 3};
  }
  return {encoded.front(), 1};
}

}  // namespace

std::string Authority::toString(std::uint16_t defaultPort) const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port.value_or(defaultPort) != defaultPort) text.append(":").append(std::to_string(*port));
  return text;
}

Result<Authority> parseAuthority(std::string_view text) {
  const auto bracket = text.rfind(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  auto host = parseHost(text.substr(0, colon));
  if (!host) return std::move(host.error());
  Authority authority{std::move(*host), std::nullopt};
  if (colon == std::string_view::npos) return authority;
  const auto port = parseNumber(text.substr(colon + 1), 65535);
  if (!port || *port == 0) return badAuthority(text, "has a port that is not a number from 1 to 65535");
  authority.port = static_cast<std::uint16_t>(*port);
  return authority;
}

Result<Url> parseUrl(std::string_view text) {
  const auto separator = text.find("://");
  if (separator == std::string_view::npos || separator == 0) return badAuthority(text, "has no scheme://");
  const std::string_view scheme = text.substr(0, separator);
  if (!isScheme(scheme)) return badAuthority(text, "has no scheme:// that is one");
  const std::string_view rest = text.substr(separator + 3);
  const auto pathStart = std::min(rest.find_first_of("/?#"), rest.size());
  auto authority = parseAuthority(rest.substr(0, pathStart));
  if (!authority) return std::move(authority.error());
  Url url{lowered(scheme), std::move(*authority), std::string{rest.substr(pathStart)}};
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  return url;
}

std::string escapedTarget(std::string_view text) {
  const auto query = text.find('?');
  std::string target = escaped(text.substr(0, query), "%");
  if (query != std::string_view::npos) target.append("?").append(escapedQuery(text.substr(query + 1)));
  return target;
}
std::string escapedQuery(std::string_view text) {
  return escaped(text, "%?[]{}|\\^`\"<>");
}
std::string escapedPath(std::string_view decoded) {
  return escaped(decoded, "");
}

std::optional<std::string> percentDecoded(std::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    const Decoded next = firstDecoded(text);
    if (text.front() == '%' && next.length == 1) return std::nullopt;
    decoded.push_back(next.character);
    text.remove_prefix(next.length);
  }
  return decoded;
}

bool isNormalPath(std::string_view decoded) {
  for (std::size_t position = 0; position < decoded.size(); ++position) {
    const std::string_view rest = decoded.substr(position);
    if (rest.front() == '?' || rest.front() == '#' || firstDecoded(rest).length == 3) return false;
    for (const std::string_view dots : {"/./", "/../"})
      if (rest.starts_with(dots)) return false;
  }
  return !decoded.ends_with("/.") && !decoded.ends_with("/..");
}

std::optional<std::string_view> encodedRemainder(std::string_view encoded, std::string_view decoded,
                                                 std::size_t prefixLength) {
  std::optional<std::string_view> remainder;
  for (std::size_t position = 0;; ++position) {
    if (position == prefixLength) remainder = encoded;
    if (position == decoded.size() || encoded.empty()) {
      return position == decoded.size() && encoded.empty() ? remainder : std::nullopt;
    }
    const Decoded next = firstDecoded(encoded);
    const bool keptEncoded = next.length == 3 && decoded[position] == '%' && next.character == '/';
    if (!keptEncoded && next.character != decoded[position]) return std::nullopt;
    encoded.remove_prefix(keptEncoded ? 1 : next.length);
  }
}

}  // namespace proxycommon
