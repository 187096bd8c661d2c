// Signatures: what only the holder of a key can have made. HMAC with SHA-256 (RFC 2104, RFC 6234), written so that it
// may stand in a cookie or a URL as it is. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/base/export.h"

namespace proxycommon {

// base64url without padding (RFC 4648 5, 3.2).
PROXYCOMMON_API std::string base64Url(std::string_view bytes);

// base64Url() of the signature of `text`: 43 characters; each four from the front are 24 bits of it, so that it may be
// cut there (RFC 2104 5). Any key will do, one of 32 bytes or more is as good as they get. Throws std::runtime_error
// where OpenSSL has no SHA-256 or no memory.
PROXYCOMMON_API std::string sign(std::string_view key, std::string_view text);

// SHA-256 (RFC 6234). Throws std::runtime_error where OpenSSL has none or no memory.
PROXYCOMMON_API std::array<unsigned char, 32> sha256(std::string_view text);

// Whether both are the same, in a time that tells nothing of how much of them is.
PROXYCOMMON_API bool isSameSecret(std::string_view left, std::string_view right);

}  // namespace proxycommon
