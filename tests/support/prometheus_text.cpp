// See prometheus_text.h.
#include "tests/support/prometheus_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>

#include "tests/support/json_text.h"

namespace proxytest {
namespace {

// What stands for one metric: a histogram's _bucket, _sum and _count for the histogram.
std::string familyOf(const std::string& name, const std::map<std::string, std::string>& types) {
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const auto found = types.find(name.substr(0, name.size() - suffix.size()));
    if (found != types.end() && found->second == "histogram") return found->first;
  }
  return name;
}

std::string labelsText(const PrometheusLabels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) text += name + "=" + value + "\x01";
  return text;
}

// "{a="b",…}" and what is behind it; the grammar has it that the last label may have a comma too.
class LabelReader {
 public:
  explicit LabelReader(std::string_view text) : text_(text) {}

  PrometheusLabels read() {
    PrometheusLabels labels;
    ++place_;
    while (!take('}')) {
      const std::string name = readName();
      if (!labels.emplace(name, readValue()).second) throw std::runtime_error("label " + name + " twice");
      if (!take(',') && peek() != '}') throw std::runtime_error("no comma between labels");
    }
    return labels;
  }
  std::string_view rest() const { return text_.substr(place_); }

 private:
  char peek() const { return place_ < text_.size() ? text_[place_] : '\0'; }
  bool take(char character) {
    if (place_ == text_.size()) throw std::runtime_error("labels without an end");
    if (text_[place_] != character) return false;
    ++place_;
    return true;
  }

  std::string readName() {
    static const std::regex kName("[a-zA-Z_][a-zA-Z0-9_]*");
    const std::size_t end = text_.find('=', place_);
    if (end == std::string_view::npos) throw std::runtime_error("a label without a value");
    std::string name(text_.substr(place_, end - place_));
    if (!std::regex_match(name, kName)) throw std::runtime_error("label name " + name);
    place_ = end + 1;
    return name;
  }

  std::string readValue() {
    if (!take('"')) throw std::runtime_error("a label value without quotes");
    std::string value;
    while (!take('"')) {
      if (!take('\\'))
        value += text_[place_++];
      else if (take('n'))
        value += '\n';
      else if (peek() == '"' || peek() == '\\')
        value += text_[place_++];
      else
        throw std::runtime_error("an escape that there is not");
    }
    return value;
  }

  std::string_view text_;
  std::size_t place_ = 0;
};

std::optional<double> readNumber(const std::string& text) {
  static const std::regex kNumber("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?");
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (!std::regex_match(text, kNumber)) return std::nullopt;
  return std::stod(text);
}

