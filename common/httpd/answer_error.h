// The end of a request that failed: logged once, answered once.
#pragma once

#include "common/base/error.h"
#include "common/base/export.h"
#include "common/httpd/request_io.h"

namespace proxycommon {

// Leaves the error's name in a note, %{MODULE-error}n. Logs "METHOD TARGET -> PEER: error" for the module of that
// index, and gives what the handler returns: a status from which httpd makes the error page, or DONE where the response
// had begun and was broken off. `response` may be null.
PROXYCOMMON_API int answerError(request_rec& request, int moduleIndex, const std::string& peer, const Error& error,
                                RelayResponse* response);

}  // namespace proxycommon
