// See http_text.h.
#include "tests/integration/support/http_text.h"

#include <strings.h>

namespace proxytest {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

std::string firstLine(std::string_view head) {
  return std::string(head.substr(0, head.find("\r\n")));
}

HeaderList parseHeaders(std::string_view head) {
  HeaderList headers;
  std::size_t start = head.find('\n');
  while (start != std::string_view::npos && ++start < head.size()) {
    const std::size_t end = head.find('\n', start);
    const std::string_view line = trimmed(head.substr(start, end == std::string_view::npos ? end : end - start));
    const std::size_t colon = line.find(':');
    if (line.empty()) break;
    if (colon != std::string_view::npos) headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    start = end;
  }
  return headers;
}

std::vector<std::string> headerValues(const HeaderList& headers, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : headers) {
    if (equalsIgnoringCase(key, name)) values.push_back(value);
  }
  return values;
}

std::optional<std::string> headerValue(const HeaderList& headers, std::string_view name) {
  std::optional<std::string> result;
  for (const std::string& value : headerValues(headers, name)) result = result ? *result + ", " + value : value;
  return result;
}

bool equalsIgnoringCase(std::string_view left, std::string_view right) {
  return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace proxytest
