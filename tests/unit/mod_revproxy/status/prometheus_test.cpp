// What is shown to Prometheus follows its format, whatever members are called, and says what the snapshot says.
#include "mod_revproxy/status/prometheus.h"

#include <boost/test/unit_test.hpp>

#include "mod_revproxy/status/exposition.h"
#include "mod_revproxy/status/value_text.h"
#include "tests/support/prometheus_text.h"
#include "tests/unit/support/status_sample.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(status_prometheus)

namespace {

PrometheusText readGood(const StatusSnapshot& snapshot) {
  const std::string text = toPrometheus(snapshot);
  PrometheusText read = readPrometheus(text);
  for (const std::string& problem : read.problems) BOOST_ERROR(problem);
  return read;
}

const PrometheusLabels kFirst{{"balancer", "app"}, {"member", "http://10.0.0.1:8080"}};

PrometheusLabels with(PrometheusLabels labels, const std::string& name, const std::string& value) {
  labels[name] = value;
  return labels;
}

const std::string kGauge = "# HELP g Text.\n# TYPE g gauge\n";
const std::string kHistogram = "# HELP h Text.\n# TYPE h histogram\n";

}  // namespace

// Of the reader that the other cases rely on.
BOOST_AUTO_TEST_CASE(what_breaks_the_format_is_told) {
  const std::vector<std::string> good{
      "",
      kGauge + "g 1\n",
      kGauge + "g{a=\"b\",c=\"\\\\\\\"\\n\xc3\xa4\"} -1.5e3\n",
      kGauge + "g{a=\"b\",} 1 1395066363000\ng{a=\"c\"} NaN\n\n",
      kHistogram + "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
  };
  for (const std::string& text : good) BOOST_TEST(readPrometheus(text).problems.empty(), text);
  const std::vector<std::string> bad{
      "g 1\n",                                                          // without TYPE
      "# TYPE g gauge\ng 1\n",                                          // without HELP
      "# HELP g Text.\ng 1\n# TYPE g gauge\n",                          // TYPE too late
      kGauge + kGauge,                                                  // twice
      kGauge + "g 1",                                                   // no end of the line
      kGauge + "g 1\ng 2\n",                                            // the same series
      kGauge + "g{a=\"b\",c=\"d\"} 1\ng{c=\"d\",a=\"b\"} 2\n",          // likewise
      kGauge + "g{a=\"b\",a=\"c\"} 1\n",                                // a label twice
      kGauge + "g{1a=\"b\"} 1\n",                                       // name of a label
      kGauge + "g{a=\"b\"c=\"d\"} 1\n",                                 // no comma
      kGauge + "g{a=\"\\t\"} 1\n",                                      // no such escape
      kGauge + "g{a=\"b} 1\n",                                          // no end of the value
      kGauge + "g{a=\"\xff\"} 1\n",                                     // not UTF-8
      kGauge + "g\n",                                                   // no value
      kGauge + "g 0x1\n",                                               // no number
      kGauge + "g  1\n",                                                // two blanks
      kGauge + "g 1 2 3\n",                                             // too much
      "# HELP 1g Text.\n",                                              // name
      "# TYPE g thing\n",                                               // type
      "# HELP g \\t\n",                                                 // escape in HELP
      "# HELP c Text.\n# TYPE c counter\nc 1\n",                        // name of a counter
      "# HELP c_total T\n# TYPE c_total counter\nc_total -1\n",         // below zero
      kGauge + "g 1\n# HELP f T\n# TYPE f gauge\nf 1\ng{a=\"b\"} 1\n",  // apart
      kHistogram + "h 1\n",                                             // no histogram
      kHistogram + "h_bucket{le=\"+Inf\"} 2\nh_sum 3\n",                // no count
      kHistogram + "h_bucket{le=\"+Inf\"} 2\nh_count 2\n",              // no sum
      kHistogram + "h_bucket{le=\"0.5\"} 2\nh_sum 3\nh_count 2\n",      // no +Inf
      kHistogram + "h_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 3\n",
      kHistogram + "h_bucket 2\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
      kHistogram + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
      kHistogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n",
  };
  for (const std::string& text : bad) BOOST_TEST(!readPrometheus(text).problems.empty(), text);
}

