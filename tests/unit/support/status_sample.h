// A snapshot of one balancer with two members, for tests of how snapshots are shown.
#pragma once

#include "mod_revproxy/status/snapshot.h"

namespace proxytest {

inline constexpr std::string_view kHostileName = "a\"b\\c\nd\te\x01\x7f\xff\xc0\xaf\xed\xa0\x80\xc3\xa4\xe2\x82";
// The same as text, where everything that text may hold stays.
inline constexpr std::string_view kHostileText =
    "a\"b\\c\nd\te\x01\x7f\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd";

inline revproxy::MemberStatus sampleMember(std::string_view name) {
  using namespace revproxy;
  MemberStatus member;
  member.name = name;
  member.url = "http://10.0.0.1:8080";
  member.route = "a";
  member.weight = 150;
  member.effectiveWeight = 75;
  member.role = MemberRole::kSpare;
  member.condition = Condition::kEjected;
  member.why = "5 failures in a row, again in 1.2 s";
  member.since = WallTime{milliseconds{1'764'000'000'250}};
  member.inFlight = 3;
  member.limit = 10;
  member.totals.requests = 100;
  member.totals.responses = {7, 0, 90, 1, 1, 1};
  member.totals.errors[static_cast<std::size_t>(proxycommon::ErrorKind::kRefused)] = 5;
  member.totals.errors[static_cast<std::size_t>(proxycommon::ErrorKind::kClosedEarly)] = 2;
  member.totals.sent = 12'345;
  member.totals.received = 18'446'744'073'709'551'615u;
  member.totals.latency.counts.front() = 40;
  member.totals.latency.counts[4] = 50;
  member.totals.latency.counts.back() = 3;
  member.totals.latency.sum = 190'500'001;
  member.health = HealthStatus{WallTime{milliseconds{1'764'000'001'000}}, 200, 12, 2};
  member.ejection = {2, WallTime{milliseconds{1'764'000'002'500}}};
  return member;
}

inline revproxy::StatusSnapshot sampleSnapshot(std::string_view hostile = kHostileName) {
  using namespace revproxy;
  StatusSnapshot snapshot{
      WallTime{milliseconds{1'764'000'001'234}}, "0.1.0", {{10, 2, 3, 6, true}, {11, 5, 0, 1, false}}, {}, {}};
  BalancerStatus balancer;
  balancer.name = "app";
  balancer.definedAt = "site.conf:3";
  balancer.method = "byrequests";
  balancer.totals.requests = 95;
  balancer.totals.answers = {1, 0, 90, 1, 1, 2};
  balancer.totals.retries = 5;
  balancer.inFlight = 3;
  balancer.members = {sampleMember("http://10.0.0.1:8080"), sampleMember(hostile)};
  balancer.members[1].health.reset();
  balancer.members[1].limit = 0;
  balancer.members[1].condition = Condition::kOk;
  balancer.members[1].why.clear();
  balancer.members[1].since.reset();
  balancer.caches = {{"/app", "site.conf:7", {60, 20, 4, 3, 2, 1, 19, 18'446'744'073'709'551'615u}},
                     {std::string{hostile}, "site.conf:8", {1, 0, 0, 0, 0, 0, 0, 0}}};
  snapshot.balancers.push_back(balancer);
  snapshot.stores = {{"memory", "lmdb", {7, 8'000, 268'435'456, 5, 0}},
                     {std::string{hostile}, "socache", {0, 0, 0, 0, 9, false}}};
  return snapshot;
}

}  // namespace proxytest
