// What the log says of members that come and go.
#include "mod_revproxy/member_log.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {

void logEjection(request_rec& request, const Balancer& balancer, const Endpoint& endpoint, EjectionChange change,
                 const proxycommon::Error* last) {
  const char* const kind = balancer.isPlain ? "backend " : "balancer ";
  const std::string where = balancer.isPlain ? "" : ", member " + endpoint.name;
  if (change == EjectionChange::kReturned) {
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, &request, "%s%s%s: it is back", kind, balancer.name.c_str(),
                  where.c_str());
    return;
  }
  const std::string why = last ? proxycommon::describe(*last) : "it answers what failonstatus names";
  const char* const effect = endpoint.member && balancer.members.size() > 1
                                 ? "ejected: others have its requests until one that tries it goes well"
                                 : "it fails; requests go on trying it, for there is no other";
  ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, &request, "%s%s%s: %s (the last failure: %s)", kind,
                balancer.name.c_str(), where.c_str(), effect, why.c_str());
}

}  // namespace revproxy
