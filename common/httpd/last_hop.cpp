// What ends here of a request that may go no further.
#include "common/httpd/last_hop.h"

#include <string>

#include "common/http/max_forwards.h"

namespace proxycommon {
namespace {

MaxForwards maxForwardsOf(const request_rec& request) {
  const char* value = apr_table_get(request.headers_in, "Max-Forwards");
  return readMaxForwards(request.method, value ? value : "");
}

}  // namespace

std::optional<int> answerAtLastHop(request_rec& request) {
  if (!maxForwardsOf(request).isFinal) return std::nullopt;
  // httpd words the answers to its own requests alone.
  request.proxyreq = PROXYREQ_NONE;
  if (request.method_number == M_TRACE) return ap_send_http_trace(&request);
  ap_allow_standard_methods(&request, REPLACE_ALLOW, M_GET, M_POST, M_PUT, M_DELETE, M_PATCH, M_OPTIONS, -1);
  return ap_send_http_options(&request);
}

void lowerMaxForwards(request_rec& request, HeaderFields& fields) {
  const MaxForwards limit = maxForwardsOf(request);
  if (limit.next.empty()) return;
  for (HeaderField& field : fields)
    if (equalsIgnoringCase(field.name, "max-forwards"))
      field.value = {apr_pstrmemdup(request.pool, limit.next.data(), limit.next.size()), limit.next.size()};
}

}  // namespace proxycommon
