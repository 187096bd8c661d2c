// Ranges (RFC 9110 14) as far as a stored part is concerned, and how parts become more (RFC 9111 3.3, 3.4). A range of
// a stored whole is cut out by httpd itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/cache/cache_message.h"
#include "common/cache/stored_response.h"

namespace proxycommon {

// Both ends are in it.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  std::uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

// RFC 9110 14.4, of bytes.
struct ContentRange {
  std::optional<ByteRange> range;               // none: "bytes */N", of a 416
  std::optional<std::uint64_t> completeLength;  // none: "*"

  bool operator==(const ContentRange&) const = default;
};
PROXYCOMMON_API std::optional<ContentRange> parseContentRange(std::string_view text);
PROXYCOMMON_API std::string formatContentRange(const ContentRange& range);

// The one range that a request asks for (RFC 9110 14.2), when its complete length is that. nullopt: no Range, another
// unit than bytes, several ranges, not satisfiable, or it hangs on a length that is not known.
PROXYCOMMON_API std::optional<ByteRange> askedRange(const CacheRequest& request,
                                                    std::optional<std::uint64_t> completeLength);

// The one range that it asks for lies beyond what there is: 416 (RFC 9110 14.1.1, 15.5.17).
PROXYCOMMON_API bool isUnsatisfiable(const CacheRequest& request, std::uint64_t completeLength);

// Whether an If-Range, if there is one, lets Range count (RFC 9110 13.1.5): the same strong ETag, or exactly that
// strong Last-Modified.
PROXYCOMMON_API bool ifRangeHolds(const CacheRequest& request, const StoredResponse& stored);

// What of the whole goes out as a 206 from a stored part: all that is asked for, and the part holds it. nullopt: it
// does not. Precondition: stored.part.
PROXYCOMMON_API std::optional<ByteRange> rangeFromPart(const CacheRequest& request, const StoredResponse& stored);

// The part that a 206 brings (RFC 9110 15.3.7); nullopt: it is no 206, its Content-Range is missing, there more than
// once or no sense, or its parts are several (multipart/byteranges).
PROXYCOMMON_API std::optional<StoredPart> partOf(const CacheResponse& response);

// How many bytes of content a 206 brings, as its Content-Range has it. nullopt where partOf() is.
PROXYCOMMON_API std::optional<std::uint64_t> lengthOfPart(const CacheResponse& response);

// How a stored part and a new one become one body: these pieces one behind the other. Bytes that both have are the new
// one's.
struct Combination {
  struct Piece {
    bool isNew = false;
    std::uint64_t offset = 0;  // in the body it is from
    std::uint64_t length = 0;
    bool operator==(const Piece&) const = default;
  };
  std::vector<Piece> pieces;
  StoredPart part;
  std::uint64_t length = 0;

  // All of it: then it is stored as a 200 without Content-Range.
  bool isWhole() const { return part.first == 0 && part.completeLength == length; }
};
// nullopt: they have not the same strong validator, do not touch, contradict each other, or one is neither a 206 with a
// part nor a whole 200. Preconditions: bodyLength of both.
PROXYCOMMON_API std::optional<Combination> combine(const StoredResponse& stored, const StoredResponse& brought);

// Fields of what combine() has made: the stored ones, updated by the new ones (RFC 9111 3.4, 3.2). What describes the
// bytes of one message (Content-Range, Content-Length, digests of its content) is left out, and of the old exchange its
// Age and Date. Views into both.
PROXYCOMMON_API HeaderFields combinedFields(const StoredResponse& stored, const StoredResponse& brought);

}  // namespace proxycommon
