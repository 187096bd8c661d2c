// See exchange_ends.h.
#include "tests/unit/support/exchange_ends.h"

#include <sys/socket.h>

#include <utility>

namespace proxytest {

using State = BodyPiece::State;

Result<BodyPiece> ListedBody::next() {
  if (next_ < pieces_.size()) return BodyPiece{State::kBytes, pieces_[next_++]};
  if (!end_) return end_.error();
  return BodyPiece{};
}

Result<BodyPiece> SocketBody::next() {
  bytes_.resize(64 * 1024);
  const ssize_t count = ::recv(descriptor_.get(), bytes_.data(), bytes_.size(), MSG_DONTWAIT);
  if (count < 0) return BodyPiece{State::kNotYet, {}};
  if (count == 0) return BodyPiece{};
  return BodyPiece{State::kBytes, {bytes_.data(), static_cast<std::size_t>(count)}};
}

Outcome RecordingSink::interim(const proxycommon::ResponseHead& head) {
  interims.push_back(head.status);
  return {};
}

Outcome RecordingSink::head(proxycommon::ResponseHead& head, bool requestIsComplete) {
  status = head.status;
  saidComplete = requestIsComplete;
  return onHead();
}

Outcome RecordingSink::body(std::span<const char> bytes) {
  received.append(bytes.data(), bytes.size());
  return onBody();
}

Outcome RecordingSink::trailers(const proxycommon::HeaderFields& fields) {
  for (const auto& field : fields) trailing.append(field.name).append(": ").append(field.value).append("\n");
  for (const auto& field : fields) trailerFields.emplace_back(field.name, field.value);
  return {};
}

Outcome RecordingSink::flush() {
  onFlush();
  return {};
}

Outcome RecordingSink::switched(proxycommon::ResponseHead& head) {
  switchStatus = head.status;
  return {};
}

Result<proxycommon::ExchangeEnd> exchangeHere(proxycommon::Connection& connection, proxycommon::ExchangePlan plan,
                                              proxycommon::RequestBody& body, proxycommon::ResponseSink& sink,
                                              WatchedClient client) {
  BlockingWaiter waiter(client);
  return finished(proxycommon::runExchange(connection, std::move(plan), body, sink, waiter));
}

ScriptedPeer::ScriptedPeer(proxycommon::FileDescriptor end, Script script)
    : end_(std::move(end)), thread_([this, script = std::move(script)] {
        script(end_);
        const proxycommon::FileDescriptor closed = std::move(end_);
      }) {}

}  // namespace proxytest
