// RevProxyPass and what belongs to it.
#include "mod_revproxy/mapping_directives.h"

#include <utility>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/http/url.h"
#include "common/httpd/cache_config.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/directive.h"
#include "mod_revproxy/balancer_directives.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
namespace directive = proxycommon::directive;

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

// "balancer://app/path"
Result<std::shared_ptr<MappedTo>> toBalancer(const BalancerUrl& url, const std::vector<std::string>& parameters) {
  auto to = std::make_shared<MappedTo>();
  to->name = "balancer://" + std::string{url.name};
  to->basePath = proxycommon::escapedTarget(url.path);
  for (const std::string& parameter : parameters)
    if (auto set = to->parameters.set(parameter); !set)
      return mistake(set.error().detail + "; what is said of the balancer itself stands in its <RevProxyBalancer>");
  if (to->parameters.alpn.isSet())
    return mistake("alpn= is said of members: write it behind the URL of RevProxyMember");
  return to;
}

Result<std::shared_ptr<MappedTo>> toBackend(ServerBalancers& balancers, const std::string& url,
                                            const std::vector<std::string>& parameters, const std::string& definedAt) {
  auto backend = parseBackend(url, parameters);
  if (!backend) return std::move(backend.error());
  auto to = std::make_shared<MappedTo>();
  to->name = backend->origin();
  to->basePath = std::exchange(backend->basePath, "/");
  to->parameters = std::exchange(backend->parameters, {});
  to->balancer = balancers.ofBackend(*backend, definedAt);
  return to;
}

// What an assignment, or those of a mapping, name of the cache.
void noteStore(cmd_parms& command, const BackendParameters& said) {
  if (said.cacheStore.isSet()) return proxycommon::useStore(command, said.cacheStore.value());
  if (said.cache.valueOr(false)) proxycommon::useStore(command, proxycommon::kDefaultStore);
}

Result<std::shared_ptr<MappedTo>> mappedTo(cmd_parms& command, void* directory, const std::string& url,
                                           const std::vector<std::string>& parameters) {
  ServerBalancers& balancers = ServerConfig::of(command, directory).balancers;
  const auto named = readBalancerUrl(url);
  auto to = named ? toBalancer(*named, parameters) : toBackend(balancers, url, parameters, placeOf(command));
  if (!to) return to;
  (*to)->definedAt = placeOf(command);
  noteStore(command, (*to)->parameters);
  if (!named) return to;
  if (auto noted = balancers.refer(command.cmd->name, url, placeOf(command), *to); !noted)
    return std::move(noted.error());
  return to;
}

}  // namespace

Outcome pass(cmd_parms& command, void* directory, std::string_view line) {
  auto path = takePath(command, line);
  if (!path) return std::move(path.error());
  const std::string url = directive::nextWord(command, line).value_or("");
  if (url.empty())
    return mistake("a URL is missing: write RevProxyPass " + *path + " http://HOST[:PORT]/, or ! to exclude");
  const std::vector<std::string> parameters = directive::remainingWords(command, line);
  if (isInLocation(command) && url.starts_with('/'))
    return mistake("\"" + url + "\" is no URL: inside a <Location> the path is the section's; write the URL alone");
  Mapping mapping{std::move(*path), nullptr, placeOf(command)};
  if (url == "!") {
    if (!parameters.empty()) return mistake("! takes no parameters, but here is \"" + parameters.front() + "\"");
  } else {
    auto to = mappedTo(command, directory, url, parameters);
    if (!to) return std::move(to.error());
    mapping.to = std::move(*to);
  }
  if (!isInLocation(command)) return ServerConfig::of(command, directory).mappings.add(std::move(mapping));
  // Two sections for one path, or two lines in one.
  if (auto noted = ServerConfig::of(command, directory).locationMappings.add(mapping); !noted) return noted;
  LocationConfig::of(command, directory).mapping = std::make_shared<const Mapping>(std::move(mapping));
  return {};
}

Outcome set(cmd_parms& command, void* directory, std::string_view line) {
  const std::vector<std::string> assignments = directive::remainingWords(command, line);
  if (assignments.empty()) return mistake("nothing follows: write key=value ...");
  if (ServerBalancer* const section = LocationConfig::of(command, directory).section) {
    for (const std::string& assignment : assignments)
      if (auto done = setOfBalancer(command, *section, assignment); !done) return done;
    noteStore(command, section->balancer.parameters);
    return {};
  }
  for (const std::string& assignment : assignments)
    if (auto done = LocationConfig::of(command, directory).parameters.set(assignment); !done) return done;
  noteStore(command, LocationConfig::of(command, directory).parameters);
  if (LocationConfig::of(command, directory).parameters.alpn.isSet())
    return mistake("alpn= makes another backend of it: write it behind the URL of RevProxyPass");
  return {};
}

Outcome passReverse(cmd_parms& command, void* directory, std::string_view line) {
  auto path = takePath(command, line);
  if (!path) return std::move(path.error());
  const std::string url = directive::nextWord(command, line).value_or("");
  const bool isNamed = readBalancerUrl(url).has_value();
  if (!isNamed && !proxycommon::parseUrl(url))
    return mistake("\"" + url +
                   "\" is no URL: write what the backend calls itself, such as http://HOST:PORT/, or balancer://NAME/");
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  ServerBalancers& balancers = ServerConfig::of(command, directory).balancers;
  if (isNamed)
    if (auto noted = balancers.refer(command.cmd->name, url, placeOf(command), nullptr); !noted) return noted;
  LocationConfig::of(command, directory).reverseRules.push_back({std::move(*path), url});
  return {};
}

}  // namespace revproxy
