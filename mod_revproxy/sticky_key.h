// The key that signs session cookies: the one that RevProxyStickyKey names, or one that is made at the first start and
// kept. What a key file must be is balancer/key_file's.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/httpd/httpd_api.h"

namespace revproxy {

using proxycommon::Result;

// RevProxyStickyKey FILE; a relative name is below ServerRoot. Read with the configuration, while files that only root
// may read can be read.
Result<std::string> readStickyKey(std::string_view file);

struct StickyKey {
  std::string key;
  std::string warning;  // for the log at start; empty: none
};

// In the parent, in post_config, where a balancer makes cookies and no key is configured; each time the same key. It is
// kept in revproxy-sticky.key in httpd's runtime directory, over graceful and full restarts, and by all httpds that
// share the directory. Where that cannot be written, over graceful ones alone. The error, when httpd starts, is that
// the file is there and is no key to trust: another key made silently would move all sessions.
Result<StickyKey> keptStickyKey(const server_rec& main);

}  // namespace revproxy
