// Raw paths against the path that has been judged: what goes on is the same path, and nobody can read it otherwise.
#include "common/http/raw_path.h"

#include "common/base/text.h"
#include "common/http/url.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

std::string replaced(std::string text, std::string_view form, std::string_view by) {
  for (std::size_t place = 0; place + form.size() <= text.size(); ++place)
    if (equalsIgnoringCase(std::string_view(text).substr(place, form.size()), form))
      text.replace(place, form.size(), by);
  return text;
}

// Decoded once; where a % begins nothing, as it is.
std::string decoded(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto character = percentDecoded(text.substr(0, 3));
    const bool isEncoded = text.front() == '%' && character && character->size() == 1;
    result.push_back(isEncoded ? character->front() : text.front());
    text.remove_prefix(isEncoded ? 3 : 1);
  }
  return result;
}

// By whoever decodes, takes a backslash for a slash, and parameters off.
bool hasDotSegment(std::string_view path) {
  std::string text = replaced(decoded(path), "\\", "/") + "/";
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('/');
    const std::string_view segment = rest.substr(0, end);
    const std::string_view name = segment.substr(0, segment.find(';'));
    if (name == "." || name == "..") return true;
    rest.remove_prefix(end + 1);
  }
  return false;
}

void requireOneReading(std::string_view target, std::string_view judged) {
  for (std::size_t length = 0; length <= judged.size() + 1; length += 1 + judged.size() / 32) {
    const auto remainder = rawRemainder(target, judged, length);
    if (!remainder) continue;
    REQUIRE(length <= judged.size());
    // httpd may have left encoded slashes as they are, or decoded them.
    REQUIRE(replaced(decoded(*remainder), "%2f", "/") == replaced(std::string{judged.substr(length)}, "%2f", "/"));
    REQUIRE(!hasDotSegment(*remainder));
    REQUIRE(remainder->find("//") == std::string_view::npos &&
            remainder->find_first_of("?#") == std::string_view::npos);
    const bool follows = judged.substr(0, length).ends_with('/');
    REQUIRE(remainder->empty() || remainder->starts_with('/') != follows);
  }
}

}  // namespace

// The raw target is a line, the rest what has been judged; or else the path decoded, as httpd does it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view target = proxytest::nextLine(rest);
  requireOneReading(target, rest);
  const std::string path = decoded(target.substr(0, target.find('?')));
  requireOneReading(target, path);
  requireOneReading("http://a" + std::string{target}, path);
  requireOneReading(target, replaced(path, "//", "/"));
  return 0;
}
