// Which endpoint a session is bound to. As in mod_proxy the application's session is looked for in the URL first, then
// in cookies, and its route is what stands behind the first separator. Other than there, names are whole ("id" is not
// found in "sid="), a path's parameter ends with its segment, and a value without a route does not hide the next one.
#include "mod_revproxy/balancer/sticky.h"

#include <algorithm>

#include "common/base/signature.h"
#include "common/base/text.h"

namespace revproxy {
namespace {

// Bounds what a client that sends thousands can make us compare.
constexpr int kMostValues = 16;
constexpr std::size_t kSignedCharacters = 24;  // 144 bits
constexpr char kDefaultSeparator = '.';

std::string_view unquoted(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"' ? value.substr(1, value.size() - 2) : value;
}

// The value of "name=value" where it has that name; spaces around both are not theirs.
std::optional<std::string_view> valueOf(std::string_view pair, std::string_view name) {
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || proxycommon::trimmed(pair.substr(0, equals)) != name) return std::nullopt;
  return unquoted(proxycommon::trimmed(pair.substr(equals + 1)));
}

// Visitors say whether they want more. So do the functions that feed them.
template <class Visit>
bool visitCookies(std::string_view cookies, std::string_view name, Visit& visit) {
  while (!cookies.empty()) {
    const auto end = std::min(cookies.find_first_of(";,"), cookies.size());
    const auto value = valueOf(cookies.substr(0, end), name);
    if (value && !visit(*value)) return false;
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return true;
}

template <class Visit>
bool visitAllCookies(const SessionCarrier& carrier, std::string_view name, Visit& visit) {
  return std::all_of(carrier.cookieFields.begin(), carrier.cookieFields.end(),
                     [&](std::string_view field) { return visitCookies(field, name, visit); });
}

// Of parameters that each begin behind one of `opens`, and end at one of `ends`.
template <class Visit>
bool visitParameters(std::string_view text, std::string_view name, std::string_view opens, std::string_view ends,
                     Visit& visit) {
  for (;;) {
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=') {
      text.remove_prefix(name.size() + 1);
      if (!visit(text.substr(0, text.find_first_of(ends)))) return false;
    }
    const auto next = text.find_first_of(opens);
    if (next == std::string_view::npos) return true;
    text.remove_prefix(next + 1);
  }
}

template <class Visit>
bool visitUrl(const SessionCarrier& carrier, std::string_view name, bool semicolonDelimits, Visit& visit) {
  const auto first = carrier.path.find(';');
  if (first != std::string_view::npos &&
      !visitParameters(carrier.path.substr(first + 1), name, ";", semicolonDelimits ? ";/" : "/", visit))
    return false;
  const std::string_view delimiters = semicolonDelimits ? "&;" : "&";
  return visitParameters(carrier.query, name, delimiters, delimiters, visit);
}

// A visitor that takes values until one is an endpoint's, or there have been too many.
template <class Find>
struct Search {
  Find find;
  const Endpoint* found = nullptr;
  int left = kMostValues;

  bool operator()(std::string_view value) {
    found = find(value);
    return !found && --left > 0;
  }
};
template <class Find>
Search(Find) -> Search<Find>;

const Endpoint* ofCookieValue(const Endpoints& endpoints, std::string_view value) {
  const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(), [value](const Endpoint& one) {
    return !one.cookieValue.empty() && proxycommon::isSameSecret(one.cookieValue, value);
  });
  return endpoint == endpoints.end() ? nullptr : &*endpoint;
}

const Endpoint* ofRoute(const Endpoints& endpoints, std::string_view route) {
  const auto endpoint = std::find_if(endpoints.begin(), endpoints.end(),
                                     [route](const Endpoint& one) { return one.member->route == route; });
  return endpoint == endpoints.end() ? nullptr : &*endpoint;
}

// Empty: it has none.
std::string_view routeIn(std::string_view session, char separator) {
  if (separator == '\0') return session;
  const auto place = session.find(separator);
  return place == std::string_view::npos ? std::string_view{} : session.substr(place + 1);
}

const Endpoint* findOwn(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints) {
  Search search{[&](std::string_view value) { return ofCookieValue(endpoints, value); }};
  visitAllCookies(carrier, settings.cookie.value(), search);
  return search.found;
}

Session findApplications(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints) {
  const char separator = settings.separator.valueOr(kDefaultSeparator);
  bool named = false;
  const auto find = [&](std::string_view value) -> const Endpoint* {
    const std::string_view route = routeIn(value, separator);
    if (route.empty()) return nullptr;
    named = true;
    return ofRoute(endpoints, route);
  };
  Search inUrl{find};
  const bool semicolonDelimits = settings.semicolonDelimits.valueOr(true);
  visitUrl(carrier, settings.sessionParameter.value(), semicolonDelimits, inUrl);
  if (inUrl.found) return {inUrl.found, named};
  Search inCookies{find};
  visitAllCookies(carrier, settings.session.value(), inCookies);
  return {inCookies.found, named};
}

}  // namespace

std::string stickyValue(std::string_view key, std::string_view balancer, std::string_view endpoint) {
  const std::string signature = proxycommon::sign(key, std::string{balancer}.append("\n").append(endpoint));
  return signature.substr(0, kSignedCharacters);
}

std::optional<std::string_view> cookieNamed(std::string_view cookies, std::string_view name) {
  std::optional<std::string_view> found;
  auto takeFirst = [&found](std::string_view value) {
    found = value;
    return false;
  };
  visitCookies(cookies, name, takeFirst);
  return found;
}

Session findSession(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints) {
  if (settings.cookie.isSet())
    if (const Endpoint* endpoint = findOwn(carrier, settings, endpoints)) return {endpoint, false};
  return settings.session.isSet() ? findApplications(carrier, settings, endpoints) : Session{};
}

std::string stickyCookie(const StickySettings& settings, const Endpoint& endpoint, bool clientUsesTls) {
  using Secure = StickySettings::Secure;
  const Secure secure = settings.secure.valueOr(Secure::kAuto);
  const bool isSecure = secure == Secure::kOn || (secure == Secure::kAuto && clientUsesTls);
  const std::string sameSite = settings.sameSite.valueOr("Lax");
  std::string cookie = settings.cookie.value() + "=" + endpoint.cookieValue + "; Path=" + settings.path.valueOr("/");
  if (settings.maxAge.isSet())
    cookie += "; Max-Age=" +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(settings.maxAge.value()).count());
  if (isSecure) cookie += "; Secure";
  if (settings.httpOnly.valueOr(true)) cookie += "; HttpOnly";
  // Browsers refuse a cookie that says None and is not secure; one that says nothing they take.
  if (isSecure || sameSite != "None") cookie += "; SameSite=" + sameSite;
  return cookie;
}

}  // namespace revproxy
