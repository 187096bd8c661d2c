// A snapshot as JSON.
#include "mod_revproxy/status/json.h"

#include "mod_revproxy/status/counter_rows.h"
#include "mod_revproxy/status/json_writer.h"
#include "mod_revproxy/status/value_text.h"
#include "mod_revproxy/status/words.h"

namespace revproxy {
namespace {

constexpr unsigned kWeightPlaces = 2;

void writeTime(JsonWriter& json, const std::optional<WallTime>& time) {
  if (time)
    json.number(secondsOf(*time));
  else
    json.null();
}

// Null where zero says that there is none.
void writePositive(JsonWriter& json, std::uint64_t value) {
  if (value > 0)
    json.number(value);
  else
    json.null();
}

void writeHistogram(JsonWriter& json, const HistogramValues& values) {
  json.beginObject();
  json.name("bounds").beginArray();
  for (const std::uint64_t bound : Histogram::kBounds) json.number(secondsOf(bound));
  json.endArray();
  json.name("counts").beginArray();
  for (const std::uint64_t count : values.counts) json.number(count);
  json.endArray();
  json.name("count").number(values.total());
  json.name("sum").number(secondsOf(values.sum));
  json.endObject();
}

void writeClasses(JsonWriter& json, const std::array<std::uint64_t, 6>& counts) {
  json.beginObject();
  for (std::size_t digit = 0; digit < counts.size(); ++digit) json.name(classOfStatus(digit)).number(counts[digit]);
  json.endObject();
}

// Those that have happened.
void writeErrors(JsonWriter& json, const std::array<std::uint64_t, kErrorKinds>& counts) {
  json.beginObject();
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] > 0)
      json.name(proxycommon::traitsOf(static_cast<proxycommon::ErrorKind>(kind)).name).number(counts[kind]);
  json.endObject();
}

void writeHealth(JsonWriter& json, const std::optional<HealthStatus>& health) {
  if (!health) return json.null();
  json.beginObject();
  writeTime(json.name("checked_at"), health->checkedAt);
  writePositive(json.name("status"), health->status);
  json.name("checks").number(health->checks);
  json.name("failed").number(health->failed);
  json.endObject();
}

void writeEjection(JsonWriter& json, const EjectionStatus& ejection) {
  json.beginObject();
  json.name("level").number(ejection.level);
  writeTime(json.name("until"), ejection.until);
  json.endObject();
}

void writeCache(JsonWriter& json, const MappingCache& cache) {
  json.beginObject();
  json.name("mapping").string(cache.prefix);
  json.name("defined_at").string(cache.definedAt);
  for (const auto& row : kCacheCounters) json.name(row.name).number(cache.totals.*row.value);
  json.endObject();
}

void writeMember(JsonWriter& json, const MemberStatus& member) {
  json.beginObject();
  json.name("name").string(member.name);
  json.name("url").string(member.url);
  json.name("route").string(member.route);
  json.name("weight").number(decimal(member.weight, kWeightPlaces));
  json.name("effective_weight").number(decimal(member.effectiveWeight, kWeightPlaces));
  json.name("set").number(member.set);
  json.name("role").string(wordOf(member.role));
  json.name("state").string(wordOf(member.condition));
  json.name("why").string(member.why);
  writeTime(json.name("since"), member.since);
  json.name("in_flight").number(member.inFlight);
  writePositive(json.name("limit"), member.limit);
  for (const auto& row : kMemberCounters) json.name(row.name).number(member.totals.*row.value);
  writeClasses(json.name("responses"), member.totals.responses);
  writeErrors(json.name("errors"), member.totals.errors);
  writeHistogram(json.name("latency"), member.totals.latency);
  writeHealth(json.name("health"), member.health);
  writeEjection(json.name("ejection"), member.ejection);
  json.endObject();
}

void writeBalancer(JsonWriter& json, const BalancerStatus& balancer) {
  json.beginObject();
  json.name("name").string(balancer.name);
  json.name("defined_at").string(balancer.definedAt);
  json.name("method").string(balancer.method);
  json.name("plain").boolean(balancer.isPlain);
  json.name("in_flight").number(balancer.inFlight);
  writePositive(json.name("limit"), balancer.limit);
  json.name("waiting").number(balancer.waiting);
  for (const auto& row : kBalancerCounters) json.name(row.name).number(balancer.totals.*row.value);
  writeClasses(json.name("answers"), balancer.totals.answers);
  writeHistogram(json.name("queue_wait"), balancer.totals.queueWait);
  json.name("caches").beginArray();
  for (const MappingCache& cache : balancer.caches) writeCache(json, cache);
  json.endArray();
  json.name("members").beginArray();
  for (const MemberStatus& member : balancer.members) writeMember(json, member);
  json.endArray();
  json.endObject();
}

void writeChild(JsonWriter& json, const ChildStatus& child) {
  json.beginObject();
  json.name("pid").number(static_cast<std::uint64_t>(child.process));
  json.name("leader").boolean(child.isLeader);
  json.name("tunnels").number(child.tunnels);
  json.name("parked").number(child.parked);
  json.name("idle").number(child.idle);
  json.endObject();
}

void writeKnown(JsonWriter& json, bool isKnown, std::uint64_t value) {
  if (isKnown)
    json.number(value);
  else
    json.null();
}

void writeStore(JsonWriter& json, const StoreStatus& store) {
  const bool isCounted = store.figures.isCounted;
  json.beginObject();
  json.name("name").string(store.name);
  json.name("kind").string(store.kind);
  writeKnown(json.name("entries"), isCounted, store.figures.entries);
  writeKnown(json.name("bytes"), isCounted, store.figures.bytes);
  writePositive(json.name("limit"), store.figures.limit);
  writeKnown(json.name("evictions"), isCounted, store.figures.evictions);
  json.name("failures").number(store.figures.failures);
  json.endObject();
}

}  // namespace

std::string toJson(const StatusSnapshot& snapshot) {
  JsonWriter json;
  json.beginObject();
  json.name("version").string(snapshot.version);
  writeTime(json.name("generated_at"), snapshot.generatedAt);
  json.name("children").beginArray();
  for (const ChildStatus& child : snapshot.children) writeChild(json, child);
  json.endArray();
  json.name("balancers").beginArray();
  for (const BalancerStatus& balancer : snapshot.balancers) writeBalancer(json, balancer);
  json.endArray();
  json.name("stores").beginArray();
  for (const StoreStatus& store : snapshot.stores) writeStore(json, store);
  json.endArray();
  json.endObject();
  return json.text() + "\n";
}

}  // namespace revproxy
