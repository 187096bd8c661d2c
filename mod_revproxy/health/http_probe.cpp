// What a member answers over HTTP/1.1, on a connection of the probe's own.
#include <algorithm>

#include "common/reactor/loop_task.h"
#include "common/reactor/loop_waiter.h"
#include "mod_revproxy/health/probe_answer.h"

namespace revproxy {

using proxycommon::Clock;

namespace {

proxycommon::Task<Outcome> ask(proxycommon::LoopServices loop, const ProbeQuestion& question, Clock::time_point begun,
                               ProbeAnswer& answer) {
  proxycommon::ConnectPlan connect = question.connect;
  connect.limit = std::min(connect.limit, question.check->limit());
  const bool isHead = question.check->method == HealthCheck::Method::kHead;
  proxycommon::ExchangePlan plan{{}, {}, isHead, {}, probeLimits(*question.check, begun)};
  if (auto written = appendRequestHead(probeHead(question), plan.headBytes); !written) co_return written;
  const auto connected = co_await proxycommon::connectOn(loop, std::move(connect));
  if (!connected) co_return connected.error();
  NoBody body;
  proxycommon::LoopWaiter waiter(loop.context);
  const auto end = co_await runExchange(*connected->connection, std::move(plan), body, answer, waiter);
  co_return end ? Outcome{} : Outcome{end.error()};
}

}  // namespace

proxycommon::Task<ProbeResult> probeHttp(proxycommon::LoopServices loop, ProbeQuestion question) {
  const auto begun = Clock::now();
  ProbeAnswer answer;
  const Outcome exchanged = co_await ask(loop, question, begun, answer);
  co_return answer.judged(*question.check, exchanged, begun);
}

}  // namespace revproxy
