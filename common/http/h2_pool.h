// H2Pool: requests over HTTP/2 to backends: which connection carries which is decided here, so that many share few. It
// is what ConnectionPool is to HTTP/1.1, but a connection is never leased: it stays with its loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "common/base/export.h"
#include "common/http/h2_stream.h"
#include "common/net/connector.h"
#include "common/pool/peer_key.h"

namespace proxycommon {

class H2Peer;

struct H2PeerPlan {
  ConnectPlan connect;
  milliseconds idleTime{60'000};  // a connection without streams is closed after it
  std::size_t maximum = 0;        // connections at a time; zero: as many as it takes
};

// Any thread. The loops outlive it, or have been stopped for good.
class PROXYCOMMON_API H2Pool {
 public:
  explicit H2Pool(std::vector<LoopServices> loops);
  ~H2Pool();

  // A stream for the request: on a connection with a place free, on a new one if there is none, else later. `wake` is
  // called, in any thread, when there is something to take from it.
  H2StreamHandle open(const PeerKey& key, H2PeerPlan plan, H2Request request, std::function<void()> wake);

 private:
  std::shared_ptr<H2Peer> peerOf(const PeerKey& key);

  const std::vector<LoopServices> loops_;
  std::mutex mutex_;
  std::unordered_map<PeerKey, std::shared_ptr<H2Peer>, PeerKeyHash> peers_;
};

}  // namespace proxycommon
