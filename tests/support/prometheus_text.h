// A strict reader of Prometheus' text exposition format 0.0.4: its grammar, its rules of order and uniqueness, and what
// histograms must hold. Stricter than a scraper in this: each metric has HELP and TYPE, and counters end in _total.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proxytest {

using PrometheusLabels = std::map<std::string, std::string>;

struct PrometheusSample {
  std::string name;
  PrometheusLabels labels;
  double value = 0;
};

struct PrometheusText {
  std::vector<std::string> problems;  // none: all is well
  std::map<std::string, std::string> types;
  std::vector<PrometheusSample> samples;

  // All samples of that name that have these labels, and maybe more.
  std::vector<PrometheusSample> find(const std::string& name, const PrometheusLabels& labels = {}) const;
  // Their values, added up.
  double sum(const std::string& name, const PrometheusLabels& labels = {}) const;
};

PrometheusText readPrometheus(std::string_view text);

}  // namespace proxytest
