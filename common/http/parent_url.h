// The URL of a parent proxy, as RevProxyRemote and FwdProxyRemote take it.
#pragma once

#include <memory>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/parent_proxy.h"

namespace proxycommon {

// "http://[USER:PASSWORD@]HOST:PORT", with what may not stand in a URL percent-encoded (RFC 3986 3.2.1), or "None",
// which is nullptr. Error kInternal, fit for configtest: it repeats nothing of the text, for that may hold a password.
PROXYCOMMON_API Result<std::shared_ptr<const ParentProxy>> readParent(std::string_view text);

}  // namespace proxycommon
