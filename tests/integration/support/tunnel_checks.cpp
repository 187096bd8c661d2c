// See tunnel_checks.h.
#include "tests/integration/support/tunnel_checks.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

void expectOpen(TunnelSwarm& swarm, int more, std::chrono::milliseconds limit) {
  const int expected = swarm.isOpen() + more;
  const int open = swarm.open(more, limit);
  BOOST_TEST(open == expected, expected << " tunnels were to be open: " << swarm.report());
}

void expectEchoes(TunnelSwarm& swarm, int tunnels, std::chrono::milliseconds limit) {
  const int right = swarm.pingAll(limit);
  BOOST_TEST(right == tunnels, right << " of " << tunnels << " echoes came: " << swarm.report());
}

}  // namespace proxytest