class Reader {
 public:
  PrometheusText read(std::string_view text) {
    if (!isUtf8(text)) complain("", "not UTF-8");
    if (!text.empty() && !text.ends_with('\n')) complain("", "the last line does not end");
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string line(text.substr(0, end));
      try {
        readLine(line);
      } catch (const std::runtime_error& error) {
        complain(line, error.what());
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (const auto& [name, type] : result_.types)
      if (type == "histogram") checkHistogram(name);
    return result_;
  }

 private:
  void complain(const std::string& line, const std::string& what) { result_.problems.push_back(what + ": " + line); }

  void readLine(const std::string& line) {
    static const std::regex kMeta("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)");
    std::smatch match;
    if (line.empty()) return;
    if (line[0] != '#') return readSample(line);
    if (!std::regex_match(line, match, kMeta)) throw std::runtime_error("a comment that says neither HELP nor TYPE");
    if (match[1] == "HELP")
      readHelp(match[2], match[3]);
    else
      readType(match[2], match[3]);
  }

  void readHelp(const std::string& name, const std::string& help) {
    static const std::regex kHelp("([^\\\\]|\\\\\\\\|\\\\n)+");
    if (!std::regex_match(help, kHelp)) throw std::runtime_error("HELP");
    if (!helped_.insert(name).second) throw std::runtime_error("a second HELP");
    enter(name);
  }

  void readType(const std::string& name, const std::string& type) {
    static const std::set<std::string> kTypes{"counter", "gauge", "histogram", "summary", "untyped"};
    if (!kTypes.contains(type)) throw std::runtime_error("TYPE");
    if (sampled_.contains(name)) throw std::runtime_error("TYPE behind samples");
    if (!result_.types.emplace(name, type).second) throw std::runtime_error("a second TYPE");
    if (type == "counter" && !name.ends_with("_total")) throw std::runtime_error("a counter that is no _total");
    enter(name);
  }

  // All lines of a metric are one group.
  void enter(const std::string& family) {
    if (family == current_) return;
    if (!entered_.insert(family).second) throw std::runtime_error("lines of one metric are not together");
    current_ = family;
  }

  void readSample(const std::string& line) {
    static const std::regex kName("[a-zA-Z_:][a-zA-Z0-9_:]*");
    static const std::regex kBehind(" ([^ ]+)( -?[0-9]+)?");
    PrometheusSample sample;
    sample.name = line.substr(0, line.find_first_of("{ "));
    if (!std::regex_match(sample.name, kName)) throw std::runtime_error("metric name");
    std::string rest = line.substr(sample.name.size());
    if (rest.starts_with('{')) {
      LabelReader labels{rest};
      sample.labels = labels.read();
      rest = std::string(labels.rest());
    }
    std::smatch match;
    if (!std::regex_match(rest, match, kBehind)) throw std::runtime_error("no value");
    const auto value = readNumber(match[1]);
    if (!value) throw std::runtime_error("value");
    sample.value = *value;
    add(std::move(sample));
  }

  void add(PrometheusSample sample) {
    const std::string family = familyOf(sample.name, result_.types);
    sampled_.insert(family);
    if (!result_.types.contains(family) || !helped_.contains(family)) throw std::runtime_error("without TYPE or HELP");
    enter(family);
    const std::string& type = result_.types[family];
    if (type == "histogram" && family == sample.name) throw std::runtime_error("a plain sample of a histogram");
    if (type != "gauge" && !(sample.value >= 0)) throw std::runtime_error("a counter below zero");
    if (!series_.insert(sample.name + "\x01" + labelsText(sample.labels)).second)
      throw std::runtime_error("a series that was there already");
    result_.samples.push_back(std::move(sample));
  }

  struct Buckets {
    std::vector<std::pair<double, double>> counts;  // upper bound and value, as they come
    std::optional<double> sum;
    std::optional<double> count;
  };

  std::map<std::string, Buckets> histogramsOf(const std::string& name) {
    std::map<std::string, Buckets> histograms;
    for (const PrometheusSample& sample : result_.samples) {
      if (familyOf(sample.name, result_.types) != name) continue;
      PrometheusLabels labels = sample.labels;
      const auto bound = labels.extract("le");
      Buckets& buckets = histograms[labelsText(labels)];
      if (sample.name == name + "_sum") buckets.sum = sample.value;
      if (sample.name == name + "_count") buckets.count = sample.value;
      if (sample.name != name + "_bucket") continue;
      const auto number = bound ? readNumber(bound.mapped()) : std::nullopt;
      if (number)
        buckets.counts.emplace_back(*number, sample.value);
      else
        complain(name, "a bucket without a bound");
    }
    return histograms;
  }

  void checkHistogram(const std::string& name) {
    for (const auto& [labels, buckets] : histogramsOf(name)) {
      if (!buckets.sum || !buckets.count || buckets.counts.empty()) {
        complain(name, "a histogram that is not whole");
        continue;
      }
      for (std::size_t index = 1; index < buckets.counts.size(); ++index) {
        if (!(buckets.counts[index].first > buckets.counts[index - 1].first)) complain(name, "bounds out of order");
        if (buckets.counts[index].second < buckets.counts[index - 1].second) complain(name, "buckets do not add up");
      }
      if (!std::isinf(buckets.counts.back().first)) complain(name, "no bucket +Inf at the end");
      if (buckets.counts.back().second != *buckets.count) complain(name, "_count is not that of +Inf");
    }
  }

  PrometheusText result_;
  std::set<std::string> helped_;
  std::set<std::string> sampled_;
  std::set<std::string> entered_;
  std::set<std::string> series_;
  std::string current_;
};

}  // namespace

std::vector<PrometheusSample> PrometheusText::find(const std::string& name, const PrometheusLabels& labels) const {
  std::vector<PrometheusSample> found;
  for (const PrometheusSample& sample : samples) {
    bool matches = sample.name == name;
    for (const auto& [label, value] : labels) {
      const auto has = sample.labels.find(label);
      matches = matches && has != sample.labels.end() && has->second == value;
    }
    if (matches) found.push_back(sample);
  }
  return found;
}

double PrometheusText::sum(const std::string& name, const PrometheusLabels& labels) const {
  double sum = 0;
  for (const PrometheusSample& sample : find(name, labels)) sum += sample.value;
  return sum;
}

PrometheusText readPrometheus(std::string_view text) {
  return Reader().read(text);
}

}  // namespace proxytest
