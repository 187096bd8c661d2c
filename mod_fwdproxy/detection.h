// The phases before the handler: which request is for the proxy, and whether its destination is open.
#pragma once

#include "common/http/url.h"
#include "common/httpd/httpd_api.h"
#include "mod_fwdproxy/module.h"

namespace fwdproxy {

// Where a request for the proxy wants to go; in the request's memory.
struct ForwardRequest {
  proxycommon::Authority destination;
  std::uint16_t port = 0;
  std::string target;  // path and query; empty for CONNECT
};

// nullptr: the request is not for the proxy.
inline const ForwardRequest* findForwardRequest(const request_rec& request) {
  return static_cast<const ForwardRequest*>(ap_get_module_config(request.request_config, &fwdproxy_module));
}

// post_read_request: finds requests for the proxy, and refuses closed destinations before any other module, a cache
// among them, can answer.
int detect(request_rec* request);
// pre_translate_name: nobody decodes the URL of such a request.
int keepUrl(request_rec* request);
// translate_name, map_to_storage, type_checker: no mapping, no file system, no file extension for it.
int skipPhase(request_rec* request);

}  // namespace fwdproxy
