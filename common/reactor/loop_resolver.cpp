// Names and services for tasks on an event loop.
#include "common/reactor/loop_resolver.h"

#include <optional>
#include <utility>

#include "common/net/ares_resolver.h"
#include "common/reactor/loop_waiter.h"

namespace proxycommon {
namespace {

// `ask` is given whom to tell. That one may be told when the task has gone.
template <class Answer, class Ask>
Task<Answer> answered(boost::asio::io_context& context, Ask ask) {
  LoopWaiter waiter(context);
  const auto answer = std::make_shared<std::optional<Answer>>();
  ask([answer, wake = waiter.wake()](Answer told) {
    answer->emplace(std::move(told));
    wake();
  });
  while (!answer->has_value()) co_await waiter.sleepUntil(Clock::time_point::max());
  co_return std::move(**answer);
}

}  // namespace

LoopResolver::LoopResolver(LoopServices loop, std::unique_ptr<Resolver> resolver)
    : loop_(loop), resolver_(std::move(resolver)) {}
LoopResolver::~LoopResolver() = default;

Result<std::unique_ptr<LoopResolver>> LoopResolver::make(LoopServices loop, const std::string& nameServers) {
  auto resolver = makeAresResolver(loop.context, nameServers);
  if (!resolver) return std::move(resolver.error());
  return std::unique_ptr<LoopResolver>(new LoopResolver(loop, std::move(*resolver)));
}

Task<NameAnswer> LoopResolver::addresses(std::string host) {
  return answered<NameAnswer>(loop_.context, [this, host = std::move(host)](std::function<void(NameAnswer)> tell) {
    resolver_->resolve(host, std::move(tell));
  });
}

Task<ServiceAnswer> LoopResolver::services(std::string name) {
  return answered<ServiceAnswer>(loop_.context,
                                 [this, name = std::move(name)](std::function<void(ServiceAnswer)> tell) {
                                   resolver_->resolveService(name, std::move(tell));
                                 });
}

}  // namespace proxycommon
