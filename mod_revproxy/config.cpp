// The configuration of mod_revproxy: storage, merging, directives.
#include "mod_revproxy/config.h"

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "common/http/parent_url.h"
#include "common/http/url.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/directive.h"
#include "common/httpd/pool_owned.h"
#include "common/net/resolver.h"
#include "mod_revproxy/balancer_directives.h"
#include "mod_revproxy/mapping_directives.h"
#include "mod_revproxy/module.h"
#include "mod_revproxy/sticky_key.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
namespace directive = proxycommon::directive;

// Longer, and a worker would wait for clients that are not busy.
constexpr milliseconds kLongestHold{100};

Outcome tlsVerify(cmd_parms& command, void* directory, std::string_view line) {
  const auto verify = directive::readSwitch(directive::nextWord(command, line).value_or(""));
  if (!verify) return verify.error();
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  LocationConfig::of(command, directory).tls.verify = *verify;
  if (!*verify)
    ServerConfig::of(command, directory)
        .warnings.push_back("RevProxyTLSVerify Off at " + placeOf(command) +
                            ": whoever can reach the path to a backend can read and change what is sent; name its "
                            "authority with RevProxyTLSCACertificateFile instead");
  return {};
}

Outcome tlsCertificate(cmd_parms& command, void* directory, std::string_view line) {
  auto identity = readIdentity(command, line);
  if (!identity) return std::move(identity.error());
  LocationConfig::of(command, directory).tls.identity = std::move(*identity);
  return {};
}

// RevProxyResolver ADDRESS:PORT …
Outcome nameServers(cmd_parms& command, void* directory, std::string_view line) {
  auto servers = proxycommon::readNameServers(directive::remainingWords(command, line));
  if (!servers) return std::move(servers.error());
  LocationConfig::of(command, directory).nameServers = std::move(*servers);
  return {};
}

Result<ForwardedMode> readForwarded(std::string_view text) {
  if (proxycommon::equalsIgnoringCase(text, "off")) return ForwardedMode::kOff;
  if (proxycommon::equalsIgnoringCase(text, "on")) return ForwardedMode::kOn;
  if (proxycommon::equalsIgnoringCase(text, "full")) return ForwardedMode::kFull;
  return mistake("\"" + proxycommon::printable(text) + "\" is none of On, Off, Full");
}

// RevProxyResponseFieldLimit COUNT [SIZE]
Outcome responseFieldLimit(cmd_parms& command, void* directory, std::string_view line) {
  constexpr std::uint64_t kMostFields = 10'000;
  const std::vector<std::string> words = directive::remainingWords(command, line);
  const std::string wanted =
      ": write COUNT [SIZE]: header fields, from 1 to 10000, and the bytes of the whole head, at "
      "most 64k";
  if (words.empty() || words.size() > 2) return mistake(std::to_string(words.size()) + " arguments" + wanted);
  const auto fields = proxycommon::parseNumber(words.front(), kMostFields);
  if (!fields || *fields == 0) return mistake("\"" + words.front() + "\" is no such number" + wanted);
  proxycommon::HeadLimits limits;
  limits.fields = static_cast<std::size_t>(*fields);
  if (words.size() == 2) {
    const auto bytes = proxycommon::parseSize(words.back());
    if (!bytes || *bytes > proxycommon::HeadLimits::kMostBytes)
      return mistake("\"" + words.back() + "\" is no such size" + wanted);
    limits.bytes = static_cast<std::size_t>(*bytes);
  }
  LocationConfig::of(command, directory).headLimits = limits;
  return {};
}

Result<proxycommon::CookieRule> readCookieRule(const cmd_parms& command, std::string_view line, std::string_view what) {
  std::vector<std::string> words = directive::remainingWords(command, line);
  if (words.size() == 2 && !words.front().empty() && !words.back().empty())
    return proxycommon::CookieRule{std::move(words.front()), std::move(words.back())};
  return mistake("it takes two arguments: write the " + std::string{what} +
                 " that the backend writes, and the one that clients are to get");
}

// Neither could stand in the attribute of a cookie.
bool endsAttribute(std::string_view text) {
  return text.find_first_of(";,\" ") != std::string_view::npos || !proxycommon::isFieldValue(text);
}

