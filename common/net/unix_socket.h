// Connections to Unix sockets of this machine. The kernel makes them at once or not at all, so this is connect(2):
// libcurl takes a full queue for a connection under way, and waits for a descriptor that never changes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"

namespace proxycommon {

// Whether a socket can stand there: absolute, and no longer than an address takes. Error kInternal, fit for configtest.
PROXYCOMMON_API Outcome checkSocketPath(std::string_view path);

// "unix:/path", for logs.
PROXYCOMMON_API std::string socketName(std::string_view path);

// A descriptor that is non-blocking and close-on-exec; nullopt: whoever listens has its queue full, try again. Any
// thread. Errors: kRefused, kPermissionDenied, kUnreachable, kInternal. Precondition: checkSocketPath().
std::optional<Result<FileDescriptor>> dialSocket(const std::string& path);

}  // namespace proxycommon
