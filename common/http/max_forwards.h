// Max-Forwards: how many proxies a TRACE or OPTIONS may still pass (RFC 9110 7.6.2). Pure.
#pragma once

#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

struct MaxForwards {
  bool isFinal = false;  // this proxy answers
  std::string next;      // the value for the next hop; empty: the field goes on as it came, or there is none
};

// `value` is the field's; empty where there is none. With other methods the field means nothing ("A recipient MAY
// ignore a Max-Forwards header field received with any other request methods"), and a value that is not 1*DIGIT is no
// Max-Forwards: both go on as they came. A larger number than we count becomes the largest that we do.
PROXYCOMMON_API MaxForwards readMaxForwards(std::string_view method, std::string_view value);

}  // namespace proxycommon
