// Where a mapping sends requests.
#include "mod_revproxy/backend.h"

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/http/upgrade.h"
#include "common/http/url.h"
#include "common/net/unix_socket.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
using proxycommon::Registry;

using Setter = bool (*)(BackendParameters&, std::string_view);

template <auto Member>
bool setDuration(BackendParameters& parameters, std::string_view text) {
  const auto value = proxycommon::parseDuration(text);
  if (value) parameters.*Member = *value;
  return value.has_value();
}

template <auto Member, std::size_t kLeast>
bool setCount(BackendParameters& parameters, std::string_view text) {
  const auto value = proxycommon::parseNumber(text, 1'000'000);
  if (!value || *value < kLeast) return false;
  parameters.*Member = static_cast<std::size_t>(*value);
  return true;
}

// mod_proxy's alone of its durations that is in milliseconds where it has no unit.
bool setAcquire(BackendParameters& parameters, std::string_view text) {
  const bool isPlain = text.find_first_not_of("0123456789") == std::string_view::npos;
  const auto value = proxycommon::parseDuration(isPlain ? std::string{text} + "ms" : std::string{text});
  if (value) parameters.acquire = *value;
  return value.has_value();
}

// 0: not at all.
bool setRetry(BackendParameters& parameters, std::string_view text) {
  const auto value = text == "0" ? std::optional(milliseconds{0}) : proxycommon::parseDuration(text);
  if (value) parameters.retry = *value;
  return value.has_value();
}

bool setRetryPost(BackendParameters& parameters, std::string_view text) {
  const bool byKey = proxycommon::equalsIgnoringCase(text, "key");
  if (!byKey && !proxycommon::equalsIgnoringCase(text, "off")) return false;
  parameters.retryPost = byKey;
  return true;
}

template <auto Member, bool kOn = true>
bool setSwitch(BackendParameters& parameters, std::string_view text) {
  const bool on = proxycommon::equalsIgnoringCase(text, "on");
  if (!on && !proxycommon::equalsIgnoringCase(text, "off")) return false;
  parameters.*Member = on == kOn;
  return true;
}

bool setUpgrade(BackendParameters& parameters, std::string_view text) {
  auto protocols = proxycommon::readUpgrade(text);
  if (protocols) parameters.upgrade = std::move(*protocols);
  return static_cast<bool>(protocols);
}

bool setRequestBuffer(BackendParameters& parameters, std::string_view text) {
  const bool off = proxycommon::equalsIgnoringCase(text, "off");
  const auto size = off ? std::optional<std::uint64_t>(0) : proxycommon::parseSize(text);
  if (size) parameters.requestBuffer = *size;
  return size.has_value();
}

bool setCacheStore(BackendParameters& parameters, std::string_view text) {
  if (!text.empty()) parameters.cacheStore = std::string{text};
  return !text.empty();
}

bool setAlpn(BackendParameters& parameters, std::string_view text) {
  if (text == "h2") parameters.alpn = std::string{text};
  return text == "h2";
}

struct Parameter {
  Setter set;
  std::string_view expects;
  std::string_view ofBareKey = {};  // the value that the key alone stands for; empty: it needs one
};

