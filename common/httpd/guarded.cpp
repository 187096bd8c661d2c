// Where an escaped exception is told.
#include "common/httpd/guarded.h"

#include "common/httpd/httpd_api.h"

namespace proxycommon {

void logEscaped(const char* what) noexcept {
  ap_log_error_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_CRIT, 0, ap_server_conf,
                "proxy: an exception was stopped at the border to httpd: %s; this is a fault of the proxy itself",
                what);
}

}  // namespace proxycommon