// RevProxyPassReverseCookieDomain DOMAIN DOMAIN
Outcome reverseCookieDomain(cmd_parms& command, void* directory, std::string_view line) {
  auto rule = readCookieRule(command, line, "domain");
  if (!rule) return std::move(rule.error());
  for (const std::string& domain : {rule->backend, rule->client})
    if (endsAttribute(domain) || domain.find('/') != std::string::npos)
      return mistake("\"" + proxycommon::printable(domain) + "\" is no domain: write a name such as app.example");
  LocationConfig::of(command, directory).cookieDomains.push_back(std::move(*rule));
  return {};
}

// RevProxyPassReverseCookiePath PATH PATH
Outcome reverseCookiePath(cmd_parms& command, void* directory, std::string_view line) {
  auto rule = readCookieRule(command, line, "path");
  if (!rule) return std::move(rule.error());
  for (const std::string& path : {rule->backend, rule->client})
    if (endsAttribute(path) || !path.starts_with('/'))
      return mistake("\"" + proxycommon::printable(path) + "\" is no path: write /PATH, encoded as in a URL");
  LocationConfig::of(command, directory).cookiePaths.push_back(std::move(*rule));
  return {};
}

// The inner section's rules are asked first.
template <class Rule>
std::vector<Rule> mergedRules(const std::vector<Rule>& outer, const std::vector<Rule>& inner) {
  std::vector<Rule> rules = inner;
  rules.insert(rules.end(), outer.begin(), outer.end());
  return rules;
}

// RevProxyStickyKey FILE. One key for all vhosts.
Outcome stickyKey(cmd_parms& command, void* directory, std::string_view line) {
  if (command.server->is_virtual) return mistake("all vhosts have one key: write it at the server's level");
  const std::string file = directive::nextWord(command, line).value_or("");
  if (file.empty()) return mistake("a file is missing: write RevProxyStickyKey FILE");
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  auto key = readStickyKey(file);
  if (!key) return std::move(key.error());
  ServerConfig::of(command, directory).stickyKey = std::move(*key);
  return {};
}

Outcome cache(cmd_parms& command, void* directory, std::string_view line) {
  return proxycommon::readCacheLine(command, line, LocationConfig::of(command, directory).cache);
}

Outcome cacheTargets(cmd_parms& command, void* directory, std::string_view line) {
  return proxycommon::readCacheTargets(command, line, LocationConfig::of(command, directory).cache);
}

Result<milliseconds> readHold(std::string_view text) {
  if (proxycommon::equalsIgnoringCase(text, "off")) return milliseconds{0};
  const auto hold = proxycommon::parseDuration(text);
  if (hold && *hold <= kLongestHold) return *hold;
  return mistake("\"" + std::string{text} + "\" is neither Off nor a duration of at most 100ms, such as 5ms");
}

constexpr int kAnywhere = RSRC_CONF | ACCESS_CONF;

}  // namespace

ServerConfig& ServerConfig::of(cmd_parms& command, void*) {
  return *static_cast<ServerConfig*>(ap_get_module_config(command.server->module_config, &revproxy_module));
}
const ServerConfig& ServerConfig::of(const server_rec& server) {
  return *static_cast<const ServerConfig*>(ap_get_module_config(server.module_config, &revproxy_module));
}
ServerConfig ServerConfig::merged(const ServerConfig& outer, const ServerConfig& inner) {
  return {MappingTable::merged(outer.mappings, inner.mappings),
          inner.locationMappings,
          inner.balancers,
          Setting<std::string>::merged(outer.stickyKey, inner.stickyKey),
          Setting<milliseconds>::merged(outer.keepAliveHold, inner.keepAliveHold),
          Setting<unsigned>::merged(outer.reactorThreads, inner.reactorThreads),
          inner.warnings};
}

