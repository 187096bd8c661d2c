// The head of a request as HTTP/2 carries it (RFC 9113 8.3.1). What could not stand in HTTP is refused here, as
// appendRequestHead does for HTTP/1.1.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/head_limits.h"
#include "common/http/request_head.h"

namespace proxycommon {

struct H2Field {
  std::string name;  // in lower case
  std::string value;

  bool operator==(const H2Field&) const = default;
};
using H2Fields = std::vector<H2Field>;

struct H2Request {
  H2Fields fields;  // the pseudo-header fields first
  BodyFraming framing;
  HeadLimits responseLimits = {};  // of each head of its response

  bool hasBody() const {
    return framing.kind == BodyFraming::Kind::kChunked ||
           (framing.kind == BodyFraming::Kind::kLength && framing.length > 0);
  }
};

// `scheme` is "http" or "https". Host becomes :authority; fields of one connection alone are left out, but for a TE
// that takes trailers. Error kRequestRefused.
PROXYCOMMON_API Result<H2Request> makeH2Request(const RequestHead& head, std::string_view scheme);

// What follows a body. Fields that may not stand there are left out (RFC 9110 6.5.1).
H2Fields makeH2Trailers(const HeaderFields& fields);

}  // namespace proxycommon
