// A snapshot as Prometheus scrapes it.
#include "mod_revproxy/status/prometheus.h"

#include "mod_revproxy/status/counter_rows.h"
#include "mod_revproxy/status/exposition.h"
#include "mod_revproxy/status/value_text.h"
#include "mod_revproxy/status/words.h"

namespace revproxy {
namespace {

constexpr std::string_view kCounter = "counter";
constexpr std::string_view kGauge = "gauge";
constexpr std::string_view kHistogram = "histogram";

// What the samples of one balancer or member have in common.
template <class Status>
struct Series {
  std::string labels;
  const Status& status;
};
using BalancerSeries = std::vector<Series<BalancerStatus>>;
using MemberSeries = std::vector<Series<MemberStatus>>;
using CacheSeries = std::vector<Series<MappingCache>>;
using StoreSeries = std::vector<Series<StoreStatus>>;

std::string with(const std::string& labels, std::string_view name, std::string_view value) {
  return labels + "," + label(name, value);
}

BalancerSeries seriesOf(const std::vector<BalancerStatus>& balancers) {
  std::vector<std::string> names;
  std::vector<std::string> places;
  for (const BalancerStatus& balancer : balancers) {
    names.push_back(balancer.name);
    places.push_back(balancer.definedAt);
  }
  names = distinctNames(std::move(names), places);
  BalancerSeries series;
  for (std::size_t index = 0; index < balancers.size(); ++index)
    series.push_back({label("balancer", names[index]), balancers[index]});
  return series;
}

MemberSeries membersOf(const BalancerSeries& balancers) {
  MemberSeries series;
  for (const auto& balancer : balancers)
    for (const MemberStatus& member : balancer.status.members)
      series.push_back({with(balancer.labels, "member", member.name), member});
  return series;
}

// A number of each of them.
template <class Status, class Value>
void gauge(Exposition& out, const std::vector<Series<Status>>& series, std::string_view name, std::string_view help,
           Value value) {
  out.family(name, kGauge, help);
  for (const auto& one : series) out.sample(one.labels, value(one.status));
}

// Of those that have one.
template <class Status>
void limits(Exposition& out, const std::vector<Series<Status>>& series, std::string_view name) {
  out.family(name, kGauge, "How many requests may be in flight, where there is a limit.");
  for (const auto& one : series)
    if (one.status.limit > 0) out.sample(one.labels, one.status.limit);
}

template <class Status, class Rows>
void counters(Exposition& out, const std::vector<Series<Status>>& series, std::string_view prefix, const Rows& rows) {
  for (const auto& row : rows) {
    out.family(std::string{prefix}.append(row.name).append("_total"), kCounter, row.help);
    for (const auto& one : series) out.sample(one.labels, one.status.totals.*row.value);
  }
}

void classes(Exposition& out, const std::string& labels, const std::array<std::uint64_t, 6>& counts) {
  for (std::size_t digit = 0; digit < counts.size(); ++digit)
    out.sample(with(labels, "code", classOfStatus(digit)), counts[digit]);
}

void errors(Exposition& out, const MemberSeries& members) {
  out.family("revproxy_member_errors_total", kCounter, "Tries that failed, by the kind of error.");
  for (const auto& [labels, member] : members)
    for (std::size_t kind = 0; kind < kErrorKinds; ++kind)
      if (const std::uint64_t count = member.totals.errors[kind]; count > 0)
        out.sample(with(labels, "kind", proxycommon::traitsOf(static_cast<proxycommon::ErrorKind>(kind)).name), count);
}

void children(Exposition& out, const StatusSnapshot& snapshot) {
  std::uint64_t tunnels = 0;
  std::uint64_t parked = 0;
  std::uint64_t idle = 0;
  for (const ChildStatus& child : snapshot.children) {
    tunnels += child.tunnels;
    parked += child.parked;
    idle += child.idle;
  }
  out.family("revproxy_build_info", kGauge, "Always 1; its label has the version.");
  out.sample(label("version", snapshot.version), 1);
  out.family("revproxy_children", kGauge, "Child processes that live, those that drain included.");
  out.sample("", snapshot.children.size());
  out.family("revproxy_tunnels", kGauge, "Tunnels that are open, those of mod_fwdproxy included.");
  out.sample("", tunnels);
  out.family("revproxy_parked", kGauge, "Requests and tunnels that wait without a worker, likewise.");
  out.sample("", parked);
  out.family("revproxy_idle_connections", kGauge, "Connections that wait in the children's pools, likewise.");
  out.sample("", idle);
}

void balancers(Exposition& out, const BalancerSeries& series) {
  gauge(out, series, "revproxy_in_flight", "Requests that members work on.",
        [](const BalancerStatus& balancer) { return balancer.inFlight; });
  limits(out, series, "revproxy_limit");
  gauge(out, series, "revproxy_waiting", "Requests that wait for a place within a limit.",
        [](const BalancerStatus& balancer) { return balancer.waiting; });
  counters(out, series, "revproxy_", kBalancerCounters);
  out.family("revproxy_answers_total", kCounter, "Answers that clients got, by class; none: the client got none.");
  for (const auto& [labels, balancer] : series) classes(out, labels, balancer.totals.answers);
  out.family("revproxy_queue_wait_seconds", kHistogram, "How long requests waited, where there is a limit.");
  for (const auto& [labels, balancer] : series)
    if (balancer.hasQueue) out.histogram(labels, balancer.totals.queueWait);
}

CacheSeries cachesOf(const BalancerSeries& balancers) {
  CacheSeries series;
  for (const auto& balancer : balancers) {
    std::vector<std::string> names;
    std::vector<std::string> places;
    for (const MappingCache& cache : balancer.status.caches) {
      names.push_back(cache.prefix);
      places.push_back(cache.definedAt);
    }
    names = distinctNames(std::move(names), places);
    for (std::size_t index = 0; index < names.size(); ++index)
      series.push_back({with(balancer.labels, "mapping", names[index]), balancer.status.caches[index]});
  }
  return series;
}

void caches(Exposition& out, const CacheSeries& series) {
  for (const auto& row : kCacheCounters) {
    out.family(std::string{"revproxy_cache_"}.append(row.name).append("_total"), kCounter, row.help);
    for (const auto& [labels, cache] : series) out.sample(labels, cache.totals.*row.value);
  }
}

StoreSeries seriesOf(const std::vector<StoreStatus>& all) {
  StoreSeries series;
  for (const StoreStatus& store : all) series.push_back({with(label("store", store.name), "kind", store.kind), store});
  return series;
}

void stores(Exposition& out, const StoreSeries& series) {
  StoreSeries counted;
  for (const auto& one : series)
    if (one.status.figures.isCounted) counted.push_back(one);
  gauge(out, counted, "revproxy_cache_store_entries", "Responses that the store has.",
        [](const StoreStatus& store) { return store.figures.entries; });
  gauge(out, counted, "revproxy_cache_store_bytes", "What they take.",
        [](const StoreStatus& store) { return store.figures.bytes; });
  out.family("revproxy_cache_store_limit_bytes", kGauge, "What they may take, where there is a limit.");
  for (const auto& [labels, store] : series)
    if (store.figures.limit > 0) out.sample(labels, store.figures.limit);
  out.family("revproxy_cache_store_evictions_total", kCounter, "Responses that had to go to make room.");
  for (const auto& [labels, store] : counted) out.sample(labels, store.figures.evictions);
  out.family("revproxy_cache_store_failures_total", kCounter, "How often the store has failed.");
  for (const auto& [labels, store] : series) out.sample(labels, store.figures.failures);
}

// One series for each member: the label changes, the value does not.
void states(Exposition& out, const MemberSeries& members) {
  out.family("revproxy_member_state", kGauge, "Always 1; its label has what the member is to new requests.");
  for (const auto& [labels, member] : members) out.sample(with(labels, "state", wordOf(member.condition)), 1);
}

void checks(Exposition& out, const MemberSeries& members) {
  out.family("revproxy_member_checks_total", kCounter, "Active checks.");
  for (const auto& [labels, member] : members)
    if (member.health) out.sample(labels, member.health->checks);
  out.family("revproxy_member_checks_failed_total", kCounter, "Active checks that failed.");
  for (const auto& [labels, member] : members)
    if (member.health) out.sample(labels, member.health->failed);
}

void members(Exposition& out, const MemberSeries& series) {
  constexpr unsigned kWeightPlaces = 2;
  gauge(out, series, "revproxy_member_up", "1 while it answers requests, be it those of its sessions alone.",
        [](const MemberStatus& member) { return std::uint64_t{isUp(member.condition)}; });
  states(out, series);
  gauge(out, series, "revproxy_member_weight", "Its part of the requests; less while it starts.",
        [](const MemberStatus& member) { return decimal(member.effectiveWeight, kWeightPlaces); });
  gauge(out, series, "revproxy_member_in_flight", "Requests that the member works on.",
        [](const MemberStatus& member) { return member.inFlight; });
  limits(out, series, "revproxy_member_limit");
  counters(out, series, "revproxy_member_", kMemberCounters);
  out.family("revproxy_member_responses_total", kCounter, "Responses, by class; none: none has come.");
  for (const auto& [labels, member] : series) classes(out, labels, member.totals.responses);
  errors(out, series);
  checks(out, series);
  out.family("revproxy_member_latency_seconds", kHistogram, "How long it took until the head of a response.");
  for (const auto& [labels, member] : series) out.histogram(labels, member.totals.latency);
}

}  // namespace

std::string toPrometheus(const StatusSnapshot& snapshot) {
  Exposition out;
  const BalancerSeries series = seriesOf(snapshot.balancers);
  children(out, snapshot);
  balancers(out, series);
  members(out, membersOf(series));
  caches(out, cachesOf(series));
  stores(out, seriesOf(snapshot.stores));
  return out.text();
}

}  // namespace revproxy
