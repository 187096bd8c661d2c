// BufferedBody: a request's body of which a part is taken in before anything is asked of a backend, so that an upload
// that trickles in holds none.
#pragma once

#include <vector>

#include "common/base/export.h"
#include "common/base/spool.h"
#include "common/base/task.h"
#include "common/http/body.h"
#include "common/http/request_head.h"
#include "common/net/waiter.h"

namespace proxycommon {

// One thread at a time.
class PROXYCOMMON_API BufferedBody final : public RequestBody {
 public:
  // Reads on in `source`, which outlives it.
  explicit BufferedBody(RequestBody& source) : source_(source) {}

  // Takes in up to `limit` bytes, or all there is. Errors: those of the source, kInternal, kClientGone, kTotalTimeout.
  Task<Outcome> fill(std::uint64_t limit, Waiter& waiter, Clock::time_point end = Clock::time_point::max());
  // How the body goes on: with its length where that is known now.
  BodyFraming framing(const BodyFraming& announced) const;

  Result<BodyPiece> next() override;
  bool blocks() const override { return source_.blocks(); }
  HeaderFields trailers() const override { return source_.trailers(); }

 private:
  RequestBody& source_;
  Spool spool_;
  std::vector<char> piece_;  // what next() gave
  bool complete_ = false;
};

}  // namespace proxycommon
