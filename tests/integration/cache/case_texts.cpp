// See case_texts.h.
#include "tests/integration/cache/case_texts.h"

#include <array>
#include <cctype>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <utility>

namespace proxytest::cache {
namespace {

std::string dateOf(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

void replaceAll(std::string& text, std::string_view pattern, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(pattern, at)) != std::string::npos; at += by.size()) {
    text.replace(at, pattern.size(), by);
  }
}

}  // namespace

CaseTexts::CaseTexts(std::string base, std::string authority)
    : base_(std::move(base)), authority_(std::move(authority)), begin_(std::chrono::system_clock::now()) {}

std::string CaseTexts::withDates(const std::string& text) const {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const bool date = text[at] == '@' && at + 1 < text.size() &&
                      (text[at + 1] == '-' || std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0);
    if (!date) {
      result += text[at++];
      continue;
    }
    char* end = nullptr;
    const long seconds = std::strtol(text.c_str() + at + 1, &end, 10);
    result += dateOf(std::chrono::system_clock::to_time_t(begin_) + seconds);
    at = static_cast<std::size_t>(end - text.c_str());
  }
  return result;
}

std::string CaseTexts::filled(const std::string& text) const {
  std::string result = withDates(text);
  replaceAll(result, "{base}", base_);
  replaceAll(result, "{site}", "http://" + authority_);
  return result;
}

Fields CaseTexts::filled(const Fields& fields) const {
  Fields result;
  for (const std::string& field : fields) result.push_back(filled(field));
  return result;
}

Answer CaseTexts::filled(const Answer& answer, std::size_t step) const {
  Answer result = answer;
  result.fields = filled(answer.fields);
  if (!result.body) result.body = "what the origin says to step " + std::to_string(step) + " of " + base_;
  return result;
}

}  // namespace proxytest::cache
