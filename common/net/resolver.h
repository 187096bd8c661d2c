// Resolver: names to addresses by c-ares on an event loop, so that a name server that does not answer holds no thread.
// It reads what the system's resolver reads: /etc/hosts and /etc/resolv.conf, unless servers of its own are named.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/ip_address.h"
#include "common/net/service_records.h"

namespace proxycommon {

class EventLoop;

// "HOST:PORT[,HOST:PORT…]" with addresses as hosts, as c-ares takes it. Error kInternal, fit for configtest.
PROXYCOMMON_API Result<std::string> readNameServers(std::span<const std::string> words);

using Addresses = std::vector<IpAddress>;

// What came of asking for a name.
struct NameAnswer {
  enum class Source {
    kServers,        // or /etc/hosts: it is so, also where it is an error
    kFailedServers,  // none has answered, or they could not: nothing is known
    kNobody,         // it was not asked
  };
  Result<Addresses> addresses;       // in the order in which they should be tried; error kUnresolvable
  std::chrono::seconds lifetime{0};  // the shortest time to live; zero where there is none
  Source source = Source::kServers;
};

// What came of asking for a service.
struct ServiceAnswer {
  Result<std::vector<ServiceRecord>> records;  // in no order; error kUnresolvable
  std::chrono::seconds lifetime{0};
  NameAnswer::Source source = NameAnswer::Source::kServers;
};

// On the thread of its loop.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Calls `tell` once, in a turn of the loop of its own; never when the resolver dies first. An address is its own
  // answer.
  virtual void resolve(const std::string& host, std::function<void(NameAnswer)> tell) = 0;
  // Likewise, of name servers alone: the SRV records of "_http._tcp.example.com" (RFC 2782).
  virtual void resolveService(const std::string& name, std::function<void(ServiceAnswer)> tell) = 0;
};

}  // namespace proxycommon
