// Sticky sessions: which member a request's session is bound to, and the cookie that binds one. Pure; the signature is
// base/signature's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/setting.h"
#include "mod_revproxy/balancer/endpoint.h"

namespace revproxy {

// What a balancer's RevProxySet says of sessions.
struct StickySettings {
  // sticky=NAME: a cookie of our own.
  Setting<std::string> cookie;
  enum class Secure { kAuto, kOn, kOff };  // auto: where the client came by https
  Setting<Secure> secure;
  Setting<bool> httpOnly;         // default on
  Setting<std::string> sameSite;  // Lax, Strict, None; default Lax; None needs Secure
  Setting<std::string> path;      // default /
  Setting<milliseconds> maxAge;   // default: none, a session's cookie
  // stickysession=COOKIE|parameter: the application's; the route stands behind the separator, at its end.
  Setting<std::string> session;
  Setting<char> separator;   // stickysessionsep=; default '.'
  Setting<bool> inPath;      // scolonpathdelim: ";name=value" in the path too; default on where a parameter is named
  Setting<bool> noFailover;  // a session whose member is down is told so, and goes nowhere else

  bool any() const { return cookie.isSet() || session.isSet(); }
  // Which keys there are, what each takes. False: it is none of theirs. The error says what may be written.
  Result<bool> set(std::string_view key, std::string_view value);
  static std::string names();
};

// The value of our cookie for an endpoint: opaque, and nobody without the key can make one.
std::string stickyValue(std::string_view key, std::string_view balancer, std::string_view endpoint);

// The value of a cookie in a Cookie field (RFC 6265 5.4); the first of that name. nullopt: none.
std::optional<std::string_view> cookieNamed(std::string_view cookies, std::string_view name);

// What a request carries.
struct SessionCarrier {
  std::vector<std::string_view> cookieFields;  // values of its Cookie fields
  std::string_view path;                       // as it came, with path parameters, without the query
  std::string_view query;                      // empty: none
};

// The endpoint that the request's session is bound to. `isNew` asks for a cookie: there is none, or none that is ours.
struct Session {
  const Endpoint* endpoint = nullptr;  // nullptr: it is bound to none that there is
  bool named = false;                  // the request carried something that looks like a session's route
};
Session findSession(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints);

// The value of a Set-Cookie field that binds the client to `endpoint`.
std::string stickyCookie(const StickySettings& settings, const Endpoint& endpoint, bool clientUsesTls);

}  // namespace revproxy
