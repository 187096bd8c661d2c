// What a row's texts become for one case at one time: its own path, the site's name, dates.
#pragma once

#include <chrono>
#include <string>

#include "tests/integration/cache/case.h"

namespace proxytest::cache {

class CaseTexts {
 public:
  CaseTexts(std::string base, std::string authority);

  const std::string& base() const { return base_; }
  const std::string& authority() const { return authority_; }

  std::string filled(const std::string& text) const;
  Fields filled(const Fields& fields) const;
  // Its answer to that step, with a body of its own if it has none.
  Answer filled(const Answer& answer, std::size_t step) const;

 private:
  std::string withDates(const std::string& text) const;

  std::string base_;
  std::string authority_;
  std::chrono::system_clock::time_point begin_;  // which all dates of the case are counted from
};

}  // namespace proxytest::cache
