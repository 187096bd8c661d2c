// The handler "revproxy-status".
#include "mod_revproxy/status_handler.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/httpd/cache_stores.h"
#include "common/httpd/child.h"
#include "mod_revproxy/mapping_counters.h"
#include "mod_revproxy/server_balancer.h"
#include "mod_revproxy/status/json.h"
#include "mod_revproxy/status/prometheus.h"
#include "mod_revproxy/status/take_snapshot.h"

namespace revproxy {

namespace {

// The ways to show a snapshot. To add one: a row.
struct Form {
  std::string_view query;
  const char* contentType;
  std::string (*write)(const StatusSnapshot&);
};
constexpr Form kForms[] = {{"json", "application/json", &toJson}, {"prometheus", kPrometheusType, &toPrometheus}};

const Form* formOf(const request_rec& request) {
  const std::string_view query = request.args ? request.args : "";
  if (query.empty()) return &kForms[0];
  for (const Form& form : kForms)
    if (form.query == query) return &form;
  return nullptr;
}

// What there is, on httpd's own page.
int refuseQuery(request_rec& request) {
  std::string text = "<br />\nThere is";
  for (const Form& form : kForms) text.append(&form == kForms ? " ?" : " and ?").append(form.query);
  text += ".";
  apr_table_setn(request.notes, "error-notes", apr_pstrmemdup(request.pool, text.data(), text.size()));
  apr_table_setn(request.notes, "verbose-error-to", "*");
  return HTTP_BAD_REQUEST;
}

StatusSnapshot takeNow() {
  std::vector<BalancerView> views;
  auto mappings = viewOfMappings(*ap_server_conf);
  for (const ServerBalancer* balancer : allServerBalancers(*ap_server_conf))
    views.push_back(viewOf(balancer->balancer, std::move(mappings[balancer])));
  // Made before any child was.
  proxycommon::SharedState& shared = *proxycommon::sharedState();
  std::vector<StoreStatus> stores;
  for (const proxycommon::StoreSight& store : proxycommon::sightOfStores(*ap_server_conf))
    stores.push_back({store.name, store.kind, store.figures});
  return takeSnapshot(views, shared.children().all(), shared.leader(), Moment::now(), stores);
}

}  // namespace

int showStatus(request_rec* request) {
  if (!request->handler || std::string_view{request->handler} != "revproxy-status") return DECLINED;
  // HEAD is among them: httpd takes it for a GET whose body it leaves out.
  ap_allow_standard_methods(request, REPLACE_ALLOW, M_GET, -1);
  if (request->method_number != M_GET) return HTTP_METHOD_NOT_ALLOWED;
  const Form* form = formOf(*request);
  if (!form) return refuseQuery(*request);
  const std::string text = form->write(takeNow());
  ap_set_content_type(request, form->contentType);
  ap_set_content_length(request, static_cast<apr_off_t>(text.size()));
  apr_table_setn(request->headers_out, "Cache-Control", "no-store");
  apr_table_setn(request->headers_out, "X-Content-Type-Options", "nosniff");
  ap_rwrite(text.data(), static_cast<int>(text.size()), request);
  return OK;
}

}  // namespace revproxy
