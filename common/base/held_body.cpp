// What a client has not taken yet.
#include "common/base/held_body.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace proxycommon {

void HeldBody::useFile(int descriptor, std::uint64_t offset, std::uint64_t position) {
  FileDescriptor file{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
  if (!file) return;
  file_ = std::move(file);
  bodyOffset_ = offset;
  filePlace_ = position - size();
  fileEnd_ = position;
  spool_ = Spool();
  isInFile_ = true;
}

Outcome HeldBody::append(std::span<const char> bytes, std::uint64_t position) {
  if (!isInFile_) return spool_.append(bytes);
  if (filePlace_ == fileEnd_) filePlace_ = position;
  fileEnd_ = position + bytes.size();
  return {};
}

Result<std::size_t> HeldBody::read(std::span<char> into) {
  if (filePlace_ == fileEnd_) return spool_.read(into);
  const std::size_t most = std::min<std::uint64_t>(into.size(), fileEnd_ - filePlace_);
  ssize_t got;
  do got = ::pread(file_.get(), into.data(), most, static_cast<off_t>(bodyOffset_ + filePlace_));
  while (got < 0 && errno == EINTR);
  if (got <= 0)
    return failure(ErrorKind::kInternal, "a body on its way into the store cannot be read: " +
                                             std::system_category().message(got < 0 ? errno : ENODATA));
  filePlace_ += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

}  // namespace proxycommon
