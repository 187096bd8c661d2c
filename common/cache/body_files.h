// BodyFiles: larger bodies, each a file of its own that has a number for a name, in 256 folders. A file is there before
// the index tells of it, and goes after the index has forgotten it: what a crash leaves is a file that nobody knows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/cache/body_checks.h"
#include "common/cache/incoming_body.h"

namespace proxycommon {

// A body that has become a file of the store.
struct KeptBody {
  std::uint64_t number = 0;
  std::uint64_t checksum = 0;
  std::uint64_t stamp = 0;  // 0: not known
};

// Any thread, any process. Errors are kInternal.
class BodyFiles {
 public:
  // `folder` has bodies/ and work/.
  explicit BodyFiles(std::string folder);

  // Makes the folders that are missing.
  Outcome makeFolders() const;
  // The body in a file of the store. An incoming file is taken over.
  Result<KeptBody> keep(IncomingBody& body) const;
  // nullopt: it is not there, or is not of that size.
  std::optional<BodyFile> open(std::uint64_t number, std::uint64_t bytes) const;
  void remove(std::uint64_t number) const;
  // Removes those of which `isKnown` says no, and which have been there for a while: somebody may be about to tell.
  void sweep(const std::function<bool(std::uint64_t)>& isKnown, bool evenNew) const;

  const std::string& workFolder() const { return work_; }

 private:
  std::string pathOf(std::uint64_t number) const;

  std::string bodies_;
  std::string work_;
};

// What a file of that many bytes takes, in bytes.
std::uint64_t roomOfFile(std::uint64_t bytes);

}  // namespace proxycommon
