// Whether a connection can be made, with TLS where the member has it.
#include <algorithm>

#include "common/reactor/loop_task.h"
#include "mod_revproxy/health/probe.h"

namespace revproxy {

proxycommon::Task<ProbeResult> probeTcp(proxycommon::LoopServices loop, ProbeQuestion question) {
  const auto begun = proxycommon::Clock::now();
  question.connect.limit = std::min(question.connect.limit, question.check->limit());
  const auto connected = co_await proxycommon::connectOn(loop, std::move(question.connect));
  ProbeResult result;
  if (!connected) result.outcome = connected.error();
  result.latency = std::chrono::duration_cast<std::chrono::microseconds>(proxycommon::Clock::now() - begun);
  co_return result;
}

}  // namespace revproxy
