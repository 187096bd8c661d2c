// What the log says of members that come and go.
#include "mod_revproxy/member_log.h"

APLOG_USE_MODULE(revproxy);

namespace revproxy {

void logEjection(request_rec& request, const Balancer& balancer, const Endpoint& endpoint, EjectionChange change,
                 const std::string& last) {
  const std::string where = "balancer " + balancer.name + ", member " + endpoint.name;
  if (change == EjectionChange::kReturned) {
    ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, &request, "%s: it is back", where.c_str());
    return;
  }
  ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, &request,
                "%s: ejected for %ld ms, while there are others; then one request tries it (the last failure: %s)",
                where.c_str(), static_cast<long>(balancer.settings.ejection.base.count()), last.c_str());
}

}  // namespace revproxy
