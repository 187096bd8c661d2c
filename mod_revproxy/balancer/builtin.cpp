// The methods there are. To add one: write it in a file of its own (a class derived from Method that keeps what it has
// to remember in the states of method.h, and the function that makes it), declare that function in methods.h, and put a
// row here. The contract test and the benchmark run over all rows.
#include "mod_revproxy/balancer/builtin.h"

#include "mod_revproxy/balancer/methods.h"

namespace revproxy {

const proxycommon::Registry<MakeMethod>& builtinMethods() {
  static const proxycommon::Registry<MakeMethod> methods = {
      {"byrequests", &makeByRequests}, {"bytraffic", &makeByTraffic}, {"bybusyness", &makeByBusyness},
      {"leastconn", &makeLeastConn},   {"random2", &makeRandomTwo},   {"ewma", &makePeakEwma},
      {"hash", &makeConsistentHash},
  };
  return methods;
}

}  // namespace revproxy
