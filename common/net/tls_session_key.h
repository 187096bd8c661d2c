// What OpenSSL's session callback finds on a connection: where the session belongs. Between tls_context.cpp and
// tls_connection.cpp only.
#pragma once

#include <memory>
#include <string>

#include "common/net/tls_context.h"

namespace proxycommon {

struct TlsSessionKey {
  std::shared_ptr<TlsContext> context;
  std::string peer;
};

}  // namespace proxycommon
