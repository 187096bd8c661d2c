// Exposition: text in Prometheus' exposition format 0.0.4, family by family; it escapes, and lays histograms out. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

// `name="value"`. Any bytes: what is not UTF-8, and control characters other than a line feed, become U+FFFD.
std::string label(std::string_view name, std::string_view value);

// The names, those that are there more than once with what tells them apart, in the same order: `apart` where that
// does, else a number.
std::vector<std::string> distinctNames(std::vector<std::string> names, const std::vector<std::string>& apart);

class Exposition {
 public:
  // What follows are samples of that one; each family once. It shows from its first sample on. The views must live
  // until then.
  void family(std::string_view name, std::string_view type, std::string_view help);
  // `labels`: by label(), with commas; may be empty. `value`: as decimal() writes it.
  void sample(std::string_view labels, std::string_view value) { sample("", labels, value); }
  void sample(std::string_view labels, std::uint64_t value) { sample(labels, std::to_string(value)); }
  // In seconds.
  void histogram(const std::string& labels, const HistogramValues& values);

  const std::string& text() const { return text_; }

 private:
  void sample(std::string_view suffix, std::string_view labels, std::string_view value);

  std::string text_;
  std::string name_;
  std::string_view type_;
  std::string_view help_;
  bool isShown_ = false;
};

}  // namespace revproxy
