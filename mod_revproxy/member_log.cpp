// What the log says of members that come and go.
#include "mod_revproxy/member_log.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {

void logEjection(request_rec& request, const Balancer& balancer, const Endpoint& endpoint, EjectionChange change,
                 const proxycommon::Error* last) {
  const std::string where = "balancer " + balancer.name + ", member " + endpoint.name;
  if (change == EjectionChange::kReturned) {
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, &request, "%s: it is back", where.c_str());
    return;
  }
  const std::string why = last ? proxycommon::describe(*last) : "it answers what failonstatus names";
  ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, &request,
                "%s: ejected: others have its requests until one that tries it goes well (the last failure: %s)",
                where.c_str(), why.c_str());
}

}  // namespace revproxy
