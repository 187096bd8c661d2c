// Vary (RFC 9111 4.1): by which fields of a request its response was selected, and whether another request selects the
// same one. Values are compared after normalisation, so that what means the same finds the same.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/cache/stored_response.h"
#include "common/http/headers.h"

namespace proxycommon {

struct VaryNames {
  bool isAny = false;              // "*": nothing ever matches (RFC 9110 12.5.5)
  std::vector<std::string> names;  // lower case, sorted, each once
};

// All Vary lines of a response.
PROXYCOMMON_API VaryNames varyNames(std::span<const HeaderField> response);

// By which names responses are told apart that have some of them each: those known so far, and those of one more. More
// than 32 are not gathered: then those of the last one alone. As in VaryNames.
PROXYCOMMON_API std::vector<std::string> joinedNames(const std::vector<std::string>& known,
                                                     const std::vector<std::string>& more);

// The value of that field in a request, normalised as far as its meaning surely stays: lines combined with ", ". Of the
// Accept fields also spaces made alike; of Accept-Encoding, -Charset and -Language members lowered, q written in one
// way and the most wanted first, in alphabetical order where order means nothing (not in Accept-Language).
PROXYCOMMON_API std::string normalizedValue(std::span<const HeaderField> request, std::string_view name);

// Names and normalised values, unambiguous; absent and empty differ. Empty for no names.
PROXYCOMMON_API std::string selectionOf(std::span<const std::string> names, std::span<const HeaderField> request);

// Whether the origin selects by those fields as clients send them: `sent` is what went to it for `request`. Where a
// proxy adds to one on the way (X-Forwarded-For, say) the client's own does not tell whose response it is, and it must
// not be stored. Those do not count that the key settles, or that the same value is always added to: Host,
// X-Forwarded-Host, X-Forwarded-Proto, Via.
PROXYCOMMON_API bool selectsAsSent(std::span<const std::string> names, std::span<const HeaderField> request,
                                   std::span<const HeaderField> sent);

// Whether the request selects that stored response (RFC 9111 4.1).
PROXYCOMMON_API bool matches(const StoredResponse& stored, std::span<const HeaderField> request);

}  // namespace proxycommon
