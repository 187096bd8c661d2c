// The names that one event loop looks up.
#include "common/net/name_lookup.h"

#include <utility>

#include "common/base/text.h"
#include "common/net/ares_resolver.h"

namespace proxycommon {
namespace {

std::string staleNote(const std::string& host) {
  return "the name servers do not answer for \"" + printable(host) + "\"; its last addresses serve on";
}

}  // namespace

void NameLookup::resolve(const NameQuestion& question, std::shared_ptr<PendingAddresses> answer) {
  if (const auto address = IpAddress::parse(question.host))
    return answer->tell(Result<FoundAddresses>({{*address}, {}}));
  const std::string key = NameCache::keyOf(question.nameServers, question.host);
  auto known = question.cache ? question.cache->find(key, Clock::now()) : std::nullopt;
  if (!known) return ask(key, question, std::move(answer));
  if (!*known) return answer->tell(std::move(known->error()));
  answer->tell(Result<FoundAddresses>({std::move(**known), {}}));
}

void NameLookup::ask(const std::string& key, const NameQuestion& question, std::shared_ptr<PendingAddresses> answer) {
  auto& asking = asked_[key];
  if (asking) {
    asking->waiting.push_back(std::move(answer));
    if (asking->isLate) grewImpatient(key);
    return;
  }
  auto resolver = resolverOf(question.nameServers);
  if (!resolver) {
    asked_.erase(key);
    return answer->tell(std::move(resolver.error()));
  }
  asking = std::make_unique<Asking>(context_, question);
  asking->waiting.push_back(std::move(answer));
  if (question.cache && question.cache->servesOn(key, Clock::now())) {
    asking->patience.expires_after(question.patience);
    asking->patience.async_wait([this, key](const boost::system::error_code& error) {
      if (!error) grewImpatient(key);
    });
  }
  (*resolver)->resolve(question.host, [this, key](NameAnswer told) { answered(key, std::move(told)); });
}

void NameLookup::answered(const std::string& key, NameAnswer answer) {
  const auto asking = std::move(asked_.extract(key).mapped());
  asking->patience.cancel();
  NameCache* cache = asking->question.cache;
  const auto now = Clock::now();
  if (cache) cache->keep(key, answer, now);
  const bool told = answer.source == NameAnswer::Source::kServers;
  auto last = cache && !told ? cache->serveOn(key, now) : std::nullopt;
  if (last) return tellAll(*asking, FoundAddresses{std::move(*last), staleNote(asking->question.host)});
  if (!answer.addresses) return tellAll(*asking, std::move(answer.addresses.error()));
  tellAll(*asking, FoundAddresses{std::move(*answer.addresses), {}});
}

void NameLookup::grewImpatient(const std::string& key) {
  const auto found = asked_.find(key);
  if (found == asked_.end()) return;
  Asking& asking = *found->second;
  asking.isLate = true;
  auto last = asking.question.cache->serveOn(key, Clock::now());
  if (last) tellAll(asking, FoundAddresses{std::move(*last), staleNote(asking.question.host)});
}

void NameLookup::tellAll(Asking& asking, const Result<FoundAddresses>& result) {
  // Whoever is told goes on at once, and may come back here with another question.
  const auto waiting = std::exchange(asking.waiting, {});
  for (const auto& answer : waiting) answer->tell(result);
}

Result<Resolver*> NameLookup::resolverOf(const std::string& nameServers) {
  auto& resolver = resolvers_[nameServers];
  if (!resolver) {
    auto made = makeAresResolver(context_, nameServers);
    if (!made) return std::move(made.error());
    resolver = std::move(*made);
  }
  return resolver.get();
}

}  // namespace proxycommon
