// Cookies, paths and queries of hostile clients, and settings of all kinds: a session is bound only by what a plain
// reading of the request finds too, and what is taken of settings makes a Set-Cookie of one line.
#include "mod_revproxy/balancer/sticky.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "tests/fuzz/require.h"

namespace {

using namespace revproxy;

// Takes what stands before the next newline.
std::string_view nextLine(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

struct Balanced {
  Balanced() {
    for (std::size_t number = 0; number < 3; ++number)
      members[number].route = std::string(1, static_cast<char>('a' + number));
    for (const Member& member : members) {
      endpoints.emplace_back();
      endpoints.back().member = &member;
      endpoints.back().cookieValue = "value-" + member.route;
    }
  }
  Member members[3];
  Endpoints endpoints;
};

bool isIn(std::string_view part, std::string_view whole) {
  return !part.empty() && whole.data() <= part.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void requireCookie(std::string_view field, std::string_view name) {
  const auto value = cookieNamed(field, name);
  if (!value) return;
  REQUIRE(value->empty() || isIn(*value, field));
  REQUIRE(value->find_first_of(";,") == std::string_view::npos);
  REQUIRE(field.find(name) != std::string_view::npos);
}

// What is bound must be there to be read, name and all.
void requireFoundHonestly(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints) {
  const Session session = findSession(carrier, settings, endpoints);
  if (!session.endpoint) return;
  const auto carries = [&](std::string_view text) {
    const auto in = [text](std::string_view part) { return part.find(text) != std::string_view::npos; };
    return in(carrier.path) || in(carrier.query) ||
           std::any_of(carrier.cookieFields.begin(), carrier.cookieFields.end(), in);
  };
  if (session.named) {
    REQUIRE(carries("." + session.endpoint->member->route));
    REQUIRE(carries(settings.session.value()) || carries(settings.sessionParameter.value()));
  } else {
    REQUIRE(carries(session.endpoint->cookieValue));
    REQUIRE(carries(settings.cookie.value()));
  }
}

void requireOneLine(const StickySettings& settings, const Endpoint& endpoint) {
  if (!settings.cookie.isSet() || !settings.check()) return;
  for (const bool tls : {false, true}) {
    const std::string cookie = stickyCookie(settings, endpoint, tls);
    REQUIRE(proxycommon::isFieldValue(cookie));
    REQUIRE(cookie.starts_with(settings.cookie.value() + "=" + endpoint.cookieValue + "; Path=/"));
    REQUIRE(std::count(cookie.begin(), cookie.end(), ';') <= 5);
    const std::string_view pair = std::string_view(cookie).substr(0, cookie.find(';'));
    REQUIRE(cookieNamed(pair, settings.cookie.value()) == endpoint.cookieValue);
    const bool saysNone = cookie.ends_with("; SameSite=None");
    REQUIRE(!saysNone || cookie.find("; Secure") != std::string::npos);
  }
}

StickySettings settingsFrom(std::string_view& text) {
  StickySettings settings;
  for (std::string_view line = nextLine(text); !line.empty(); line = nextLine(text)) {
    const auto equals = std::min(line.find('='), line.size());
    const auto known = settings.set(line.substr(0, equals), line.substr(std::min(equals + 1, line.size())));
    REQUIRE(known || known.error().detail.find("= takes ") != std::string::npos);
    REQUIRE(known || proxycommon::isFieldValue(known.error().detail));
  }
  return settings;
}

}  // namespace

// Lines of settings up to an empty one, then the path, the query, and a Cookie field a line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Balanced balanced;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const StickySettings settings = settingsFrom(text);
  requireOneLine(settings, balanced.endpoints.front());
  SessionCarrier carrier;
  carrier.path = nextLine(text);
  carrier.query = nextLine(text);
  while (!text.empty()) carrier.cookieFields.push_back(nextLine(text));
  for (const std::string_view field : carrier.cookieFields) requireCookie(field, settings.cookie.valueOr("R"));
  if (settings.separator.valueOr('.') == '.') requireFoundHonestly(carrier, settings, balanced.endpoints);
  findSession(carrier, settings, balanced.endpoints);
  static const StickySettings plain = [] {
    StickySettings made;
    REQUIRE(made.set("sticky", "R") && made.set("stickysession", "S"));
    return made;
  }();
  requireFoundHonestly(carrier, plain, balanced.endpoints);
  return 0;
}
