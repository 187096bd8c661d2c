// BodyPattern: a regular expression of Perl's kind that the body of a health check's answer is searched for. It looks
// at bytes, and bounds what a search may cost, for what it is given comes from outside.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"

struct pcre2_real_code_8;

namespace revproxy {

// Any thread.
class BodyPattern {
 public:
  // Error kInternal: it is none; says where.
  static proxycommon::Result<std::shared_ptr<const BodyPattern>> compile(std::string_view text);
  ~BodyPattern();
  BodyPattern(const BodyPattern&) = delete;

  const std::string& text() const { return text_; }
  // Error kInternal: the search has cost too much, and nothing is known.
  proxycommon::Result<bool> isIn(std::string_view bytes) const;

 private:
  BodyPattern(std::string_view text, pcre2_real_code_8* code) : text_(text), code_(code) {}

  std::string text_;
  pcre2_real_code_8* code_;
};

}  // namespace revproxy
