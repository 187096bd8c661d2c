// LoopResolver: names and services, for tasks of the proxy's own on an event loop. Nothing is kept: who asks decides
// how long an answer holds.
#pragma once

#include <memory>
#include <string>

#include "common/base/export.h"
#include "common/base/task.h"
#include "common/net/connector.h"
#include "common/net/resolver.h"

namespace proxycommon {

// On the thread of its loop. It outlives the tasks that it gives.
class PROXYCOMMON_API LoopResolver {
 public:
  // `nameServers` as readNameServers() gives them; empty: the system's. Error kInternal.
  static Result<std::unique_ptr<LoopResolver>> make(LoopServices loop, const std::string& nameServers);
  ~LoopResolver();

  Task<NameAnswer> addresses(std::string host);
  Task<ServiceAnswer> services(std::string name);

 private:
  LoopResolver(LoopServices loop, std::unique_ptr<Resolver> resolver);

  const LoopServices loop_;
  std::unique_ptr<Resolver> resolver_;
};

}  // namespace proxycommon
