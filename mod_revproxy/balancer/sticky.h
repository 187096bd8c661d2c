// Sticky sessions: which endpoint a request's session is bound to, and the cookie that binds one. Pure; the signature
// is base/signature's. What a request carries comes from hostile clients: all of it is looked at once, and of the
// values that it gives one name no more than sixteen.
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
  // stickysession=NAME, or COOKIE|parameter: the application's; the route stands behind the separator.
  Setting<std::string> session;           // of the cookie
  Setting<std::string> sessionParameter;  // of path and query; set wherever `session` is
  Setting<char> separator;                // stickysessionsep=; default '.'; '\0': Off, all of the value is the route
  Setting<bool> semicolonDelimits;        // scolonpathdelim: a parameter's value ends at ';' too; default on
  Setting<bool> noFailover;               // a session whose member is down is told so, and goes nowhere else

  bool any() const { return cookie.isSet() || session.isSet(); }
  // One KEY=VALUE, the key without case; nullopt: the key alone, which turns switches on. False: it is none of these.
  // The error says what may be written.
  Result<bool> set(std::string_view key, std::optional<std::string_view> value);
  static std::string names();
  // Once all are set: whether they go together. The error says what to change.
  Outcome check() const;
};

// The value of our cookie for an endpoint: opaque, and nobody without the key can make one. 24 characters of base64url.
// Precondition: `balancer` has no '\n'.
std::string stickyValue(std::string_view key, std::string_view balancer, std::string_view endpoint);

// The value of a cookie in a Cookie field (RFC 6265 5.4), without quotes around it; the first of that name, which is
// compared with case. A comma parts cookies as a semicolon does: httpd joins the fields of a request by commas.
// nullopt: none.
std::optional<std::string_view> cookieNamed(std::string_view cookies, std::string_view name);

// What a request carries.
struct SessionCarrier {
  std::vector<std::string_view> cookieFields;  // values of its Cookie fields
  std::string_view path;                       // as it came, with path parameters, without the query
  std::string_view query;                      // empty: none
};

// The endpoint that the request's session is bound to. Where it is not the one that answers, and cookies are ours, the
// response sets one.
struct Session {
  // nullptr: it is bound to none that there is. Of several that have its route (a member with several addresses has it
  // at each) it is the first, whether or not it can be used.
  const Endpoint* endpoint = nullptr;
  // The application named a route, though maybe one that no endpoint has. What is no cookie value of ours counts as no
  // cookie at all.
  bool named = false;
};
Session findSession(const SessionCarrier& carrier, const StickySettings& settings, const Endpoints& endpoints);

// The value of a Set-Cookie field (RFC 6265 4.1) that binds the client to `endpoint`. Precondition: settings.cookie is
// set, check() has nothing to say, and the endpoint has a cookieValue.
std::string stickyCookie(const StickySettings& settings, const Endpoint& endpoint, bool clientUsesTls);

}  // namespace revproxy
