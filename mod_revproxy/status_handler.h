// The handler "revproxy-status": what is seen of balancers, for machines. It shows, and changes nothing; who may see it
// is for `Require` to say.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

// handler. ?json, which goes without saying, or ?prometheus; DECLINED for requests of other handlers.
int showStatus(request_rec* request);

}  // namespace revproxy
