// What stands under a key of the LMDB store, and how it is read when it may be damaged: a head with a checksum over all
// the rest and the key, hashes of the tags, the URL, the record, and a small body. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/cache/digest.h"

namespace proxycommon {

struct LmdbValue {
  std::int64_t began = 0;     // milliseconds of the calendar, as WallTime has them
  std::int64_t useUntil = 0;  // the same
  std::uint64_t file = 0;     // the number of the file that has the body; 0: it is in here
  std::uint64_t bodyOffset = 0;
  std::uint64_t bodyLength = 0;
  std::uint64_t bodyChecksum = 0;   // checksumOfBody(), where it is in a file
  std::vector<std::uint64_t> tags;  // tagHash() of each
  std::string_view url;
  std::string_view record;
  std::string_view body;  // where file is 0
};

std::uint64_t tagHash(std::string_view tag);

std::string writtenValue(const Digest& key, const LmdbValue& value);
// Views are of `bytes`. nullopt: these bytes are not what was written under that key.
std::optional<LmdbValue> readValue(const Digest& key, std::string_view bytes);

// What is to be cleared away when an entry has gone: its file.
struct LmdbGone {
  std::uint64_t file = 0;       // its number; 0: there is none
  std::uint64_t fileBytes = 0;  // that it takes

  // Of a value that is not checked, for it is thrown away.
  static LmdbGone of(std::string_view value);
};
// Milliseconds of the calendar after which it is of no use, unchecked; 0 where the bytes are too few.
std::int64_t useOfValue(std::string_view bytes);

}  // namespace proxycommon
