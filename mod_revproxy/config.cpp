// The configuration of mod_revproxy: storage, merging, directives.
#include "mod_revproxy/config.h"

#include "common/base/text.h"
#include "common/http/parent_url.h"
#include "common/http/url.h"
#include "common/httpd/directive.h"
#include "common/httpd/pool_owned.h"
#include "common/net/resolver.h"
#include "mod_revproxy/module.h"

namespace revproxy {
namespace {

using proxycommon::Error;
using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::TlsAuthorities;
namespace directive = proxycommon::directive;

Error mistake(std::string detail) {
  return failure(ErrorKind::kInternal, std::move(detail));
}

// Longer, and a worker would wait for clients that are not busy.
constexpr milliseconds kLongestHold{100};

bool isInLocation(const cmd_parms& command) {
  return command.path != nullptr;
}

// A <Location> with a pattern has no prefix that could be taken off the path.
bool isInPlainLocation(const cmd_parms& command) {
  const ap_directive_t* section = command.directive->parent;
  return section && proxycommon::equalsIgnoringCase(section->directive, "<Location") &&
         std::string_view(section->args).find_first_of("~*?[") == std::string_view::npos;
}

// Takes the path of a directive that has one in server context, and has the section's in a <Location>.
Result<std::string> takePath(const cmd_parms& command, std::string_view& line) {
  const bool inLocation = isInLocation(command);
  if (inLocation && !isInPlainLocation(command)) {
    const ap_directive_t& section = *command.directive->parent;
    return mistake(std::string{"it stands in "} + section.directive + " " + section.args +
                   " but inside a section a path is known in a <Location> without patterns only: write it there, or at "
                   "the server's level with a path");
  }
  std::string path = inLocation ? command.path : directive::nextWord(command, line).value_or("");
  if (path.starts_with('/') && !proxycommon::isNormalPath(path))
    return mistake("the path \"" + path +
                   "\" never comes so: paths are compared decoded, without dot segments and without a query; write it "
                   "so");
  if (path.starts_with('/')) return path;
  const char* form = inLocation ? ": write <Location /PATH>" : ": write /PATH, or inside a <Location> no path at all";
  return mistake("the path \"" + path + "\" does not begin with a slash" + form);
}

std::string placeOf(const cmd_parms& command) {
  return std::string{command.directive->filename} + ":" + std::to_string(command.directive->line_num);
}

// RevProxyPass PATH URL|! [key=value …]
Outcome pass(cmd_parms& command, void* directory, std::string_view line) {
  auto path = takePath(command, line);
  if (!path) return std::move(path.error());
  const std::string url = directive::nextWord(command, line).value_or("");
  if (url.empty())
    return mistake("a URL is missing: write RevProxyPass " + *path + " http://HOST[:PORT]/, or ! to exclude");
  const std::vector<std::string> parameters = directive::remainingWords(command, line);
  if (isInLocation(command) && url.starts_with('/'))
    return mistake("\"" + url + "\" is no URL: inside a <Location> the path is the section's; write the URL alone");
  Mapping mapping{std::move(*path), std::nullopt, placeOf(command)};
  if (url == "!") {
    if (!parameters.empty()) return mistake("! takes no parameters, but here is \"" + parameters.front() + "\"");
  } else {
    auto backend = parseBackend(url, parameters);
    if (!backend) return std::move(backend.error());
    mapping.backend = std::move(*backend);
  }
  if (!isInLocation(command)) return ServerConfig::of(command, directory).mappings.add(std::move(mapping));
  // Two sections for one path, or two lines in one.
  if (auto noted = ServerConfig::of(command, directory).locationMappings.add(mapping); !noted) return noted;
  LocationConfig::of(command, directory).mapping = std::make_shared<const Mapping>(std::move(mapping));
  return {};
}

// RevProxyPassReverse [PATH] URL
Outcome passReverse(cmd_parms& command, void* directory, std::string_view line) {
  auto path = takePath(command, line);
  if (!path) return std::move(path.error());
  const std::string url = directive::nextWord(command, line).value_or("");
  if (!proxycommon::parseUrl(url))
    return mistake("\"" + url + "\" is no URL: write what the backend calls itself, such as http://HOST:PORT/");
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  LocationConfig::of(command, directory).reverseRules.push_back({std::move(*path), url});
  return {};
}

Result<std::shared_ptr<const TlsAuthorities>> readAuthorities(std::string_view file) {
  apr_pool_t* pool = ap_server_conf ? ap_server_conf->process->pconf : nullptr;
  const std::string name{file};
  const char* absolute = pool ? ap_server_root_relative(pool, name.c_str()) : name.c_str();
  auto authorities = TlsAuthorities::fromFile(absolute ? absolute : name);
  if (!authorities)
    authorities.error().detail += ": name a PEM file with the certificates of the authorities that sign the backends'";
  return authorities;
}

Outcome tlsVerify(cmd_parms& command, void* directory, std::string_view line) {
  const auto verify = directive::readSwitch(directive::nextWord(command, line).value_or(""));
  if (!verify) return verify.error();
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  LocationConfig::of(command, directory).tlsVerify = *verify;
  if (!*verify)
    ServerConfig::of(command, directory)
        .warnings.push_back("RevProxyTLSVerify Off at " + placeOf(command) +
                            ": whoever can reach the path to a backend can read and change what is sent; name its "
                            "authority with RevProxyTLSCACertificateFile instead");
  return {};
}

// RevProxyResolver ADDRESS:PORT …
Outcome nameServers(cmd_parms& command, void* directory, std::string_view line) {
  auto servers = proxycommon::readNameServers(directive::remainingWords(command, line));
  if (!servers) return std::move(servers.error());
  LocationConfig::of(command, directory).nameServers = std::move(*servers);
  return {};
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
  return {MappingTable::merged(outer.mappings, inner.mappings), inner.locationMappings,
          Setting<milliseconds>::merged(outer.keepAliveHold, inner.keepAliveHold),
          Setting<unsigned>::merged(outer.reactorThreads, inner.reactorThreads), inner.warnings};
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
  result.via = Setting<ViaMode>::merged(outer.via, inner.via);
  result.timeout = Setting<milliseconds>::merged(outer.timeout, inner.timeout);
  result.connectTimeout = Setting<milliseconds>::merged(outer.connectTimeout, inner.connectTimeout);
  result.park = decltype(park)::merged(outer.park, inner.park);
  result.buffer = Setting<std::uint64_t>::merged(outer.buffer, inner.buffer);
  result.nameServers = Setting<std::string>::merged(outer.nameServers, inner.nameServers);
  result.parent = decltype(parent)::merged(outer.parent, inner.parent);
  result.tunnel = proxycommon::TunnelConfig::merged(outer.tunnel, inner.tunnel);
  result.tlsVerify = Setting<bool>::merged(outer.tlsVerify, inner.tlsVerify);
  result.tlsAuthorities = decltype(tlsAuthorities)::merged(outer.tlsAuthorities, inner.tlsAuthorities);
  result.reverseRules = inner.reverseRules;
  result.reverseRules.insert(result.reverseRules.end(), outer.reverseRules.begin(), outer.reverseRules.end());
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
    directive::line<&passReverse, true>("RevProxyPassReverse", kAnywhere,
                                        "[PATH] URL: URLs of the backend in response headers become this server's"),
    directive::field<&LocationConfig::preserveHost, &directive::readSwitch>(
        "RevProxyPreserveHost", kAnywhere, "On: the backend gets the client's Host; default Off"),
    directive::field<&LocationConfig::addHeaders, &directive::readSwitch>(
        "RevProxyAddHeaders", kAnywhere, "Off: no X-Forwarded-For, -Host, -Proto, -Port; default On"),
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
    directive::field<&LocationConfig::tlsAuthorities, &readAuthorities>(
        "RevProxyTLSCACertificateFile", kAnywhere,
        "PEM file of the authorities trusted for backends; default: the system's"),
    directive::end(),
};

}  // namespace revproxy
