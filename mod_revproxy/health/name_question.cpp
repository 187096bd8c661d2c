// Asking once which addresses a member's name leads to.
#include "mod_revproxy/health/name_question.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace revproxy {

using proxycommon::Addresses;
using proxycommon::LoopResolver;
using proxycommon::NameAnswer;
using proxycommon::ServiceRecord;
using proxycommon::Task;

namespace {

Task<NamedAddresses> askHost(LoopResolver& resolver, const NameQuestion& question) {
  NameAnswer answer = co_await resolver.addresses(question.host);
  if (!answer.addresses) co_return NamedAddresses{std::move(answer.addresses.error())};
  std::vector<NamedAddress> addresses;
  for (const auto& address : *answer.addresses) addresses.push_back({address, question.port});
  co_return NamedAddresses{std::move(addresses), answer.lifetime};
}

// Those of a host that is known to have none are none.
Task<NameAnswer> askServiceHost(LoopResolver& resolver, const std::string& host, HostAddresses& lastGood) {
  NameAnswer answer = co_await resolver.addresses(host);
  const auto last = lastGood.find(host);
  if (answer.addresses) {
    lastGood[host] = *answer.addresses;
  } else if (answer.source == NameAnswer::Source::kServers) {
    lastGood.erase(host);
  } else if (last != lastGood.end()) {
    answer.addresses = last->second;
  }
  co_return answer;
}

Task<NamedAddresses> askService(LoopResolver& resolver, const NameQuestion& question, HostAddresses& lastGood) {
  auto answer = co_await resolver.services(question.host);
  if (!answer.records) co_return NamedAddresses{std::move(answer.records.error())};
  NamedAddresses result{std::vector<NamedAddress>{}, answer.lifetime};
  std::vector<ServiceHost> hosts;
  std::optional<proxycommon::Error> error;
  for (const ServiceRecord& record : *answer.records) {
    NameAnswer found = co_await askServiceHost(resolver, record.host, lastGood);
    if (found.addresses) {
      result.lifetime = std::min(result.lifetime, found.lifetime);
      hosts.push_back({record, std::move(*found.addresses)});
      continue;
    }
    error = std::move(found.addresses.error());
  }
  std::erase_if(lastGood, [&](const auto& known) {
    return std::none_of(answer.records->begin(), answer.records->end(),
                        [&](const ServiceRecord& record) { return record.host == known.first; });
  });
  if (hosts.empty()) {
    result.addresses = std::move(*error);
  } else {
    result.addresses = weighed(hosts);
  }
  co_return result;
}

}  // namespace

Task<NamedAddresses> askName(LoopResolver& resolver, const NameQuestion& question, HostAddresses& lastGood) {
  return question.isService ? askService(resolver, question, lastGood) : askHost(resolver, question);
}

std::vector<NamedAddress> weighed(const std::vector<ServiceHost>& hosts) {
  const auto weightOf = [](const ServiceRecord& record) { return record.weight == 0 ? 1.0 : record.weight; };
  struct Sum {
    double weights = 0;
    std::size_t addresses = 0;
  };
  std::map<std::uint16_t, Sum> sums;  // by priority
  for (const auto& [record, addresses] : hosts) {
    Sum& sum = sums[record.priority];
    sum.weights += weightOf(record);
    sum.addresses += addresses.size();
  }
  std::vector<NamedAddress> all;
  for (const auto& [record, addresses] : hosts) {
    const Sum& sum = sums[record.priority];
    const double share = weightOf(record) / static_cast<double>(addresses.size());
    const double hundredths = 100 * share * static_cast<double>(sum.addresses) / sum.weights;
    const auto weight = static_cast<std::uint32_t>(std::max(1.0, std::round(hundredths)));
    for (const auto& address : addresses) all.push_back({address, record.port, weight, record.priority});
  }
  // Where there are too many, those of a higher priority are kept.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& one, const auto& other) { return one.priority < other.priority; });
  return all;
}

}  // namespace revproxy
