// See tunnel_swarm.h.
#include "tests/integration/support/tunnel_swarm.h"

#include <charconv>

#include "tests/integration/support/loop_connection.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

TlsContext contextFor(const TunnelOpening& opening) {
  return opening.tls ? makeTlsClientContext() : nullptr;
}

}  // namespace

TunnelOpening connectThrough(int proxyPort, const std::string& authority) {
  return {proxyPort, "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n"};
}

TunnelOpening upgradeThrough(int proxyPort, const std::string& target) {
  return {proxyPort,
          "GET " + target +
              " HTTP/1.1\r\nHost: proxytest\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
          101};
}

class TunnelSwarm::Tunnel : public LoopConnection {
 public:
  Tunnel(TunnelSwarm& swarm, Descriptor socket, const TlsContext& tls)
      : LoopConnection(swarm.loop_, std::move(socket), tls, AsyncSocket::Side::kClient), swarm_(swarm) {}

  bool established() const { return established_ && open(); }

  void ping(const std::string& text) {
    expected_ = text;
    send(text);
  }

 private:
  void opened() override { send(swarm_.opening_.head); }

  void received(std::string_view bytes) override {
    if (established_) return compare(bytes);
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string behind = head_.substr(end + 4);
    const int status = statusOf(head_);
    head_ = {};
    established_ = status == swarm_.opening_.status;
    swarm_.answered(status);
    if (!established_) return close();
    if (!behind.empty()) compare(behind);
  }

  void ended(bool) override {
    swarm_.lost(established_, !expected_.empty());
    close();
  }

  static int statusOf(std::string_view head) {
    int status = 0;
    if (head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, status);
    return status;
  }

  void compare(std::string_view bytes) {
    const std::size_t count = std::min(bytes.size(), expected_.size());
    right_ = right_ && count == bytes.size() && std::string_view(expected_).substr(0, count) == bytes;
    if (expected_.empty()) return;
    expected_.erase(0, count);
    if (!expected_.empty()) return;
    expected_ = {};
    swarm_.echoed(right_);
  }

  TunnelSwarm& swarm_;
  bool established_ = false;
  bool right_ = true;  // until anything else comes than what was sent
  std::string head_;
  std::string expected_;  // what is still to come back
};

TunnelSwarm::TunnelSwarm(TunnelOpening opening) : opening_(std::move(opening)), tls_(contextFor(opening_)) {}

TunnelSwarm::~TunnelSwarm() {
  loop_.stop();
}

int TunnelSwarm::open(int count, std::chrono::milliseconds limit) {
  loop_.call([this, count] {
    toBegin_ += count;
    unanswered_ += count;
    for (int index = 0; index < opening_.atOnce; ++index) openNext();
  });
  waitUntil([this] { return unanswered_ == 0; }, limit);
  return open_;
}

void TunnelSwarm::openNext() {
  if (toBegin_ == 0) return;
  --toBegin_;
  const auto tls = std::static_pointer_cast<SSL_CTX>(tls_);
  auto tunnel = std::make_unique<Tunnel>(*this, beginConnectingTo(opening_.proxyPort), tls);
  if (!tunnel->open()) loop_.post([this] { lost(false, false); });
  tunnels_.push_back(std::move(tunnel));
}

void TunnelSwarm::answered(int status) {
  if (status == opening_.status) {
    ++open_;
  } else {
    ++refusals_[status];
  }
  --unanswered_;
  loop_.post([this] { openNext(); });
}

void TunnelSwarm::lost(bool wasOpen, bool wasPinged) {
  if (!wasOpen) return answered(0);
  --open_;
  ++closedByOther_;
  if (wasPinged) --pinged_;
}

void TunnelSwarm::echoed(bool right) {
  if (right) ++right_;
  --pinged_;
}

int TunnelSwarm::pingAll(std::chrono::milliseconds limit) {
  loop_.call([this] {
    right_ = 0;
    pinged_ = 0;
    ++round_;
    for (std::size_t index = 0; index < tunnels_.size(); ++index) {
      if (!tunnels_[index]->established()) continue;
      ++pinged_;
      tunnels_[index]->ping("round " + std::to_string(round_) + " through tunnel " + std::to_string(index) + "\n");
    }
  });
  waitUntil([this] { return pinged_ == 0; }, limit);
  return right_;
}

std::map<int, int> TunnelSwarm::refusals() {
  return loop_.call([this] { return refusals_; });
}

std::string TunnelSwarm::report() {
  std::string text = std::to_string(open_) + " open, " + std::to_string(unanswered_) + " unanswered, " +
                     std::to_string(closedByOther_) + " closed by the other side";
  for (const auto& [status, count] : refusals()) {
    text += ", " + std::to_string(count) + " with status " + std::to_string(status);
  }
  return text;
}

void TunnelSwarm::closeAll() {
  loop_.call([this] {
    toBegin_ = 0;
    unanswered_ = 0;
    open_ = 0;
    tunnels_.clear();
  });
}

}  // namespace proxytest
