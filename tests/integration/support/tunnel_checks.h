// What tests ask of a swarm of tunnels, with its report for the one that fails. The report is made after the question:
// within one BOOST_TEST it would be made before.
#pragma once

#include "tests/integration/support/tunnel_swarm.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

// Opens that many more; all tunnels must then be open.
void expectOpen(TunnelSwarm& swarm, int more, std::chrono::milliseconds limit = kPatience);

// Each of that many must give back what was sent.
void expectEchoes(TunnelSwarm& swarm, int tunnels, std::chrono::milliseconds limit = kPatience);

}  // namespace proxytest
