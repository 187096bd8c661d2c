// The probes that come with the module. To add one, write a file that defines it, declare it in probe.h, and add a row.
#include "mod_revproxy/health/probe.h"

namespace revproxy {

const proxycommon::Registry<Probe>& builtinProbes() {
  static const proxycommon::Registry<Probe> kProbes{{"tcp", &probeTcp}, {"http", &probeHttp}, {"h2", &probeHttp2}};
  return kProbes;
}

std::string_view probeName(HealthCheck::Method method, bool speaksHttp2) {
  if (method == HealthCheck::Method::kTcp) return "tcp";
  return speaksHttp2 ? "h2" : "http";
}

}  // namespace revproxy
