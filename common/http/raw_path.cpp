// The path of a request as the client has sent it.
#include "common/http/raw_path.h"

#include <algorithm>
#include <string>

#include "common/base/text.h"
#include "common/http/url.h"

namespace proxycommon {
namespace {

Error refused(std::string_view path, std::string why) {
  return failure(ErrorKind::kPathRefused, "the raw path \"" + printable(path) + "\" " + std::move(why));
}

std::string_view pathOf(std::string_view target) {
  const auto scheme = target.starts_with('/') ? std::string_view::npos : target.find("://");
  if (scheme != std::string_view::npos)
    target.remove_prefix(std::min(target.find_first_of("/?", scheme + 3), target.size()));
  return target.substr(0, target.find('?'));
}

struct Sign {
  char character;
  std::size_t length;  // of its form, plain or encoded
};

// The signs that take part in dot segments, in whichever form; all others are themselves.
Sign firstSign(std::string_view text) {
  struct Form {
    std::string_view encoded;
    char character;
  };
  static constexpr Form kForms[] = {{"%2e", '.'}, {"%2f", '/'}, {"%5c", '/'}, {"%3b", ';'}, {"\\", '/'}};
  for (const Form& form : kForms)
    if (startsWithIgnoringCase(text, form.encoded)) return {form.character, form.encoded.size()};
  return {text.front(), 1};
}

// Who decodes %2F before it takes dot segments off must not find any either; nor who takes ";x" off a segment first.
bool hasDotSegment(std::string_view path) {
  std::size_t dots = 0;
  bool onlyDots = true;
  bool inParameter = false;
  const auto isDotSegment = [&] { return onlyDots && (dots == 1 || dots == 2); };
  while (!path.empty()) {
    const Sign sign = firstSign(path);
    path.remove_prefix(sign.length);
    if (sign.character == '/') {
      if (isDotSegment()) return true;
      dots = 0;
      onlyDots = true;
      inParameter = false;
    } else if (sign.character == ';') {
      inParameter = true;
    } else if (!inParameter) {
      dots += sign.character == '.' ? 1 : 0;
      onlyDots = onlyDots && sign.character == '.';
    }
  }
  return isDotSegment();
}

}  // namespace

Result<std::string_view> rawRemainder(std::string_view rawTarget, std::string_view judged, std::size_t prefixLength) {
  const std::string_view path = pathOf(rawTarget);
  if (rawTarget.find('#') != std::string_view::npos) return refused(rawTarget, "has a fragment");
  if (hasDotSegment(path)) return refused(path, "has a dot segment");
  const auto remainder = encodedRemainder(path, judged, prefixLength);
  // With the character before: the two slashes may stand where prefix and remainder meet.
  const std::size_t taken = remainder ? path.size() - remainder->size() : 0;
  if (path.substr(taken > 0 ? taken - 1 : 0).find("//") != std::string_view::npos) return refused(path, "has \"//\"");
  // The prefix may have matched where its last slash is encoded: then another path would go on.
  const bool takesSlash = judged.substr(0, prefixLength).ends_with('/');
  const bool meetsAtSlash =
      remainder && (takesSlash ? taken > 0 && path[taken - 1] == '/' : remainder->empty() || remainder->front() == '/');
  if (!meetsAtSlash)
    return refused(path, "is not the path that httpd has judged, \"" + printable(judged) +
                             "\": nocanon goes neither with rewritten paths nor with AllowEncodedSlashes On; write "
                             "AllowEncodedSlashes NoDecode");
  return *remainder;
}

}  // namespace proxycommon
