// Reading the text of an HTTP message head as it went over the wire: no more than tests ask of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxytest {

using HeaderList = std::vector<std::pair<std::string, std::string>>;  // in order, repeated ones too

std::string firstLine(std::string_view head);
HeaderList parseHeaders(std::string_view head);  // the lines after the first one

std::vector<std::string> headerValues(const HeaderList& headers, std::string_view name);
// The one value; nothing when there is none. Values of repeated headers are joined by ", ".
std::optional<std::string> headerValue(const HeaderList& headers, std::string_view name);

bool equalsIgnoringCase(std::string_view left, std::string_view right);

}  // namespace proxytest
