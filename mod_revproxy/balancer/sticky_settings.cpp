// What a balancer's RevProxySet may say of sessions. What would break a Set-Cookie or a Cookie field is refused here.
#include <algorithm>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "mod_revproxy/balancer/sticky.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
using proxycommon::Registry;
using Secure = StickySettings::Secure;

using Setter = bool (*)(StickySettings&, std::string_view);

bool setCookie(StickySettings& settings, std::string_view text) {
  if (!proxycommon::isToken(text)) return false;
  settings.cookie = std::string{text};
  return true;
}

bool setSecure(StickySettings& settings, std::string_view text) {
  static const Registry<Secure> choices = {{"auto", Secure::kAuto}, {"on", Secure::kOn}, {"off", Secure::kOff}};
  const Secure* choice = choices.find(proxycommon::lowered(text));
  if (choice) settings.secure = *choice;
  return choice;
}

template <auto Member>
bool setSwitch(StickySettings& settings, std::string_view text) {
  const bool on = proxycommon::equalsIgnoringCase(text, "on");
  if (!on && !proxycommon::equalsIgnoringCase(text, "off")) return false;
  settings.*Member = on;
  return true;
}

bool setSameSite(StickySettings& settings, std::string_view text) {
  for (const std::string_view choice : {"Lax", "Strict", "None"}) {
    if (!proxycommon::equalsIgnoringCase(text, choice)) continue;
    settings.sameSite = std::string{choice};
    return true;
  }
  return false;
}

// path-value of RFC 6265 4.1.1, without what clients read differently.
bool setPath(StickySettings& settings, std::string_view text) {
  const auto isPlain = [](char c) { return c > ' ' && c < 0x7f && c != ';' && c != ',' && c != '"' && c != '\\'; };
  if (!text.starts_with('/') || !std::all_of(text.begin(), text.end(), isPlain)) return false;
  settings.path = std::string{text};
  return true;
}

// Max-Age=0 would take the cookie away.
bool setMaxAge(StickySettings& settings, std::string_view text) {
  const auto age = proxycommon::parseDuration(text);
  if (!age || *age < std::chrono::seconds(1)) return false;
  settings.maxAge = *age;
  return true;
}

// What can stand before '=' in a path and in a query.
bool isParameterName(std::string_view text) {
  return proxycommon::isToken(text) && text.find_first_of("&#%|") == std::string_view::npos;
}

bool setSession(StickySettings& settings, std::string_view text) {
  const auto bar = text.find('|');
  const std::string_view cookie = text.substr(0, bar);
  const std::string_view parameter = bar == std::string_view::npos ? cookie : text.substr(bar + 1);
  if (!proxycommon::isToken(cookie) || !isParameterName(parameter)) return false;
  settings.session = std::string{cookie};
  settings.sessionParameter = std::string{parameter};
  return true;
}

// A cookie-octet of RFC 6265 4.1.1.
bool setSeparator(StickySettings& settings, std::string_view text) {
  const bool off = proxycommon::equalsIgnoringCase(text, "off");
  const bool isOctet = text.size() == 1 && text[0] > ' ' && text[0] < 0x7f &&
                       std::string_view("\",;\\").find(text[0]) == std::string_view::npos;
  if (!off && !isOctet) return false;
  settings.separator = off ? '\0' : text[0];
  return true;
}

struct Key {
  Setter set;
  std::string_view expects;
  std::string_view ofBareKey = {};  // the value that the key alone stands for; empty: it needs one
};

// To add a key: a field of StickySettings, and a row here.
const Registry<Key>& keyTable() {
  constexpr std::string_view kSwitch = "On or Off";
  constexpr std::string_view kOn = "on";
  static const Registry<Key> table = {
      {"sticky", {&setCookie, "the name of a cookie: letters, digits and !#$%&'*+-.^_`|~, such as ROUTE"}},
      {"sticky-secure", {&setSecure, "Auto, On or Off", kOn}},
      {"sticky-httponly", {&setSwitch<&StickySettings::httpOnly>, kSwitch, kOn}},
      {"sticky-samesite", {&setSameSite, "Lax, Strict or None"}},
      {"sticky-path", {&setPath, "a path that begins with a slash, without spaces, quotes, commas or semicolons"}},
      {"sticky-max-age", {&setMaxAge, "a duration from one second up, such as 30min or 8h"}},
      {"stickysession",
       {&setSession,
        "the name of the application's session, such as JSESSIONID, or those of its cookie and of its parameter in "
        "URLs with | between, such as JSESSIONID|jsessionid"}},
      {"stickysessionsep",
       {&setSeparator,
        "one character that a cookie's value may have, such as . or !; or Off: all of the value is the route"}},
      {"scolonpathdelim", {&setSwitch<&StickySettings::semicolonDelimits>, kSwitch, kOn}},
      {"nofailover", {&setSwitch<&StickySettings::noFailover>, kSwitch, kOn}},
  };
  return table;
}

bool startsWith(std::string_view name, std::string_view prefix) {
  return proxycommon::startsWithIgnoringCase(name, prefix);
}

}  // namespace

std::string StickySettings::names() {
  return keyTable().names();
}

Result<bool> StickySettings::set(std::string_view key, std::optional<std::string_view> given) {
  const std::string name = proxycommon::lowered(key);
  const Key* row = keyTable().find(name);
  if (!row) return false;
  const std::string_view value = given.value_or(row->ofBareKey);
  if (!row->set(*this, value))
    return mistake(name + "= takes " + std::string{row->expects} + ", not \"" + proxycommon::printable(value) + "\"");
  return true;
}

Outcome StickySettings::check() const {
  const std::string name = cookie.valueOr("");
  const bool saysOfCookie = secure.isSet() || httpOnly.isSet() || sameSite.isSet() || path.isSet() || maxAge.isSet();
  if (!cookie.isSet() && saysOfCookie)
    return mistake(
        "sticky-secure=, sticky-httponly=, sticky-samesite=, sticky-path= and sticky-max-age= are about a "
        "cookie that nobody asks for: write sticky=NAME too");
  if (cookie.isSet() && session.isSet() && session.value() == name)
    return mistake("sticky= and stickysession= both name the cookie " + name +
                   ", and one would overwrite the other: choose another name for sticky=");
  const Secure how = secure.valueOr(Secure::kAuto);
  if (sameSite.valueOr("") == "None" && how == Secure::kOff)
    return mistake(
        "browsers refuse a cookie with sticky-samesite=None that is not secure: write sticky-secure=On, or "
        "sticky-samesite=Lax");
  const bool isHosts = startsWith(name, "__Host-");
  if ((isHosts || startsWith(name, "__Secure-")) && how != Secure::kOn)
    return mistake("browsers take a cookie that is named " + name + " only when it is secure: write sticky-secure=On");
  if (isHosts && path.valueOr("/") != "/")
    return mistake("browsers take a cookie that is named " + name + " only for the whole host: leave sticky-path= out");
  return {};
}

}  // namespace revproxy
