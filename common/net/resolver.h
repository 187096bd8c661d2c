// Resolver: names to addresses by c-ares on an event loop, so that a name server that does not answer holds no thread.
// It reads what the system's resolver reads: /etc/hosts and /etc/resolv.conf, unless servers of its own are named.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/ip_address.h"

namespace proxycommon {

class EventLoop;

// "HOST:PORT[,HOST:PORT…]" with addresses as hosts, as c-ares takes it. Error kInternal, fit for configtest.
PROXYCOMMON_API Result<std::string> readNameServers(std::span<const std::string> words);

using Addresses = std::vector<IpAddress>;
// The answer to one question; whoever asked may tell it itself, to stop waiting.
using PendingAddresses = Pending<Result<Addresses>>;

// On the thread of its loop.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Tells `answer`, in a turn of the loop of its own, in the order in which the addresses should be tried. An address
  // is its own answer. Error kUnresolvable.
  virtual void resolve(const std::string& host, std::shared_ptr<PendingAddresses> answer) = 0;
};

}  // namespace proxycommon
