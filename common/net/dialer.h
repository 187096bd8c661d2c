// Dials TCP connections through libcurl (CONNECT_ONLY): resolution, happy eyeballs, deadlines. Every address is judged
// by the guard before its socket exists. What comes out is a plain descriptor; TLS and HTTP are not this file's affair.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/net/address_guard.h"

namespace proxycommon {

struct PROXYCOMMON_API Destination {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  // As it stands in a URL: IPv6 in brackets.
  std::string toString() const;
};

// Once in the parent, before any child or thread: curl's own set-up is not thread-safe.
PROXYCOMMON_API Outcome prepareDialer();

// Blocks the calling thread until connected, refused, or `limit` is over. Any thread; nothing is shared between calls.
// The descriptor is non-blocking, close-on-exec, with TCP_NODELAY.
// Errors: kUnresolvable, kRefused, kUnreachable, kConnectTimeout, kAddressRefused (by the guard), kInternal.
PROXYCOMMON_API Result<FileDescriptor> dial(const Destination& destination, const AddressGuard& guard,
                                            milliseconds limit);

}  // namespace proxycommon
