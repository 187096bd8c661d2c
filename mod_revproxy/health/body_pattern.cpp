// Regular expressions by PCRE2. The only file that includes its header.
#include "mod_revproxy/health/body_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "common/base/text.h"

namespace revproxy {
namespace {

using proxycommon::ErrorKind;
using proxycommon::failure;
using proxycommon::Result;

// Some milliseconds: a loop of the reactor must not be held longer.
constexpr std::uint32_t kMostSteps = 200'000;
constexpr std::uint32_t kMostHeap = 4 * 1024;  // kilobytes

std::string messageOf(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;

}  // namespace

Result<std::shared_ptr<const BodyPattern>> BodyPattern::compile(std::string_view text) {
  int code = 0;
  PCRE2_SIZE place = 0;
  pcre2_code* compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, &code, &place, nullptr);
  if (!compiled)
    return failure(ErrorKind::kInternal, "\"" + proxycommon::printable(text) + "\" is no regular expression: " +
                                             messageOf(code) + ", at byte " + std::to_string(place));
  return std::shared_ptr<const BodyPattern>(new BodyPattern(text, compiled));
}

BodyPattern::~BodyPattern() {
  pcre2_code_free(code_);
}

Result<bool> BodyPattern::isIn(std::string_view bytes) const {
  const MatchData data(pcre2_match_data_create_from_pattern(code_, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  if (!data || !context) return failure(ErrorKind::kInternal, "no memory for a search");
  pcre2_set_match_limit(context.get(), kMostSteps);
  pcre2_set_heap_limit(context.get(), kMostHeap);
  const int found =
      pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(bytes.data()), bytes.size(), 0, 0, data.get(), context.get());
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found >= 0) return true;
  return failure(ErrorKind::kInternal, "the search for \"" + proxycommon::printable(text_) +
                                           "\" ended without a result: " + messageOf(found));
}

}  // namespace revproxy
