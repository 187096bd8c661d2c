// The session of a request.
#include "mod_revproxy/request_session.h"

#include "common/base/text.h"
#include "common/httpd/request_io.h"

namespace revproxy {

Session sessionOf(const request_rec& request, const Balancer& balancer, const Endpoints& endpoints) {
  const StickySettings& settings = balancer.settings.sticky;
  if (!settings.any()) return {};
  SessionCarrier carrier;
  for (const proxycommon::HeaderField& field : proxycommon::requestFields(request))
    if (proxycommon::equalsIgnoringCase(field.name, "Cookie")) carrier.cookieFields.push_back(field.value);
  const std::string_view target = request.unparsed_uri ? request.unparsed_uri : "";
  carrier.path = target.substr(0, target.find('?'));
  carrier.query = request.args ? request.args : "";
  return findSession(carrier, settings, endpoints);
}

void bindSession(request_rec& request, const Balancer& balancer, const Session& session, const Endpoint& answered,
                 proxycommon::ResponseHead& head) {
  const StickySettings& settings = balancer.settings.sticky;
  if (!settings.cookie.isSet() || session.endpoint == &answered) return;
  const char* const scheme = ap_http_scheme(&request);
  const std::string cookie = stickyCookie(settings, answered, std::string_view(scheme) == "https");
  head.fields.push_back({"Set-Cookie", {apr_pstrmemdup(request.pool, cookie.data(), cookie.size()), cookie.size()}});
}

}  // namespace revproxy
