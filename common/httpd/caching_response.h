// CachingResponse: the response of a backend on its way to the client, and into the cache where it may go there. What
// is being stored goes on when its client has gone.
#pragma once

#include "common/httpd/relay_response.h"
#include "common/httpd/request_cache.h"
#include "common/httpd/request_io.h"

namespace proxycommon {

class PROXYCOMMON_API CachingResponse final : public RelayResponse {
 public:
  // `edit` sees the head first, and may refuse it. It is for the client alone, as is what the client's own response
  // adds: what came is stored. All references outlive it.
  CachingResponse(ClientResponse& client, RequestCache& cache, RequestWaiter& waiter, ClientResponse::HeadEditor edit);
  ~CachingResponse() override;

  std::span<char> readBuffer() override { return client_.readBuffer(); }
  Outcome interim(const ResponseHead& head) override { return client_.interim(head); }
  Outcome head(ResponseHead& head, bool requestIsComplete) override;
  Outcome body(std::span<const char> bytes) override;
  Outcome trailers(const HeaderFields& fields) override;
  Outcome push() override;
  Outcome flush() override;
  Outcome switched(ResponseHead& head) override;
  Result<bool> isFull() override;
  bool keepsBack() const override { return passes_ && client_.keepsBack(); }

  bool hasStarted() const override { return client_.hasStarted(); }
  bool hasHead() const override { return client_.hasHead(); }
  Outcome finish() override;
  void breakOff() override { client_.breakOff(); }
  void withdraw() override { client_.withdraw(); }

  // The backend's answer was none, and it is to be asked once more: with its fields as RequestCache edits them then.
  bool asksAgain() const { return course_ == RequestCache::Course::kAskAgain; }

 private:
  Outcome told(Outcome outcome);
  void keep(std::span<const char> bytes);
  Outcome placeHeld();

  ClientResponse& client_;
  RequestCache& cache_;
  RequestWaiter& waiter_;
  ClientResponse::HeadEditor edit_;
  RequestCache::Course course_ = RequestCache::Course::kPass;
  bool passes_ = true;      // the body is for the client
  bool hasLength_ = false;  // that it has said before
  bool isLeft_ = false;     // by its client, and goes on for the store
};

}  // namespace proxycommon
