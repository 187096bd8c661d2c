// Dials TCP connections through libcurl (CONNECT_ONLY) on an event loop, one address each, or through a parent proxy.
// The address is judged by the guard before its socket exists. What comes out is a plain descriptor; names, TLS and
// HTTP are not this file's affair.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address_guard.h"
#include "common/net/resolver.h"

namespace boost::asio {
class io_context;
}

namespace proxycommon {

struct PROXYCOMMON_API Destination {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;

  // As it stands in a URL: IPv6 in brackets.
  std::string toString() const;
};

// Once in the parent, before any child or thread: curl's own set-up is not thread-safe.
PROXYCOMMON_API Outcome prepareDialer();

struct ParentProxy;

struct DialPlan {
  Destination destination;  // without a parent its host is for messages alone
  const AddressGuard& guard;
  IpAddress address;  // the destination's, or the parent's
  milliseconds limit;
  const ParentProxy* parent = nullptr;  // through which a tunnel to the destination is opened; outlives the dial
};
using PendingSocket = Pending<Result<FileDescriptor>>;

// On the thread of its loop.
class Dialer {
 public:
  virtual ~Dialer() = default;

  // Tells `answer`, perhaps at once, with a descriptor that is non-blocking, close-on-exec, with TCP_NODELAY. When
  // nobody else holds `answer` any more, or it has been told by others, the dial is of no use, and may be given up with
  // giveUp(). Errors: kRefused, kUnreachable, kConnectTimeout, kAddressRefused (by the guard), kParentRefused,
  // kInternal.
  virtual void dial(DialPlan plan, std::shared_ptr<PendingSocket> answer) = 0;
  virtual void giveUp(const PendingSocket& answer) = 0;
};

Result<std::unique_ptr<Dialer>> makeCurlDialer(boost::asio::io_context& context);

}  // namespace proxycommon
