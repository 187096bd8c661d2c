// What ends here of a request that may go no further: RFC 9110 7.6.2, as both modules need it.
#pragma once

#include <optional>

#include "common/base/export.h"
#include "common/http/headers.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

// Answers a TRACE or OPTIONS whose Max-Forwards is zero, as httpd answers its own, and says with what status; nullopt
// where the request goes on.
PROXYCOMMON_API std::optional<int> answerAtLastHop(request_rec& request);

// Lowers the Max-Forwards of a TRACE or OPTIONS among the fields that go on. The value lives in the request's pool.
PROXYCOMMON_API void lowerMaxForwards(request_rec& request, HeaderFields& fields);

}  // namespace proxycommon
