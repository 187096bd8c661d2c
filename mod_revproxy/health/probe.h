// Probe: asks a member once whether it is well. What follows from the answers, and when it is asked, is the monitor's
// affair.
#pragma once

#include <chrono>
#include <string>

#include "common/base/registry.h"
#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/connector.h"
#include "mod_revproxy/health/health_check.h"

namespace revproxy {

struct ProbeQuestion {
  proxycommon::ConnectPlan connect;  // its limit is the whole check's, where that is shorter
  std::string host;                  // of the Host field
  std::string target;                // of the request
  const HealthCheck* check;          // outlives the probe
};

struct ProbeResult {
  Outcome outcome;      // done: it is well; else why not
  unsigned status = 0;  // of the answer; 0: none has come
  std::chrono::microseconds latency{0};
};

// On the thread of the loop, with a connection of its own, within check->limit(). To add one, write a file and a row.
using Probe = proxycommon::Task<ProbeResult> (*)(proxycommon::LoopServices loop, ProbeQuestion question);

proxycommon::Task<ProbeResult> probeTcp(proxycommon::LoopServices loop, ProbeQuestion question);
proxycommon::Task<ProbeResult> probeHttp(proxycommon::LoopServices loop, ProbeQuestion question);
proxycommon::Task<ProbeResult> probeHttp2(proxycommon::LoopServices loop, ProbeQuestion question);

// By name: "tcp", "http", "h2".
const proxycommon::Registry<Probe>& builtinProbes();
// What a check of a member asks with; the member speaks HTTP/2 alone, or not.
std::string_view probeName(HealthCheck::Method method, bool speaksHttp2);

}  // namespace revproxy