// To add a parameter: a field of BackendParameters, and a row here.
const Registry<Parameter>& parameterTable() {
  constexpr std::string_view kDuration = "a duration such as 500ms or 10s";
  static const Registry<Parameter> table = {
      {"timeout", {&setDuration<&BackendParameters::timeout>, kDuration}},
      {"connectiontimeout", {&setDuration<&BackendParameters::connectionTimeout>, kDuration}},
      {"send-timeout", {&setDuration<&BackendParameters::sendTimeout>, kDuration}},
      {"first-byte-timeout", {&setDuration<&BackendParameters::firstByteTimeout>, kDuration}},
      {"idle-timeout", {&setDuration<&BackendParameters::idleTimeout>, kDuration}},
      {"total-timeout", {&setDuration<&BackendParameters::totalTimeout>, kDuration}},
      {"expect-timeout", {&setDuration<&BackendParameters::expectTimeout>, kDuration}},
      {"max", {&setCount<&BackendParameters::max, 1>, "a number of connections from 1 up"}},
      {"acquire", {&setAcquire, "a duration such as 500ms or 10s; without a unit it is milliseconds"}},
      {"smax", {&setCount<&BackendParameters::smax, 0>, "a number of connections"}},
      {"ttl", {&setDuration<&BackendParameters::ttl>, kDuration}},
      {"disablereuse", {&setSwitch<&BackendParameters::disableReuse>, "On or Off"}},
      {"enablereuse", {&setSwitch<&BackendParameters::disableReuse, false>, "On or Off"}},
      {"keepalive", {&setSwitch<&BackendParameters::keepAlive>, "On or Off"}},
      {"retry", {&setRetry, "a duration such as 500ms or 10s, or 0"}},
      {"retry-post", {&setRetryPost, "key or Off"}},
      {"upgrade", {&setUpgrade, "protocols such as websocket, separated by commas, or None"}},
      {"request-buffer", {&setRequestBuffer, "a size such as 64k or 1M, or Off"}},
      {"half-close", {&setSwitch<&BackendParameters::halfClose>, "On or Off"}},
      {"cache", {&setSwitch<&BackendParameters::cache>, "On or Off"}},
      {"cache-store", {&setCacheStore, "the name of a RevProxyCacheStore"}},
      {"nocanon", {&setSwitch<&BackendParameters::noCanon>, "On or Off, or stands alone", "on"}},
      {"alpn", {&setAlpn, "h2"}},
  };
  return table;
}

// Takes "unix:/path|" off the front, where it stands there; the path.
Result<std::string> takeSocketPath(std::string_view& text) {
  constexpr std::string_view kPrefix = "unix:";
  if (!proxycommon::startsWithIgnoringCase(text, kPrefix)) return std::string{};
  const auto bar = text.find('|');
  if (bar == std::string_view::npos)
    return mistake("\"" + std::string{text} + "\" names no URL behind the socket: write unix:/PATH|http://NAME/");
  std::string path{text.substr(kPrefix.size(), bar - kPrefix.size())};
  if (auto fits = proxycommon::checkSocketPath(path); !fits) return std::move(fits.error());
  text.remove_prefix(bar + 1);
  return path;
}

}  // namespace

const Registry<Scheme>& schemes() {
  static const Registry<Scheme> table = {
      {"http", {80, false, false, ""}},        {"https", {443, true, false, ""}},
      {"ws", {80, false, false, "websocket"}}, {"wss", {443, true, false, "websocket"}},
      {"h2", {443, true, true, ""}},           {"h2c", {80, false, true, ""}}};
  return table;
}

Outcome BackendParameters::set(std::string_view assignment) {
  const auto equals = assignment.find('=');
  const std::string key = proxycommon::lowered(assignment.substr(0, equals));
  const Parameter* parameter = parameterTable().find(key);
  const bool isBare = equals == std::string_view::npos;
  if (!parameter || (isBare && parameter->ofBareKey.empty()))
    return mistake("\"" + std::string{assignment} + "\" is no parameter: write KEY=VALUE with one of the keys " +
                   parameterTable().names());
  const std::string_view value = isBare ? parameter->ofBareKey : assignment.substr(equals + 1);
  if (!parameter->set(*this, value))
    return mistake(key + "= takes " + std::string{parameter->expects} + ", not \"" + std::string{value} + "\"");
  return {};
}

bool BackendParameters::knows(std::string_view key) {
  return parameterTable().find(key) != nullptr;
}

std::string BackendParameters::names() {
  return parameterTable().names();
}

