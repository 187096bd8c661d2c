// Which header fields go on to the next hop, and which bytes may stand in one.
#include "common/http/header_rules.h"

#include <algorithm>
#include <array>

namespace proxycommon {
namespace {

constexpr std::array<std::string_view, 9> kHopByHop = {
    "connection", "keep-alive",        "proxy-connection", "proxy-authenticate", "proxy-authorization",
    "te",         "transfer-encoding", "upgrade",          "http2-settings"};

constexpr std::array<std::string_view, 17> kNoTrailers = {
    "authorization", "cache-control", "content-encoding", "content-length", "content-range",   "content-type",
    "cookie",        "expect",        "forwarded",        "host",           "if-match",        "if-none-match",
    "max-forwards",  "range",         "set-cookie",       "trailer",        "www-authenticate"};

constexpr std::array<std::string_view, 4> kNotNominable = {"host", "forwarded", "authorization", "content-length"};
constexpr std::array<std::string_view, 3> kWrittenAnew = {"host", "content-length", "expect"};
constexpr std::string_view kForwardedPrefix = "x-forwarded-";

template <class List>
bool lists(const List& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [name](std::string_view member) { return equalsIgnoringCase(member, name); });
}

constexpr bool isTokenCharacter(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || kMarks.find(c) != std::string_view::npos;
}

constexpr auto kTokenTable = [] {
  std::array<bool, 256> table{};
  for (int byte = 0; byte < 256; ++byte)
    table[static_cast<std::size_t>(byte)] = isTokenCharacter(static_cast<char>(byte));
  return table;
}();

}  // namespace

bool isHopByHop(std::string_view name) {
  return lists(kHopByHop, name);
}

bool isTrailer(std::string_view name) {
  return isToken(name) && !isHopByHop(name) && !lists(kNoTrailers, name) &&
         !startsWithIgnoringCase(name, kForwardedPrefix);
}

ConnectionOptions::ConnectionOptions(std::span<const HeaderField> fields) {
  for (const HeaderField& field : fields) {
    if (!equalsIgnoringCase(field.name, "connection")) continue;
    std::string_view rest = field.value;
    while (const auto option = nextListMember(rest)) options_.push_back(*option);
  }
}

bool ConnectionOptions::has(std::string_view option) const {
  return lists(options_, option);
}

bool ConnectionOptions::removes(std::string_view name) const {
  if (isHopByHop(name)) return true;
  return has(name) && !lists(kNotNominable, name) && !startsWithIgnoringCase(name, kForwardedPrefix);
}

HeaderFields forwardableFields(std::span<const HeaderField> received) {
  const ConnectionOptions options(received);
  HeaderFields fields;
  fields.reserve(received.size() + 8);  // room for what a proxy adds
  bool takesTrailers = false;
  for (const HeaderField& field : received) {
    takesTrailers = takesTrailers || (equalsIgnoringCase(field.name, "te") && listContains(field.value, "trailers"));
    if (!lists(kWrittenAnew, field.name) && !options.removes(field.name)) fields.push_back(field);
  }
  // RFC 9110 10.1.4: it speaks of this hop, for which it is true as well.
  if (takesTrailers) fields.insert(fields.end(), {{"TE", "trailers"}, {"Connection", "TE"}});
  return fields;
}

std::optional<milliseconds> promisedIdleTime(std::span<const HeaderField> fields) {
  constexpr std::string_view kName = "timeout=";
  constexpr std::uint64_t kMostSeconds = 24 * 3600;
  const HeaderField* field = findField(fields, "keep-alive");
  if (!field) return std::nullopt;
  std::string_view rest = field->value;
  while (const auto member = nextListMember(rest)) {
    if (!startsWithIgnoringCase(*member, kName)) continue;
    const auto promised = parseNumber(member->substr(kName.size()), kMostSeconds);
    if (promised) return std::chrono::seconds{*promised};
  }
  return std::nullopt;
}

bool isToken(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kTokenTable[static_cast<unsigned char>(c)]; });
}

bool isFieldValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

bool isRequestTarget(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

std::string appendedVia(std::string_view received, std::string_view version, std::string_view receivedBy) {
  std::string via{received};
  via.append(via.empty() ? "" : ", ").append(version).append(" ").append(receivedBy);
  return via;
}

}  // namespace proxycommon
