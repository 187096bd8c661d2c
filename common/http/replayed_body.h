// ReplayedBody: a request's body that can be given once more, because what has been given is kept: in memory, past
// 64 kB in a file, up to a limit. For a request that may have to be sent a second time.
#pragma once

#include <vector>

#include "common/base/export.h"
#include "common/base/spool.h"
#include "common/http/body.h"

namespace proxycommon {

// One thread at a time.
class PROXYCOMMON_API ReplayedBody final : public RequestBody {
 public:
  // Reads on in `source`, which outlives it. `limit` in bytes; 0: nothing is kept.
  ReplayedBody(RequestBody& source, std::uint64_t limit) : source_(source), limit_(limit) {}

  // Whether all that was given has been kept.
  bool canRewind() const { return !isLost_; }
  // next() begins at the beginning again. Precondition: canRewind(). Error kInternal.
  Outcome rewind();

  Result<BodyPiece> next() override;
  bool blocks() const override { return source_.blocks(); }
  HeaderFields trailers() const override { return source_.trailers(); }

 private:
  Outcome keep(std::span<const char> bytes);

  RequestBody& source_;
  const std::uint64_t limit_;
  Spool given_;    // since the beginning
  Spool waiting_;  // to be given once more
  std::vector<char> piece_;
  bool sourceEnded_ = false;
  bool isLost_ = false;  // more was given than may be kept
};

}  // namespace proxycommon
