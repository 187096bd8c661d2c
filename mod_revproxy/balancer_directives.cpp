// <RevProxyBalancer> and what stands in it.
#include "mod_revproxy/balancer_directives.h"

#include <algorithm>
#include <array>

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/httpd/directive.h"
#include "common/httpd/pool_owned.h"
#include "mod_revproxy/module.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
namespace directive = proxycommon::directive;

constexpr std::array<const char*, 3> kInside = {"RevProxyMember", "RevProxySet", "RevProxyHealth"};

bool isName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             std::string_view::npos;
}

// "app>" or "balancer://app>", as mod_proxy writes it.
Result<std::string> readName(const cmd_parms& command, std::string_view line) {
  const auto end = line.rfind('>');
  if (end == std::string_view::npos) return mistake("the > at its end is missing");
  line = line.substr(0, end);
  std::string name = directive::nextWord(command, line).value_or("");
  constexpr std::string_view kScheme = "balancer://";
  if (name.starts_with(kScheme)) name.erase(0, kScheme.size());
  if (!isName(name) || !proxycommon::trimmed(line).empty())
    return mistake("write one name of at most 64 letters, digits and any of _ - . such as <RevProxyBalancer app>");
  return name;
}

Outcome checkInside(cmd_parms& command) {
  for (const ap_directive_t* inside = command.directive->first_child; inside; inside = inside->next) {
    const bool belongs = std::any_of(kInside.begin(), kInside.end(), [&](const char* name) {
      return proxycommon::equalsIgnoringCase(inside->directive, name);
    });
    if (belongs) continue;
    command.err_directive = inside;
    return mistake(std::string{inside->directive} +
                   " does not belong in it: here stand RevProxyMember, RevProxySet and RevProxyHealth; all else is "
                   "said of the server or of a <Location>");
  }
  return {};
}

Outcome checkWhole(const Balancer& balancer) {
  if (balancer.members.empty())
    return mistake("the balancer " + balancer.name + " has no members: write RevProxyMember URL");
  const std::string& method = balancer.settings.method;
  const bool hasHash = !balancer.settings.hash.empty();
  if (method == "hash" && !hasHash)
    return mistake("method=hash needs to know what of: write hash=EXPRESSION, such as hash=%{REQUEST_URI}");
  // Another module's method may look at it.
  if (method != "hash" && hasHash && builtinMethods().find(method))
    return mistake("hash= says what method=hash looks at, but the method is " + method);
  if (method != "hash" && balancer.settings.balanceFactor > 0)
    return mistake("hash-balance-factor= bounds what method=hash does, but the method is " + method);
  if (auto checked = balancer.settings.sticky.check(); !checked) return checked;
  return {};
}

Result<std::shared_ptr<ServerBalancer>> define(cmd_parms& command, void* directory, const char* line) {
  auto name = readName(command, line);
  if (!name) return std::move(name.error());
  auto& named = ServerConfig::of(command, directory).balancers.named;
  if (const auto found = named.find(*name); found != named.end())
    return mistake("the balancer " + *name + " is defined already, at " + found->second->balancer.definedAt);
  if (auto inside = checkInside(command); !inside) return std::move(inside.error());
  auto made = std::make_shared<ServerBalancer>();
  made->balancer.name = *name;
  made->balancer.definedAt = placeOf(command);
  named.emplace(*name, made);
  return made;
}

ServerBalancer* sectionOf(void* directory) {
  return static_cast<LocationConfig*>(directory)->section;
}

}  // namespace

std::string placeOf(const cmd_parms& command) {
  return std::string{command.directive->filename} + ":" + std::to_string(command.directive->line_num);
}

const char* balancerSection(cmd_parms* command, void* directory, const char* line) {
  if (const char* misplaced = ap_check_cmd_context(command, NOT_IN_DIR_LOC_FILE)) return misplaced;
  auto made = define(*command, directory, line);
  if (!made) return directive::message(*command, std::move(made.error()));
  // What stands inside finds the balancer in the configuration of the section.
  auto* inside = proxycommon::makePoolOwned<LocationConfig>(command->pool);
  inside->section = made->get();
  ap_conf_vector_t* vector = ap_create_per_dir_config(command->pool);
  ap_set_module_config(vector, &revproxy_module, inside);
  const command_rec* const section = command->cmd;
  if (const char* problem = ap_walk_config(command->directive->first_child, command, vector)) return problem;
  command->cmd = section;
  return directive::message(*command, checkWhole((*made)->balancer));
}

Outcome addMember(cmd_parms& command, void* directory, std::string_view line) {
  ServerBalancer* const server = sectionOf(directory);
  if (!server) return mistake("it stands inside <RevProxyBalancer NAME> alone");
  const std::string url = directive::nextWord(command, line).value_or("");
  if (url.empty()) return mistake("a URL is missing: write RevProxyMember http://HOST[:PORT] [key=value ...]");
  auto member = parseMember(url, directive::remainingWords(command, line));
  if (!member) return std::move(member.error());
  member->definedAt = placeOf(command);
  return server->balancer.add(std::move(*member));
}

Outcome setHealth(cmd_parms& command, void* directory, std::string_view line) {
  ServerBalancer* const server = sectionOf(directory);
  if (!server) return mistake("it stands inside <RevProxyBalancer NAME> alone");
  if (server->balancer.health.isSet())
    return mistake("a balancer has one way to be checked, and it is said at " +
                   server->balancer.health.value().definedAt);
  auto check = HealthCheck::parse(directive::remainingWords(command, line));
  if (!check) return std::move(check.error());
  check->definedAt = placeOf(command);
  server->balancer.health = std::move(*check);
  return {};
}

Outcome setOfBalancer(const cmd_parms& command, ServerBalancer& server, const std::string& assignment) {
  if (auto set = server.balancer.set(assignment); !set) return set;
  if (!proxycommon::startsWithIgnoringCase(assignment, "hash=")) return {};
  auto parsed = proxycommon::Expression::parse(command, server.balancer.settings.hash);
  if (!parsed) return std::move(parsed.error());
  server.hashKey = std::move(*parsed);
  return {};
}

}  // namespace revproxy
