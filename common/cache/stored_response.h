// StoredResponse: a response as the cache keeps it, without its body, and the record that it is in a store. A record is
// bytes from outside: a store may be damaged, or be another machine's. All numbers in it are little-endian.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/cache/cache_control.h"
#include "common/http/headers.h"

namespace proxycommon {

// Which bytes of a whole are stored, when it is not all of them (RFC 9111 3.3).
struct StoredPart {
  std::uint64_t first = 0;                      // offset of the first byte stored; bodyLength tells how many
  std::optional<std::uint64_t> completeLength;  // of the whole, where it is known

  bool operator==(const StoredPart&) const = default;
};

// Views: of a decoded one into the record.
struct StoredResponse {
  int status = 0;
  std::string_view reason;
  int version = 11;              // of HTTP, as the backend spoke it: 10, 11, 20
  HeaderFields fields;           // as storedFields() gives them
  WallTime requestTime;          // when the request was sent (RFC 9111 4.2.3)
  WallTime responseTime;         // when its response's head came
  std::uint64_t bodyLength = 0;  // bytes stored
  std::optional<StoredPart> part;
  std::string_view selection;  // selectionOf() of the request that brought it; empty: no Vary
  bool isAuthorized = false;   // its request had Authorization (RFC 9111 3.5)
  bool isHead = false;         // its request was HEAD: there is no body, whatever Content-Length says
};

// What stands under a resource's own key where its responses have Vary: by which fields they are selected. A new salt
// makes all variants unreachable at once.
struct VaryMarker {
  std::array<unsigned char, 16> salt{};
  std::vector<std::string> names;  // lower case, sorted, each once

  bool operator==(const VaryMarker&) const = default;
};

// The fields that are stored, in their order (RFC 9111 3.1): not those of one hop, not those that Connection names, not
// what is for the proxy alone, and not the fields that no-cache="…" and private="…" name (5.2.2.4, 5.2.2.7).
PROXYCOMMON_API HeaderFields storedFields(std::span<const HeaderField> received, const CacheControl& control);

// What came without a Date has the time it came at in the record (RFC 9110 6.6.1).
PROXYCOMMON_API std::string encodeResponse(const StoredResponse& response);
PROXYCOMMON_API std::string encodeVariants(const VaryMarker& marker);

// nullopt: another version's, damaged, or none. Then it is as if it were not there.
PROXYCOMMON_API std::optional<std::variant<StoredResponse, VaryMarker>> decodeRecord(std::string_view record);

}  // namespace proxycommon