BOOST_AUTO_TEST_CASE(a_snapshot_says_all_it_has) {
  const PrometheusText text = readGood(sampleSnapshot());
  const PrometheusLabels app{{"balancer", "app"}};
  BOOST_TEST(text.find("revproxy_build_info", {{"version", "0.1.0"}}).size() == 1u);
  BOOST_TEST(text.sum("revproxy_children") == 2);
  BOOST_TEST(text.sum("revproxy_tunnels") == 7);
  BOOST_TEST(text.sum("revproxy_parked") == 3);
  BOOST_TEST(text.sum("revproxy_idle_connections") == 7);
  BOOST_TEST(text.sum("revproxy_requests_total", app) == 95);
  BOOST_TEST(text.sum("revproxy_answers_total", with(app, "code", "2xx")) == 90);
  BOOST_TEST(text.sum("revproxy_retries_total", app) == 5);
  BOOST_TEST(text.sum("revproxy_in_flight", app) == 3);
  BOOST_TEST(text.sum("revproxy_member_requests_total", app) == 200);
  BOOST_TEST(text.sum("revproxy_member_responses_total", with(kFirst, "code", "none")) == 7);
  BOOST_TEST(text.sum("revproxy_member_errors_total", with(kFirst, "kind", "closed-early")) == 2);
  BOOST_TEST(text.sum("revproxy_member_weight", kFirst) == 0.75);
  BOOST_TEST(text.sum("revproxy_member_up", kFirst) == 0);
  BOOST_TEST(text.sum("revproxy_member_up", app) == 1);
  BOOST_TEST(text.find("revproxy_member_state", with(kFirst, "state", "ejected")).size() == 1u);
  BOOST_TEST(text.sum("revproxy_member_sent_bytes_total", kFirst) == 12'345);
  BOOST_TEST(text.sum("revproxy_member_checks_total", kFirst) == 12);
  BOOST_TEST(text.types.at("revproxy_member_latency_seconds") == "histogram");
  BOOST_TEST(text.sum("revproxy_member_latency_seconds_bucket", with(kFirst, "le", "0.0005")) == 40);
  BOOST_TEST(text.sum("revproxy_member_latency_seconds_bucket", with(kFirst, "le", "60")) == 90);
  BOOST_TEST(text.sum("revproxy_member_latency_seconds_count", kFirst) == 93);
  BOOST_TEST(text.sum("revproxy_member_latency_seconds_sum", kFirst) == 190.500001);
}

BOOST_AUTO_TEST_CASE(hostile_names_are_labels_all_the_same) {
  const PrometheusText text = readGood(sampleSnapshot());
  // As in JSON, but that of control characters the line feed alone stays.
  const std::string one{kReplacement};
  std::string expected = "a\"b\\c\nd" + one + "e" + one + one;
  expected += kHostileText.substr(kHostileText.find('\x7f') + 1);
  BOOST_TEST(text.find("revproxy_member_up", {{"member", expected}}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(there_are_no_series_of_what_has_not_happened) {
  const PrometheusText text = readGood(sampleSnapshot());
  BOOST_TEST(text.find("revproxy_member_errors_total", kFirst).size() == 2u);
  BOOST_TEST(text.find("revproxy_member_limit").size() == 1u);
  BOOST_TEST(text.find("revproxy_limit").empty());
  BOOST_TEST(text.find("revproxy_member_checks_total").size() == 1u);
  BOOST_TEST(text.find("revproxy_queue_wait_seconds_count").empty());
  BOOST_TEST(!text.types.contains("revproxy_queue_wait_seconds"));
  StatusSnapshot snapshot = sampleSnapshot();
  snapshot.balancers[0].hasQueue = true;
  BOOST_TEST(readGood(snapshot).find("revproxy_queue_wait_seconds_count").size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_cache_and_its_stores_say_all_they_have) {
  const PrometheusText text = readGood(sampleSnapshot());
  const PrometheusLabels app{{"balancer", "app"}, {"mapping", "/app"}};
  BOOST_TEST(text.sum("revproxy_cache_hits_total", app) == 60);
  BOOST_TEST(text.sum("revproxy_cache_misses_total", app) == 20);
  BOOST_TEST(text.sum("revproxy_cache_stale_total", app) == 4);
  BOOST_TEST(text.sum("revproxy_cache_revalidated_total", app) == 3);
  BOOST_TEST(text.sum("revproxy_cache_collapsed_total", app) == 2);
  BOOST_TEST(text.sum("revproxy_cache_passes_total", app) == 1);
  BOOST_TEST(text.sum("revproxy_cache_stored_total", app) == 19);
  BOOST_TEST(text.sum("revproxy_cache_stored_bytes_total", app) == 18'446'744'073'709'551'615.0);
  BOOST_TEST(text.sum("revproxy_cache_hits_total", {{"balancer", "app"}}) == 61);
  const PrometheusLabels memory{{"store", "memory"}, {"kind", "lmdb"}};
  BOOST_TEST(text.sum("revproxy_cache_store_entries", memory) == 7);
  BOOST_TEST(text.sum("revproxy_cache_store_bytes", memory) == 8'000);
  BOOST_TEST(text.sum("revproxy_cache_store_limit_bytes", memory) == 268'435'456);
  BOOST_TEST(text.sum("revproxy_cache_store_evictions_total", memory) == 5);
  BOOST_TEST(text.sum("revproxy_cache_store_failures_total", {{"kind", "socache"}}) == 9);
  for (const char* unknown : {"entries", "bytes", "limit_bytes", "evictions_total"})
    BOOST_TEST(text.find(std::string{"revproxy_cache_store_"} + unknown).size() == 1u, unknown);
}

// Two vhosts may map one path to one balancer.
BOOST_AUTO_TEST_CASE(mappings_of_one_path_are_told_apart) {
  StatusSnapshot snapshot = sampleSnapshot();
  snapshot.balancers[0].caches[1].prefix = "/app";
  const PrometheusText text = readGood(snapshot);
  BOOST_TEST(text.sum("revproxy_cache_hits_total", {{"mapping", "/app (site.conf:7)"}}) == 60);
  BOOST_TEST(text.sum("revproxy_cache_hits_total", {{"mapping", "/app (site.conf:8)"}}) == 1);
}

BOOST_AUTO_TEST_CASE(where_there_is_no_cache_there_are_no_series_of_it) {
  StatusSnapshot snapshot = sampleSnapshot();
  snapshot.balancers[0].caches.clear();
  snapshot.stores.clear();
  for (const auto& [name, type] : readGood(snapshot).types) BOOST_TEST(!name.starts_with("revproxy_cache"), name);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_nothing_is_well_formed) {
  const PrometheusText text = readGood({});
  BOOST_TEST(text.sum("revproxy_children") == 0);
  BOOST_TEST(text.find("revproxy_requests_total").empty());
}

BOOST_AUTO_TEST_CASE(balancers_of_one_name_are_told_apart) {
  StatusSnapshot snapshot = sampleSnapshot();
  snapshot.balancers.push_back(snapshot.balancers[0]);
  snapshot.balancers.push_back(snapshot.balancers[0]);
  snapshot.balancers[1].definedAt = "other.conf:9";
  snapshot.balancers.push_back(snapshot.balancers[0]);
  snapshot.balancers[3].name = "alone";
  const PrometheusText text = readGood(snapshot);
  for (const char* name : {"app (site.conf:3)", "app (other.conf:9)", "app (site.conf:3) #2", "alone"})
    BOOST_TEST(text.find("revproxy_requests_total", {{"balancer", name}}).size() == 1u, name);
}

BOOST_AUTO_TEST_CASE(names_are_distinct_whatever_they_were) {
  const std::vector<std::string> names = distinctNames({"a", "a", "a", "a (x)", "a (x) #2"}, {"x", "x", "y", "z", "z"});
  const std::vector<std::string> expected{"a (x)", "a (x) #2", "a (y)", "a (x) #3", "a (x) #2 #2"};
  BOOST_TEST(names == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