LocationConfig& LocationConfig::of(cmd_parms&, void* directory) {
  return *static_cast<LocationConfig*>(directory);
}
const LocationConfig& LocationConfig::of(const request_rec& request) {
  return *static_cast<const LocationConfig*>(ap_get_module_config(request.per_dir_config, &revproxy_module));
}
LocationConfig LocationConfig::merged(const LocationConfig& outer, const LocationConfig& inner) {
  LocationConfig result;
  // httpd merges sections in the order they are written; the longest prefix wins whatever that is.
  const bool innerWins =
      !outer.mapping || (inner.mapping && inner.mapping->prefix.size() >= outer.mapping->prefix.size());
  result.mapping = innerWins ? inner.mapping : outer.mapping;
  result.preserveHost = Setting<bool>::merged(outer.preserveHost, inner.preserveHost);
  result.addHeaders = Setting<bool>::merged(outer.addHeaders, inner.addHeaders);
  result.forwarded = Setting<ForwardedMode>::merged(outer.forwarded, inner.forwarded);
  result.via = Setting<ViaMode>::merged(outer.via, inner.via);
  result.timeout = Setting<milliseconds>::merged(outer.timeout, inner.timeout);
  result.connectTimeout = Setting<milliseconds>::merged(outer.connectTimeout, inner.connectTimeout);
  result.parameters = BackendParameters::merged(outer.parameters, inner.parameters);
  result.replayBuffer = Setting<std::uint64_t>::merged(outer.replayBuffer, inner.replayBuffer);
  result.park = decltype(park)::merged(outer.park, inner.park);
  result.buffer = Setting<std::uint64_t>::merged(outer.buffer, inner.buffer);
  result.nameServers = Setting<std::string>::merged(outer.nameServers, inner.nameServers);
  result.parent = decltype(parent)::merged(outer.parent, inner.parent);
  result.tunnel = proxycommon::TunnelConfig::merged(outer.tunnel, inner.tunnel);
  result.cache = proxycommon::CacheConfig::merged(outer.cache, inner.cache);
  result.tls = TlsSettings::merged(outer.tls, inner.tls);
  result.headLimits = Setting<proxycommon::HeadLimits>::merged(outer.headLimits, inner.headLimits);
  result.reverseRules = mergedRules(outer.reverseRules, inner.reverseRules);
  result.cookieDomains = mergedRules(outer.cookieDomains, inner.cookieDomains);
  result.cookiePaths = mergedRules(outer.cookiePaths, inner.cookiePaths);
  return result;
}

void* createServerConfig(apr_pool_t* pool, server_rec*) {
  return proxycommon::makePoolOwned<ServerConfig>(pool);
}
void* mergeServerConfig(apr_pool_t* pool, void* outer, void* inner) {
  return proxycommon::makePoolOwned<ServerConfig>(
      pool, ServerConfig::merged(*static_cast<ServerConfig*>(outer), *static_cast<ServerConfig*>(inner)));
}
void* createLocationConfig(apr_pool_t* pool, char*) {
  return proxycommon::makePoolOwned<LocationConfig>(pool);
}
void* mergeLocationConfig(apr_pool_t* pool, void* outer, void* inner) {
  return proxycommon::makePoolOwned<LocationConfig>(
      pool, LocationConfig::merged(*static_cast<LocationConfig*>(outer), *static_cast<LocationConfig*>(inner)));
}

