// The path of a request as the client has sent it, for backends that must get it so (RevProxyPass nocanon). It goes on
// only where it has one reading, and that is the one that httpd's access rules have judged.
#pragma once

#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"

namespace proxycommon {

// The part of `rawTarget`, in origin-form or absolute-form (RFC 9112 3.2) and with its query, that stands behind the
// first `prefixLength` characters of the path `judged`, which is httpd's, decoded. A view into `rawTarget`, without the
// query. Error kPathRefused: there is a fragment, "//", or a dot segment, encoded or not; or it is not the path judged.
PROXYCOMMON_API Result<std::string_view> rawRemainder(std::string_view rawTarget, std::string_view judged,
                                                      std::size_t prefixLength);

}  // namespace proxycommon
