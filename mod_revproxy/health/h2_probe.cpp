// What a member answers over HTTP/2, on a connection of the probe's own.
#include <algorithm>

#include "common/http/h2_exchange.h"
#include "common/http/h2_pool.h"
#include "common/http/h2_request.h"
#include "common/reactor/loop_waiter.h"
#include "mod_revproxy/health/probe_answer.h"

namespace revproxy {

using proxycommon::Clock;

namespace {

proxycommon::Task<Outcome> ask(proxycommon::LoopServices loop, const ProbeQuestion& question, Clock::time_point begun,
                               ProbeAnswer& answer) {
  auto request = makeH2Request(probeHead(question), question.connect.tls ? "https" : "http");
  if (!request) co_return std::move(request.error());
  proxycommon::H2PeerPlan peer{question.connect, milliseconds{0}, 1};
  // A dial that takes too long ends before the whole does, for its error tells more.
  peer.connect.limit = std::min(peer.connect.limit, question.check->limit() * 9 / 10);
  proxycommon::H2ExchangePlan plan{{}, probeLimits(*question.check, begun), question.check->limit()};
  proxycommon::H2Pool pool({loop});
  NoBody body;
  proxycommon::LoopWaiter waiter(loop.context);
  auto stream = pool.open(proxycommon::PeerKey{"health"}, std::move(peer), std::move(*request), waiter.wake());
  const auto end = co_await runH2Exchange(std::move(stream), std::move(plan), body, answer, waiter);
  co_return end ? Outcome{} : Outcome{end.error()};
}

}  // namespace

proxycommon::Task<ProbeResult> probeHttp2(proxycommon::LoopServices loop, ProbeQuestion question) {
  const auto begun = Clock::now();
  ProbeAnswer answer;
  const Outcome exchanged = co_await ask(loop, question, begun, answer);
  co_return answer.judged(*question.check, exchanged, begun);
}

}  // namespace revproxy