const command_rec kDirectives[] = {
    directive::line<&pass, true>("RevProxyPass", kAnywhere, "PATH URL|! [key=value ...]: what goes to which backend"),
    directive::line<&set>("RevProxySet", kAnywhere,
                          "key=value ...: parameters of every RevProxyPass here that does not say otherwise"),
    directive::section<&balancerSection>("<RevProxyBalancer", RSRC_CONF,
                                         "NAME> ... </RevProxyBalancer>: members behind one name"),
    directive::line<&addMember, true>("RevProxyMember", kAnywhere,
                                      "URL [key=value ...]: a member of the <RevProxyBalancer> around it"),
    directive::line<&setHealth, true>("RevProxyHealth", kAnywhere,
                                      "[key=value ...]: how members of the <RevProxyBalancer> around it are checked"),
    directive::line<&stickyKey>("RevProxyStickyKey", RSRC_CONF,
                                "FILE with the key that signs session cookies; default: one that is kept"),
    directive::line<&passReverse, true>("RevProxyPassReverse", kAnywhere,
                                        "[PATH] URL: URLs of the backend in response headers become this server's"),
    directive::field<&LocationConfig::preserveHost, &directive::readSwitch>(
        "RevProxyPreserveHost", kAnywhere, "On: the backend gets the client's Host; default Off"),
    directive::field<&LocationConfig::addHeaders, &directive::readSwitch>(
        "RevProxyAddHeaders", kAnywhere, "Off: no X-Forwarded-For, -Host, -Proto, -Port; default On"),
    directive::field<&LocationConfig::forwarded, &readForwarded>(
        "RevProxyForwarded", kAnywhere, "On: Forwarded (RFC 7239) is added; Full: with by= and ports; default Off"),
    directive::line<&responseFieldLimit>("RevProxyResponseFieldLimit", kAnywhere,
                                         "COUNT [SIZE]: how large a response's head may be; default 300 64k"),
    directive::line<&reverseCookieDomain>("RevProxyPassReverseCookieDomain", kAnywhere,
                                          "DOMAIN DOMAIN: the backend's in Set-Cookie becomes the other"),
    directive::line<&reverseCookiePath>("RevProxyPassReverseCookiePath", kAnywhere,
                                        "PATH PATH: the backend's in Set-Cookie becomes the other"),
    directive::field<&LocationConfig::via, &proxycommon::readVia>("RevProxyVia", kAnywhere,
                                                                  "On, Off, or Full; default Off"),
    directive::field<&LocationConfig::timeout, &directive::readDuration>(
        "RevProxyTimeout", kAnywhere, "how long a backend may stay silent; default: Timeout"),
    directive::field<&LocationConfig::connectTimeout, &directive::readDuration>(
        "RevProxyConnectTimeout", kAnywhere, "how long a connection may take; default 5s"),
    directive::field<&ServerConfig::keepAliveHold, &readHold>(
        "RevProxyKeepAliveHold", RSRC_CONF,
        "how long a worker stays with a client that may ask again; default 5ms, or Off"),
    directive::field<&ServerConfig::reactorThreads, &directive::readThreads>(
        "RevProxyReactorThreads", RSRC_CONF,
        "threads of a child that wait for everyone; default: processors, at most 4"),
    directive::field<&LocationConfig::park, &proxycommon::readPark>(
        "RevProxyPark", kAnywhere,
        "how long a worker waits for a backend before the request is parked; default 20ms; Off"),
    directive::field<&LocationConfig::buffer, &directive::readSizeOrOff>(
        "RevProxyBuffer", kAnywhere, "SIZE of a response that is kept for a slow client; default Off"),
    directive::field<&LocationConfig::replayBuffer, &directive::readSizeOrOff>(
        "RevProxyReplayBuffer", kAnywhere,
        "SIZE of a request's body that is kept, to be sent again when it is safe; default 64k, or Off"),
    directive::line<&cache>("RevProxyCache", kAnywhere, "On|Off [store=NAME]: responses are kept; default Off"),
    directive::line<&proxycommon::defineStore>("RevProxyCacheStore", RSRC_CONF,
                                               "NAME KIND [key=value ...]: where a cache keeps what it has"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::mayPurge, &directive::readSwitch>(
        "RevProxyCachePurge", kAnywhere, "On: PURGE removes from the cache, for those whom Require lets; default Off"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::heuristicPercent, &proxycommon::readHeuristic>(
        "RevProxyCacheHeuristic", kAnywhere,
        "PERCENT of the time since it was modified that a response without a lifetime is fresh; default 10, or Off"),
    directive::line<&cacheTargets>("RevProxyCacheTargets", kAnywhere,
                                   "FIELD ...: in place of Cache-Control, for this cache; default CDN-Cache-Control"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::storesSetCookie, &directive::readSwitch>(
        "RevProxyCacheSetCookie", kAnywhere, "On: responses with Set-Cookie may be kept; default Off"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::mostBody, &directive::readSizeOrOff>(
        "RevProxyCacheMaxObject", kAnywhere, "SIZE of the largest body that is kept; default: what the store takes"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::staleIfError, &directive::readDurationOrOff>(
        "RevProxyCacheStaleIfError", kAnywhere,
        "how long what has expired may stand in for an error, where the response does not say; default Off"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::hitForMiss, &directive::readDuration>(
        "RevProxyCacheHitForMiss", kAnywhere,
        "how long it is remembered that nobody need wait for a response that cannot be kept; default 10s"),
    directive::nested<&LocationConfig::cache, &proxycommon::CacheConfig::collapse, &directive::readDurationOrOff>(
        "RevProxyCacheCollapse", kAnywhere,
        "how long a request waits for another one that brings the same; default 30s, or Off"),
    directive::line<&nameServers>("RevProxyResolver", kAnywhere,
                                  "ADDRESS:PORT ...: name servers to ask; default: the system's"),
    directive::field<&LocationConfig::parent, &proxycommon::readParent>(
        "RevProxyRemote", kAnywhere,
        "http://[USER:PASSWORD@]HOST:PORT of a proxy to go through, or None; default None"),
    directive::nested<&LocationConfig::tunnel, &proxycommon::TunnelConfig::idle, &directive::readDuration>(
        "RevProxyTunnelTimeout", kAnywhere, "how long a tunnel may be silent; default: RevProxyTimeout, else 10min"),
    directive::nested<&LocationConfig::tunnel, &proxycommon::TunnelConfig::lifetime, &directive::readDurationOrOff>(
        "RevProxyTunnelLifetime", kAnywhere, "how long a tunnel may last, or Off; default Off"),
    directive::nested<&LocationConfig::tunnel, &proxycommon::TunnelConfig::drain, &directive::readDuration>(
        "RevProxyTunnelDrain", kAnywhere, "how long tunnels go on when their child stops; default 5min"),
    directive::nested<&LocationConfig::tunnel, &proxycommon::TunnelConfig::most, &directive::readCount>(
        "RevProxyMaxTunnels", kAnywhere, "tunnels of a child; default: what its descriptors allow"),
    directive::nested<&LocationConfig::tunnel, &proxycommon::TunnelConfig::mostPerClient, &directive::readCount>(
        "RevProxyMaxTunnelsPerClient", kAnywhere, "tunnels of a client's address in a child; default: no limit"),
    directive::line<&tlsVerify>("RevProxyTLSVerify", kAnywhere,
                                "Off: any certificate of a backend is accepted; default On"),
    directive::nested<&LocationConfig::tls, &TlsSettings::authorities, &readAuthorities>(
        "RevProxyTLSCACertificateFile", kAnywhere,
        "PEM file of the authorities trusted for backends; default: the system's"),
    directive::nested<&LocationConfig::tls, &TlsSettings::revocations, &readRevocations>(
        "RevProxyTLSCARevocationFile", kAnywhere,
        "PEM file of the authorities' lists of revoked certificates, or None; default None"),
    directive::line<&tlsCertificate>("RevProxyTLSCertificateFile", kAnywhere,
                                     "PEM file of the certificate that backends are shown, or None; default None"),
    directive::line<&checkKeyFile>("RevProxyTLSCertificateKeyFile", kAnywhere,
                                   "PEM file of its private key; default: the certificate's file"),
    directive::nested<&LocationConfig::tls, &TlsSettings::serverName, &readServerName>(
        "RevProxyTLSServerName", kAnywhere, "the name that certificates must bear; default: the backend's host"),
    directive::nested<&LocationConfig::tls, &TlsSettings::oldest, &readTlsVersion>(
        "RevProxyTLSMinVersion", kAnywhere, "TLSv1.2 or TLSv1.3: the oldest spoken with backends; default TLSv1.2"),
    directive::nested<&LocationConfig::tls, &TlsSettings::ciphers, &readCiphers>(
        "RevProxyTLSCiphers", kAnywhere, "ciphers of TLS 1.2, as openssl ciphers takes them; default: OpenSSL's"),
    directive::nested<&LocationConfig::tls, &TlsSettings::cipherSuites, &readCipherSuites>(
        "RevProxyTLSCipherSuites", kAnywhere, "suites of TLS 1.3, with colons between; default: OpenSSL's"),
    directive::end(),
};

}  // namespace revproxy
