// The ends of an exchange, for tests: bodies that come from a list or through a socket, a sink that remembers, and a
// peer that does what a script says, in a thread of its own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/http/body.h"
#include "common/http/exchange.h"
#include "tests/unit/support/sockets.h"
#include "tests/unit/support/waiters.h"

namespace proxytest {

using proxycommon::BodyPiece;
using proxycommon::Outcome;
using proxycommon::Result;

// Gives its pieces, then the end, or the error in place of it.
class ListedBody final : public proxycommon::RequestBody {
 public:
  explicit ListedBody(std::vector<std::string> pieces = {}, Outcome end = {})
      : pieces_(std::move(pieces)), end_(std::move(end)) {}

  Result<BodyPiece> next() override;
  bool blocks() const override { return true; }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  Outcome end_;
};

// What comes through a socket, as it comes.
class SocketBody final : public proxycommon::RequestBody {
 public:
  explicit SocketBody(proxycommon::FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  Result<BodyPiece> next() override;
  bool blocks() const override { return false; }
  int descriptor() const { return descriptor_.get(); }

 private:
  proxycommon::FileDescriptor descriptor_;
  std::string bytes_;
};

class RecordingSink final : public proxycommon::ResponseSink {
 public:
  std::vector<int> interims;
  int status = 0;             // of the final head
  int switchStatus = 0;       // of the one that changes the protocol
  bool saidComplete = false;  // head() was told so
  std::string received;       // the body
  std::string trailing;       // "name: value", one a line
  std::vector<std::pair<std::string, std::string>> trailerFields;
  // What the sink does besides, if anything.
  std::function<Outcome()> onHead = [] { return Outcome{}; };
  std::function<Outcome()> onBody = [] { return Outcome{}; };
  std::function<void()> onFlush = [] {};
  std::function<bool()> fullness = [] { return false; };
  std::function<bool()> keeping = [] { return false; };

  std::span<char> readBuffer() override { return buffer_; }
  Outcome interim(const proxycommon::ResponseHead& head) override;
  Outcome head(proxycommon::ResponseHead& head, bool requestIsComplete) override;
  Outcome body(std::span<const char> bytes) override;
  Outcome trailers(const proxycommon::HeaderFields& fields) override;
  Outcome push() override { return {}; }
  Outcome flush() override;
  Outcome switched(proxycommon::ResponseHead& head) override;
  Result<bool> isFull() override { return fullness(); }
  bool keepsBack() const override { return keeping(); }

 private:
  std::vector<char> buffer_ = std::vector<char>(proxycommon::HeadLimits::kMostBytes);
};

// An exchange in the calling thread, which blocks.
Result<proxycommon::ExchangeEnd> exchangeHere(proxycommon::Connection& connection, proxycommon::ExchangePlan plan,
                                              proxycommon::RequestBody& body, proxycommon::ResponseSink& sink,
                                              WatchedClient client = {});

// Runs the script with the peer's end of a connection, which is closed when the script ends. Joins when destroyed.
class ScriptedPeer {
 public:
  using Script = std::function<void(proxycommon::FileDescriptor&)>;
  ScriptedPeer(proxycommon::FileDescriptor end, Script script);

 private:
  proxycommon::FileDescriptor end_;
  std::jthread thread_;
};

}  // namespace proxytest
