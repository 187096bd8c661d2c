// The directives of the cache.
#include "common/httpd/cache_config.h"

#include "common/base/mistake.h"
#include "common/base/text.h"
#include "common/http/header_rules.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/directive.h"

namespace proxycommon {

CacheConfig CacheConfig::merged(const CacheConfig& outer, const CacheConfig& inner) {
  CacheConfig result;
  result.isOn = Setting<bool>::merged(outer.isOn, inner.isOn);
  result.store = Setting<std::string>::merged(outer.store, inner.store);
  result.isOnHere = Setting<bool>::merged(outer.isOnHere, inner.isOnHere);
  result.storeHere = Setting<std::string>::merged(outer.storeHere, inner.storeHere);
  result.mayPurge = Setting<bool>::merged(outer.mayPurge, inner.mayPurge);
  result.heuristicPercent = Setting<unsigned>::merged(outer.heuristicPercent, inner.heuristicPercent);
  result.targets = decltype(targets)::merged(outer.targets, inner.targets);
  result.storesSetCookie = Setting<bool>::merged(outer.storesSetCookie, inner.storesSetCookie);
  result.mostBody = Setting<std::uint64_t>::merged(outer.mostBody, inner.mostBody);
  result.staleIfError = Setting<milliseconds>::merged(outer.staleIfError, inner.staleIfError);
  result.hitForMiss = Setting<milliseconds>::merged(outer.hitForMiss, inner.hitForMiss);
  result.collapse = Setting<milliseconds>::merged(outer.collapse, inner.collapse);
  return result;
}

CachePolicy CacheConfig::policy() const {
  CachePolicy policy;
  policy.storesSetCookie = storesSetCookie.valueOr(policy.storesSetCookie);
  policy.heuristicPercent = heuristicPercent.valueOr(policy.heuristicPercent);
  if (targets.isSet()) policy.targets = targets.value();
  policy.staleIfError = staleIfError.valueOr(policy.staleIfError);
  return policy;
}

CacheChoice CacheConfig::chosen(const Setting<bool>& isOnOfMapping, const Setting<std::string>& storeOfMapping) const {
  CacheChoice choice;
  choice.isOn = isOnHere.valueOr(isOnOfMapping.valueOr(isOn.valueOr(choice.isOn)));
  for (const Setting<std::string>* narrowest : {&storeHere, &storeOfMapping, &store}) {
    if (!narrowest->isSet()) continue;
    choice.store = narrowest->value();
    break;
  }
  return choice;
}

Outcome readCacheLine(cmd_parms& command, std::string_view line, CacheConfig& config) {
  const auto word = directive::nextWord(command, line);
  const auto isOn = directive::readSwitch(word.value_or(""));
  if (!isOn) return isOn.error();
  (command.path ? config.isOnHere : config.isOn) = *isOn;
  for (const std::string& option : directive::remainingWords(command, line)) {
    constexpr std::string_view kStore = "store=";
    if (!startsWithIgnoringCase(option, kStore) || option.size() == kStore.size())
      return mistake("\"" + printable(option) + "\" means nothing here: write On or Off, and store=NAME");
    (command.path ? config.storeHere : config.store) = option.substr(kStore.size());
  }
  // Off as well: what is narrower may switch it on.
  const CacheChoice choice = config.chosen();
  if (*isOn || choice.store != kDefaultStore) useStore(command, choice.store);
  return {};
}

Outcome readCacheTargets(cmd_parms& command, std::string_view line, CacheConfig& config) {
  std::vector<std::string> names = directive::remainingWords(command, line);
  if (names.empty()) return mistake("names of header fields are missing: write such as CDN-Cache-Control, or None");
  if (names.size() == 1 && equalsIgnoringCase(names.front(), "none")) names.clear();
  for (const std::string& name : names)
    if (!isToken(name)) return mistake("\"" + printable(name) + "\" is no name of a header field");
  config.targets = std::move(names);
  return {};
}

Result<unsigned> readHeuristic(std::string_view text) {
  if (equalsIgnoringCase(text, "off")) return 0u;
  const auto percent = parseNumber(text, 100);
  if (percent && *percent > 0) return static_cast<unsigned>(*percent);
  return mistake("\"" + printable(text) + "\" is neither Off nor a percentage from 1 to 100");
}

}  // namespace proxycommon
