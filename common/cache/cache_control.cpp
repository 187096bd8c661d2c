// Cache-Control (RFC 9111 5.2).
#include "common/cache/cache_control.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/cache/structured_dictionary.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

struct Directive {
  std::string_view name;
  std::optional<std::string_view> argument;  // without its quotes
  std::optional<Seconds> number;             // of an argument that is one
};

using Flag = bool CacheControl::*;
using Number = std::optional<Seconds> CacheControl::*;
using Names = std::vector<std::string_view> CacheControl::*;

constexpr std::array<std::pair<std::string_view, Flag>, 8> kFlags = {{
    {"no-store", &CacheControl::noStore},
    {"public", &CacheControl::isPublic},
    {"must-revalidate", &CacheControl::mustRevalidate},
    {"proxy-revalidate", &CacheControl::proxyRevalidate},
    {"must-understand", &CacheControl::mustUnderstand},
    {"no-transform", &CacheControl::noTransform},
    {"immutable", &CacheControl::immutable},
    {"only-if-cached", &CacheControl::onlyIfCached},
}};
constexpr std::array<std::pair<std::string_view, Number>, 6> kNumbers = {{
    {"max-age", &CacheControl::maxAge},
    {"s-maxage", &CacheControl::sharedMaxAge},
    {"min-fresh", &CacheControl::minFresh},
    {"max-stale", &CacheControl::maxStale},
    {"stale-while-revalidate", &CacheControl::staleWhileRevalidate},
    {"stale-if-error", &CacheControl::staleIfError},
}};
struct Named {
  std::string_view name;
  Flag whole;
  Names fields;
};
constexpr std::array<Named, 2> kNamed = {{
    {"no-cache", &CacheControl::noCache, &CacheControl::noCacheFields},
    {"private", &CacheControl::isPrivate, &CacheControl::privateFields},
}};

// delta-seconds (RFC 9111 1.2.2).
std::optional<Seconds> deltaSeconds(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto number = parseNumber(text, static_cast<std::uint64_t>(kMostSeconds.count()));
  return number ? Seconds{static_cast<Seconds::rep>(*number)} : kMostSeconds;
}

void applyNumber(CacheControl& control, Number member, const Directive& directive) {
  const bool isLower = member == &CacheControl::minFresh;
  const Seconds worst = isLower ? kMostSeconds : Seconds{0};
  Seconds value = directive.number.value_or(worst);
  // RFC 9111 5.2.1.2: without a number, however stale.
  if (member == &CacheControl::maxStale && !directive.argument) value = kMostSeconds;
  std::optional<Seconds>& place = control.*member;
  place = place && *place != value ? worst : value;
}

// RFC 9111 5.2.2.4, 5.2.2.7. What names nothing, or no field, speaks of all of the response.
void applyNamed(CacheControl& control, const Named& named, const Directive& directive) {
  std::vector<std::string_view>& fields = control.*named.fields;
  const std::size_t before = fields.size();
  std::string_view rest = directive.argument.value_or("");
  while (const auto name = nextListMember(rest)) {
    if (!isToken(*name)) control.*named.whole = true;
    fields.push_back(*name);
  }
  if (fields.size() == before) control.*named.whole = true;
}

void apply(CacheControl& control, const Directive& directive) {
  for (const auto& [name, member] : kFlags)
    if (equalsIgnoringCase(name, directive.name)) control.*member = true;
  for (const auto& [name, member] : kNumbers)
    if (equalsIgnoringCase(name, directive.name)) applyNumber(control, member, directive);
  for (const Named& named : kNamed)
    if (equalsIgnoringCase(named.name, directive.name)) applyNamed(control, named, directive);
}

// Up to the comma that ends it, which is no comma in quotes.
std::string_view takeMember(std::string_view& rest) {
  bool isQuoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (isQuoted && rest[end] == '\\') {
      ++end;
    } else if (rest[end] == '"') {
      isQuoted = !isQuoted;
    } else if (rest[end] == ',' && !isQuoted) {
      break;
    }
  }
  end = std::min(end, rest.size());
  const std::string_view member = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(member);
}

Directive directiveOf(std::string_view member) {
  const auto equals = member.find('=');
  if (equals == std::string_view::npos) return {member, std::nullopt, std::nullopt};
  const std::string_view name = member.substr(0, equals);
  std::string_view argument = member.substr(equals + 1);
  // No space may stand there; what it means to say is taken from it all the same, but no number.
  const bool isSpaced = name != trimmed(name) || argument != trimmed(argument);
  argument = trimmed(argument);
  if (argument.size() >= 2 && argument.front() == '"' && argument.back() == '"')
    argument = argument.substr(1, argument.size() - 2);
  return {trimmed(name), argument, isSpaced ? std::nullopt : deltaSeconds(argument)};
}

// RFC 9213 2.1: what is no number of seconds is not to be taken for one. The directives of requests mean nothing here.
bool hasRightType(const StructuredMember& member) {
  const auto known =
      std::find_if(kNumbers.begin(), kNumbers.end(), [&](const auto& number) { return number.first == member.key; });
  if (known == kNumbers.end() || known->second == &CacheControl::minFresh || known->second == &CacheControl::maxStale)
    return true;
  return member.item.kind == StructuredItem::Kind::kInteger && member.item.integer >= 0;
}

}  // namespace

CacheControl parseCacheControl(std::span<const HeaderField> fields, std::string_view name) {
  CacheControl control;
  for (const HeaderField& field : fields) {
    if (!equalsIgnoringCase(field.name, name)) continue;
    control.isPresent = true;
    std::string_view rest = field.value;
    while (!rest.empty())
      if (const std::string_view member = takeMember(rest); !member.empty()) apply(control, directiveOf(member));
  }
  return control;
}

CacheControl requestControl(std::span<const HeaderField> fields) {
  CacheControl control = parseCacheControl(fields);
  if (control.isPresent) return control;
  for (const HeaderField& field : fields)
    if (equalsIgnoringCase(field.name, "Pragma") && listContains(field.value, "no-cache")) control.noCache = true;
  return control;
}

std::optional<CacheControl> parseTargetedControl(std::span<const HeaderField> fields, std::string_view name) {
  if (!findField(fields, name)) return std::nullopt;
  const auto members = parseDictionary(fields, name);
  if (!members || members->empty() || !std::all_of(members->begin(), members->end(), hasRightType)) return std::nullopt;
  CacheControl control;
  control.isPresent = true;
  control.isTargeted = true;
  for (const auto& [key, item] : *members) {
    using Kind = StructuredItem::Kind;
    if (item.kind == Kind::kFalse) continue;
    Directive directive{key, std::nullopt, std::nullopt};
    if (item.kind != Kind::kTrue) directive.argument = item.text;
    if (item.kind == Kind::kInteger && item.integer >= 0)
      directive.number = std::min(Seconds{item.integer}, kMostSeconds);
    apply(control, directive);
  }
  return control;
}

CacheControl responseControl(std::span<const HeaderField> fields, const CachePolicy& policy) {
  for (const std::string& target : policy.targets)
    if (auto control = parseTargetedControl(fields, target)) return std::move(*control);
  return parseCacheControl(fields);
}

}  // namespace proxycommon
