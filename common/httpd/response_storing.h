// ResponseStoring: one response on its way into a store, and to those who follow the request that brings it. That it
// may be stored, and under which key, has been decided.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/export.h"
#include "common/cache/digest.h"
#include "common/cache/incoming_body.h"
#include "common/cache/part_storing.h"
#include "common/cache/stored_response.h"
#include "common/httpd/request_flight.h"
#include "common/httpd/store_access.h"

namespace proxycommon {

struct NewResponse {
  Digest key;
  std::string url;          // the text of the primary key
  StoredResponse response;  // may view what goes before the body has come
  std::vector<std::string> tags;
  WallTime begun;
  WallTime useUntil;
};

// One thread at a time. References outlive it. Ends without a trace unless put() has been called.
class PROXYCOMMON_API ResponseStoring {
 public:
  ResponseStoring(ChildStore& store, RequestFlight& flight, NewResponse what);
  ResponseStoring(const ResponseStoring&) = delete;

  const Digest& key() const { return what_.key; }
  const StoredResponse& response() const { return what_.response; }
  IncomingBody& body() { return *body_; }

  // More has come.
  void grew();
  // The backend pauses: whoever follows sees what has come. Error kInternal: there is no file for it.
  Outcome paused();
  // No more comes. False: it is not all of what its fields tell of, or could not be written.
  bool finish();
  // Behind finish(), once. `done` is told in any thread whether it is in the store. `terms` are for a 206.
  void put(const PartTerms& terms, std::function<void(bool isStored)> done);

 private:
  ChildStore& store_;
  RequestFlight& flight_;
  NewResponse what_;
  std::string record_;
  std::unique_ptr<IncomingBody> body_;
};

}  // namespace proxycommon
