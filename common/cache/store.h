// What a store of the cache is: it keeps records and bodies under keys, and knows nothing of HTTP. Whether what it
// gives is fresh, and for whom, is decided by pure functions elsewhere. The contract test (tests/unit/common/cache/
// store_contract_test.cpp) runs over both that are derived from it: that in LMDB, and that of generations, which makes
// a store of whatever keeps values under keys, such as a socache of httpd's or another module's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/cache/digest.h"
#include "common/cache/incoming_body.h"
#include "common/cache/mapped_bodies.h"

namespace proxycommon {

// What is found: a copy of the record; the body in memory, or as a part of a file. Nobody changes that file any more,
// and it stays readable when the entry is removed meanwhile.
struct FoundEntry {
  std::string record;
  std::string body;                          // where there is no file
  std::shared_ptr<const MappedFile> mapped;  // the file, where it is mapped
  FileDescriptor file;                       // where it is not: open for reading; may be sent with sendfile
  std::uint64_t bodyOffset = 0;              // in the file
  std::uint64_t bodyLength = 0;              // in any case

  // The body where it is in memory, as long as there is the entry.
  std::string_view memory() const {
    return mapped ? mapped->bytes().substr(static_cast<std::size_t>(bodyOffset), static_cast<std::size_t>(bodyLength))
                  : std::string_view(body);
  }
};

// What is put. Views hold for the call.
struct NewEntry {
  std::string_view record;            // the store does not look into it
  std::string_view url;               // the text that prefixes are compared with
  std::span<const std::string> tags;  // by which it can be removed
  WallTime began;                     // of the request whose response it is: what was removed since then stays removed
  WallTime useUntil = WallTime::max();  // of no use afterwards
};

struct StoreFigures {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  // records, bodies and the store's own; of all processes
  std::uint64_t limit = 0;  // 0: not known, or none
  std::uint64_t evictions = 0;
  std::uint64_t failures = 0;
  bool isCounted = true;  // no: entries, bytes and evictions are not known, and zero here
};

// Any thread of one child. Errors are kInternal: the store has failed, and what is wrong; the caller goes on without.
class Store {
 public:
  virtual ~Store() = default;

  // Marks it as used. nullopt: it is not there, or was removed. What is damaged is a miss or an error.
  virtual Result<std::optional<FoundEntry>> find(const Digest& key) = 0;
  // In place of what is there; a whole body or nothing at all. The body may be emptied, and its file taken over. What
  // is too large for the store, or was removed since it began, is not stored: false.
  virtual Result<bool> put(const Digest& key, const NewEntry& entry, IncomingBody& body) = 0;
  // In place of the record `before`, body and all else staying: what a 304 has brought. False: there is none, or
  // another, which has another body.
  virtual Result<bool> update(const Digest& key, std::string_view before, std::string_view record,
                              WallTime useUntil) = 0;
  // Whether it was there. For all children at once, like the two below, and for good: what was begun before is not
  // stored afterwards.
  virtual Result<bool> remove(const Digest& key) = 0;
  virtual Outcome removeTagged(std::string_view tag) = 0;
  virtual Outcome removePrefix(std::string_view urlPrefix) = 0;

  virtual StoreFigures figures() = 0;
  // Whether a call may wait for another machine: then it is not for a worker.
  virtual bool mayBlock() const = 0;
  // The largest body that is worth bringing, in bytes.
  virtual std::uint64_t mostBody() const = 0;
  // With more tags it keeps nothing.
  virtual std::size_t mostTags() const { return SIZE_MAX; }
  // A folder for bodies that are on their way, on the file system where the store would keep them.
  virtual const std::string& workFolder() const = 0;
};

}  // namespace proxycommon
