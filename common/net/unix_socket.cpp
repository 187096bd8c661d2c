// Connections to Unix sockets.
#include "common/net/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/base/text.h"

namespace proxycommon {
namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

Error errorOf(int systemError, const std::string& path) {
  const auto because = [&](ErrorKind kind, std::string_view why) {
    return failure(kind, "no connection to " + socketName(path) + " (" + std::string{why} + ")");
  };
  switch (systemError) {
    case ENOENT:
    case ENOTDIR:
      return because(ErrorKind::kRefused, "there is no such socket");
    case ECONNREFUSED:
      return because(ErrorKind::kRefused, "nobody listens: what is there was left by a process that has gone");
    case EACCES:
    case EPERM:
      return because(ErrorKind::kPermissionDenied, "permission denied");
    default:
      return because(ErrorKind::kUnreachable, std::system_category().message(systemError));
  }
}

}  // namespace

Outcome checkSocketPath(std::string_view path) {
  const auto mistake = [&](std::string_view why) {
    return failure(ErrorKind::kInternal, "the socket's path \"" + printable(path) + "\" " + std::string{why});
  };
  if (!path.starts_with('/')) return mistake("is not absolute: write unix:/PATH");
  if (path.find('\0') != std::string_view::npos) return mistake("has a zero byte");
  if (path.size() > kLongestPath)
    return mistake("has " + std::to_string(path.size()) + " bytes, and the system takes " +
                   std::to_string(kLongestPath) + " at most: choose a shorter one");
  return {};
}

std::string socketName(std::string_view path) {
  return "unix:" + printable(path);
}

std::optional<Result<FileDescriptor>> dialSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), kLongestPath));
  FileDescriptor descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!descriptor) return failure(ErrorKind::kInternal, "no descriptor left for " + socketName(path));
  int result;
  do result = ::connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  while (result != 0 && errno == EINTR);
  if (result == 0) return Result<FileDescriptor>(std::move(descriptor));
  if (errno == EAGAIN) return std::nullopt;
  return errorOf(errno, path);
}

}  // namespace proxycommon
