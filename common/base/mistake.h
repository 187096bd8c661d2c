// What is wrong in a configuration, as an Error for whoever reads configtest.
#pragma once

#include <string>
#include <utility>

#include "common/base/result.h"

namespace proxycommon {

inline Error mistake(std::string detail) {
  return failure(ErrorKind::kInternal, std::move(detail));
}

}  // namespace proxycommon