BackendParameters BackendParameters::merged(const BackendParameters& outer, const BackendParameters& inner) {
  BackendParameters result;
  const auto merge = [&]<class T>(Setting<T> BackendParameters::*member) {
    result.*member = Setting<T>::merged(outer.*member, inner.*member);
  };
  merge(&BackendParameters::timeout);
  merge(&BackendParameters::connectionTimeout);
  merge(&BackendParameters::sendTimeout);
  merge(&BackendParameters::firstByteTimeout);
  merge(&BackendParameters::idleTimeout);
  merge(&BackendParameters::totalTimeout);
  merge(&BackendParameters::expectTimeout);
  merge(&BackendParameters::max);
  merge(&BackendParameters::acquire);
  merge(&BackendParameters::smax);
  merge(&BackendParameters::ttl);
  merge(&BackendParameters::disableReuse);
  merge(&BackendParameters::keepAlive);
  merge(&BackendParameters::retry);
  merge(&BackendParameters::retryPost);
  merge(&BackendParameters::upgrade);
  merge(&BackendParameters::requestBuffer);
  merge(&BackendParameters::halfClose);
  merge(&BackendParameters::cache);
  merge(&BackendParameters::cacheStore);
  merge(&BackendParameters::noCanon);
  merge(&BackendParameters::alpn);
  return result;
}

std::string Backend::origin() const {
  const std::string url = scheme + "://" + authority;
  return socketPath.empty() ? url : proxycommon::socketName(socketPath) + "|" + url;
}

std::string joinedPath(std::string_view base, std::string_view remainder) {
  std::string target{base};
  if (remainder.empty()) return target;
  if (target.back() == '/' && remainder.front() == '/') remainder.remove_prefix(1);
  if (target.back() != '/' && remainder.front() != '/') target.push_back('/');
  return target.append(remainder);
}

namespace {

// HTTP/2 by the scheme, or by what an https backend is asked for.
Outcome chooseProtocol(Backend& backend, const Scheme& scheme, const std::string& written) {
  const BackendParameters& parameters = backend.parameters;
  if (parameters.alpn.isSet() && !scheme.tls)
    return mistake("alpn= is said within TLS: write it with https, not with " + written);
  backend.http2 = scheme.http2 || parameters.alpn.isSet();
  if (backend.http2 && !parameters.upgrade.valueOr("").empty())
    return mistake("a connection of HTTP/2 changes to no other protocol: leave upgrade= out, or write http or https");
  if (backend.http2) backend.scheme = backend.tls ? "h2" : "h2c";
  return {};
}

}  // namespace

Result<Backend> parseBackend(std::string_view text, std::span<const std::string> parameters) {
  auto socketPath = takeSocketPath(text);
  if (!socketPath) return std::move(socketPath.error());
  auto url = proxycommon::parseUrl(text);
  if (!url)
    return mistake("the URL \"" + std::string{text} + "\" is not valid: " + url.error().detail +
                   "; write SCHEME://HOST[:PORT][/PATH] with one of the schemes " + schemes().names() +
                   ", unix:/PATH|SCHEME://NAME[/PATH], or ! to exclude the path");
  const Scheme* scheme = schemes().find(url->scheme);
  if (!scheme)
    return mistake("unknown scheme \"" + url->scheme + "\" in " + std::string{text} + ": write one of " +
                   schemes().names());
  if (url->target.find_first_of("?#") != std::string::npos)
    return mistake("the URL " + std::string{text} + " has a query or a fragment: leave them out");
  Backend backend;
  backend.scheme = scheme->tls ? "https" : "http";
  if (!scheme->upgrade.empty()) backend.parameters.upgrade = std::string{scheme->upgrade};
  backend.tls = scheme->tls;
  backend.host = url->authority.host;
  backend.port = url->authority.port.value_or(scheme->defaultPort);
  backend.socketPath = std::move(*socketPath);
  backend.authority = url->authority.toString(scheme->defaultPort);
  backend.basePath = proxycommon::escapedTarget(url->target);
  for (const std::string& parameter : parameters)
    if (auto set = backend.parameters.set(parameter); !set) return std::move(set.error());
  if (auto chosen = chooseProtocol(backend, *scheme, url->scheme); !chosen) return std::move(chosen.error());
  return backend;
}

}  // namespace revproxy
