// RelayResponse: where the response of a backend goes, as those see it who bring it: the client's side of it may be the
// client alone, or the client and the cache.
#pragma once

#include "common/base/export.h"
#include "common/http/body.h"

namespace proxycommon {

class PROXYCOMMON_API RelayResponse : public ResponseSink {
 public:
  // Whether bytes have left for the client: then the response can only be finished or broken off.
  virtual bool hasStarted() const = 0;
  virtual bool hasHead() const = 0;
  // Ends a response that is whole. Precondition: !keepsBack().
  virtual Outcome finish() = 0;
  // Ends one that is not, so that the client can see it: no last chunk, or short of Content-Length.
  virtual void breakOff() = 0;
  // Takes back a head that was set, so that an error page can be made. Precondition: !hasStarted().
  virtual void withdraw() = 0;
};

}  // namespace proxycommon
