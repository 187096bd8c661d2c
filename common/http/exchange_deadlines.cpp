// Whose time is running in an exchange.
#include "common/http/exchange_deadlines.h"

#include <algorithm>

namespace proxycommon {
namespace {

// How long a client has to send is its body's affair, which is asked this often even if nothing comes.
constexpr milliseconds kClientCheck{1000};

}  // namespace

void ExchangeDeadlines::clientIsBehind(bool isBehind) {
  if (isBehind == clientBehindSince_.has_value()) return;
  if (isBehind) {
    clientBehindSince_ = Clock::now();
  } else {
    clientBehindSince_.reset();
    received();  // it was not the backend that was silent
  }
}

ExchangeDeadlines::Due ExchangeDeadlines::due(Phase phase) {
  const Due due = dueAlone(phase);
  return limits_.end < due.at ? Due{limits_.end, ErrorKind::kTotalTimeout} : due;
}

ExchangeDeadlines::Due ExchangeDeadlines::dueAlone(Phase phase) {
  if (clientBehindSince_) return {*clientBehindSince_ + limits_.client, ErrorKind::kClientTimeout};
  switch (phase) {
    case Phase::kClientSends:
      return {Clock::now() + kClientCheck, ErrorKind::kClientTimeout};
    case Phase::kReceiving:
      // While the request was still going out, the backend was not silent but listening.
      return {std::max(lastReceived_, lastSent_) + limits_.idle, ErrorKind::kIdleTimeout};
    case Phase::kSending:
      return {lastSent_ + limits_.send, ErrorKind::kSendTimeout};
    case Phase::kAwaitingContinue:
      if (!continue_) continue_ = Clock::now() + limits_.expect;
      return {*continue_, ErrorKind::kFirstByteTimeout};
    case Phase::kAwaitingHead:
      break;
  }
  // For the head as a whole: a backend must not win time by sending it a byte at a time.
  if (!head_) head_ = Clock::now() + limits_.firstByte;
  return {*head_, ErrorKind::kFirstByteTimeout};
}

Error ExchangeDeadlines::tooLate(ErrorKind kind) const {
  const auto told = [kind](std::string_view what, milliseconds limit) {
    return failure(kind, std::string{what} + std::to_string(limit.count()) + " ms");
  };
  switch (kind) {
    case ErrorKind::kFirstByteTimeout:
      return told("no response head within ", limits_.firstByte);
    case ErrorKind::kSendTimeout:
      return told("no progress in sending for ", limits_.send);
    case ErrorKind::kClientTimeout:
      return told("the client has taken nothing for ", limits_.client);
    case ErrorKind::kTotalTimeout:
      return told("the response was not complete within ", limits_.total);
    default:
      return told("nothing came for ", limits_.idle);
  }
}

}  // namespace proxycommon
