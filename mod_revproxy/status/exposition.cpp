// Text in Prometheus' exposition format.
#include "mod_revproxy/status/exposition.h"

#include <map>
#include <set>

#include "mod_revproxy/status/value_text.h"

namespace revproxy {
namespace {

void numberRepeated(std::vector<std::string>& names) {
  std::set<std::string> taken;
  for (std::string& name : names) {
    const std::string wanted = name;
    for (int number = 2; !taken.insert(name).second; ++number) name = wanted + " #" + std::to_string(number);
  }
}

}  // namespace

std::string label(std::string_view name, std::string_view value) {
  std::string text{name};
  text += "=\"";
  for (const char character : validUtf8(value)) {
    const auto code = static_cast<unsigned char>(character);
    if (character == '\n')
      text += "\\n";
    else if (code < 0x20 || code == 0x7f)
      text += kReplacement;
    else if (character == '"' || character == '\\')
      text.append("\\").append(1, character);
    else
      text += character;
  }
  return text + '"';
}

std::vector<std::string> distinctNames(std::vector<std::string> names, const std::vector<std::string>& apart) {
  std::map<std::string, int> counts;
  for (const std::string& name : names) ++counts[name];
  for (std::size_t index = 0; index < names.size(); ++index)
    if (counts[names[index]] > 1) names[index] += " (" + apart[index] + ")";
  numberRepeated(names);
  return names;
}

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  type_ = type;
  help_ = help;
  isShown_ = false;
}

void Exposition::sample(std::string_view suffix, std::string_view labels, std::string_view value) {
  if (!isShown_) {
    text_.append("# HELP ").append(name_).append(" ").append(help_).append("\n");
    text_.append("# TYPE ").append(name_).append(" ").append(type_).append("\n");
    isShown_ = true;
  }
  text_.append(name_).append(suffix);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ").append(value).append("\n");
}

void Exposition::histogram(const std::string& labels, const HistogramValues& values) {
  const std::string before = labels.empty() ? "" : labels + ",";
  std::uint64_t upTo = 0;
  for (std::size_t place = 0; place < values.counts.size(); ++place) {
    upTo += values.counts[place];
    const bool isLast = place == Histogram::kBounds.size();
    const std::string bound = isLast ? "+Inf" : secondsOf(Histogram::kBounds[place]);
    sample("_bucket", before + label("le", bound), std::to_string(upTo));
  }
  sample("_sum", labels, secondsOf(values.sum));
  sample("_count", labels, std::to_string(upTo));
}

}  // namespace revproxy
