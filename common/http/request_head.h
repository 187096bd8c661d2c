// The head of a request on its way to a backend, and its bytes. What could split or redirect a request is refused here,
// whoever made it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/http/headers.h"

namespace proxycommon {

// How the length of a request's body is told (RFC 9112 6). The fields for it are written by appendRequestHead alone.
struct BodyFraming {
  enum class Kind { kNone, kLength, kChunked };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;  // of kLength
};

struct RequestHead {
  std::string_view method;
  std::string_view target;
  HeaderFields fields;  // none of Content-Length, Transfer-Encoding
  BodyFraming framing;
};

// Error kRequestRefused: a byte in method, target, name or value that may not stand there. Then `out` is of no use.
PROXYCOMMON_API Outcome appendRequestHead(const RequestHead& head, std::string& out);

}  // namespace proxycommon
