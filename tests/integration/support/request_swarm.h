// Many small GET requests at once, in one thread: how they were answered, and how long each took. Responses need a
// Content-Length. A request whose kept connection was closed before any byte of an answer came is sent once more on a
// new one, as every user agent does.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/event_loop.h"

namespace proxytest {

struct RequestLoad {
  int port = 0;
  std::string target = "/";
  int total = std::numeric_limits<int>::max();  // until stop()
  int atOnce = 1;
  bool keepAlive = false;
  std::chrono::milliseconds pause{0};  // of each client, between two requests
  std::chrono::milliseconds ramp{0};   // over which the clients begin, one after the other
  // Instead of `target`: the whole text of a client's next request, made in the loop's thread.
  std::function<std::string(int client, int request)> text = {};
  // Added to each pause, a random part of it.
  std::chrono::milliseconds pauseSpread{0};
  // Whether a complete answer is what that request had to get; in the loop's thread.
  std::function<bool(std::string_view request, std::string_view head, std::string_view body)> judge = {};
};

struct LoadResult {
  std::map<int, int> statuses;
  int failures = 0;                                  // no complete answer
  int wrong = 0;                                     // complete, but not what judge() wants
  std::vector<std::chrono::microseconds> latencies;  // of the complete answers, sorted

  int answered(int status) const;
  bool all(int status) const;  // every one, and at least one; none wrong
  std::chrono::milliseconds percentile(double part) const;
  std::string report() const;
};

class RequestSwarm {
 public:
  explicit RequestSwarm(RequestLoad load);  // begins at once
  ~RequestSwarm();
  RequestSwarm(const RequestSwarm&) = delete;
  RequestSwarm& operator=(const RequestSwarm&) = delete;

  int finished() const { return finished_; }
  int partlyAnswered() const { return partly_; }  // some of the body has come, and not all of it
  bool waitFor(std::chrono::milliseconds limit);  // all of them; false when some are still unanswered

  // Begins no further request, waits for those that are on their way, and counts what remains as failed.
  LoadResult stop(std::chrono::milliseconds limit);

 private:
  class Client;
  class Connection;

  void done(int status, std::chrono::microseconds latency);  // status 0: failed
  bool isRight(std::string_view request, std::string_view response, std::size_t bodyBegins) const;

  std::chrono::milliseconds nextPause();

  const RequestLoad load_;
  EventLoop loop_;
  std::mt19937 random_{7};
  int toBegin_;
  int begun_ = 0;
  std::atomic<int> finished_ = 0;
  std::atomic<int> running_ = 0;
  std::atomic<int> partly_ = 0;
  LoadResult result_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace proxytest
