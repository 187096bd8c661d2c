// What OpenSSL's callbacks find on a connection, and what they note there. Between common/net/tls_*.cpp only.
#pragma once

#include <memory>
#include <string>

#include "common/net/tls_context.h"

namespace proxycommon {

struct TlsNotes {
  std::shared_ptr<TlsContext> context;
  std::string name;               // what the certificate must be for
  std::string session;            // where the session belongs
  bool certificateAsked = false;  // by the peer, of us
  std::string judged = {};        // what is to be known of the certificate that was not accepted
};

}  // namespace proxycommon
