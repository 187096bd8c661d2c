// H2Peer: the HTTP/2 connections to one backend, and the requests that wait for a place on one. All of it is on one
// loop, so that requests of all workers share connections. Between http/h2_* only.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "common/http/h2_connection.h"
#include "common/http/h2_pool.h"
#include "common/net/connector.h"
#include "common/net/event_loop.h"

namespace proxycommon {

class H2Peer : public std::enable_shared_from_this<H2Peer> {
 public:
  explicit H2Peer(LoopServices loop) : loop_(loop), timer_(loop.context) {}

  // Any thread: has the loop do what the request asks.
  static void callAttention(const std::shared_ptr<H2Peer>& self, const std::shared_ptr<H2Stream>& stream);
  static void enter(const std::shared_ptr<H2Peer>& self, std::shared_ptr<H2Stream> stream, H2PeerPlan plan);

 private:
  void attend(H2Stream& stream);
  void assign();
  bool placeOne(const std::shared_ptr<H2Stream>& stream);
  bool shouldDial() const;
  void dial();
  void dialled(const std::shared_ptr<ConnectJob>& job, Clock::time_point begun);
  void changed();
  void dialFailed(const Error& error);
  void tryLater();

  const LoopServices loop_;
  // Of the loop's thread.
  AsioTimer timer_;                                       // for dialAgain_
  H2PeerPlan plan_;                                       // the latest
  std::vector<std::shared_ptr<H2Connection>> ready_;      // the oldest first: it is filled first
  std::vector<std::shared_ptr<H2Connection>> beginning_;  // those that have not shown yet that they speak HTTP/2
  std::size_t dials_ = 0;
  std::deque<std::shared_ptr<H2Stream>> waiting_;
  std::size_t streamsEach_ = 100;  // that a new connection will take, as far as is known
  Clock::time_point dialAgain_{};  // not before, for a dial has failed
};

}  // namespace proxycommon
