// The file with the key that signs session cookies: written by an administrator, or made by us once and kept. Whoever
// can read it can bind sessions to any endpoint. Pure: knows files, and nothing of httpd. By one thread at a time; by
// any number of processes.
#pragma once

#include <string>

#include "common/base/result.h"

namespace revproxy {

using proxycommon::Result;

// At least so many bytes make a key.
inline constexpr std::size_t kLeastKeySize = 32;

enum class KeyFileLink { kFollowed, kRefused };  // where the name is a symbolic link

// All bytes of the file, a newline at its end included. It must be a regular file with 32 bytes to 64 kB, of root or of
// the user of this process, that others cannot read and its group cannot write. Error kInternal, with a detail that
// says what to do.
Result<std::string> readKeyFile(const std::string& path, KeyFileLink link = KeyFileLink::kFollowed);

// 32 random bytes of the kernel's. Throws std::system_error where it gives none.
std::string makeKey();

enum class KeyFileState {
  kKept,
  kCannotBeMade,  // nothing is there, and nothing can be written
  kBad,           // what is there is no key, or none to trust
};

struct KeptKeyFile {
  KeyFileState state;
  std::string key;      // where it is kept
  std::string problem;  // where it is not: why, and without a full stop
};

// The key in the file; where there is no such file, one with `key` is made, mode 0600. It appears whole or not at all,
// and of several that make one at a time the first counts, for all of them. A symbolic link in its place is kBad.
KeptKeyFile keepKeyFile(const std::string& path, const std::string& key);

}  // namespace revproxy
