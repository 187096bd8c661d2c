// Requests over HTTP/2 to backends.
#include "common/http/h2_pool.h"

#include <utility>

#include "common/http/h2_peer.h"

namespace proxycommon {

H2Pool::H2Pool(std::vector<LoopServices> loops) : loops_(std::move(loops)) {}
H2Pool::~H2Pool() = default;

H2StreamHandle H2Pool::open(const PeerKey& key, H2PeerPlan plan, H2Request request, std::function<void()> wake) {
  const auto peer = peerOf(key);
  auto stream = std::make_shared<H2Stream>(
      std::move(request), std::move(wake),
      [peer](const std::shared_ptr<H2Stream>& asking) { H2Peer::callAttention(peer, asking); });
  H2Peer::enter(peer, stream, std::move(plan));
  return H2StreamHandle(std::move(stream));
}

std::shared_ptr<H2Peer> H2Pool::peerOf(const PeerKey& key) {
  const std::lock_guard lock(mutex_);
  auto& peer = peers_[key];
  if (!peer) peer = std::make_shared<H2Peer>(loops_[PeerKeyHash{}(key) % loops_.size()]);
  return peer;
}

}  // namespace proxycommon
