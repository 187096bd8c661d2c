// LmdbFolder: the folder of an LMDB store: whose it is, whether what lies in it may be believed, and what is done with
// it when not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/cache/body_files.h"

namespace proxycommon {

// One thread at a time. Errors are kInternal.
class LmdbFolder {
 public:
  explicit LmdbFolder(std::string path) : path_(std::move(path)), bodies_(path_) {}

  // In the parent: there is such a folder, which that user alone may enter, or, where the parent is not root's, the
  // parent's user. Names in /dev/shm can be
  // guessed: one that is somebody else's, or a link, is refused.
  Outcome make(uid_t user, gid_t group) const;
  // Bytes that there would be for it, what it takes now included; 0: not known.
  std::uint64_t available() const;

  // As that user. What was written before the machine began anew is whole only if it was closed in good order.
  bool isBelievable() const;
  Outcome noteOpen() const;
  // Once nobody has it open any more: brings the index to the disk first. What bodies are not there yet when the
  // machine goes down are found out by their checksums.
  Outcome noteClosed() const;
  // With all that is in it.
  Outcome remove() const;
  // The file is *.damaged from now on, in place of an earlier one; bodies are removed.
  Outcome setAside() const;
  Outcome clear() const;

  // Any process. While it is held, nobody else opens the files, or puts others in their place: LMDB's two files must
  // not be those of different times. Waits for it.
  FileDescriptor held() const;

  const std::string& path() const { return path_; }
  const BodyFiles& bodies() const { return bodies_; }
  std::uint64_t indexBytes() const;

 private:
  std::string dataFile() const { return path_ + "/data.mdb"; }
  std::string lockFile() const { return path_ + "/lock.mdb"; }
  std::string stateFile() const { return path_ + "/state"; }

  std::string path_;
  BodyFiles bodies_;
};

}  // namespace proxycommon
