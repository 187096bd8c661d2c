// A server that gives each of its callers to a script, in a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/support/sockets.h"

namespace proxytest {

class AnsweringServer {
 public:
  // Must end when the caller has closed. Any number at a time.
  using Script = std::function<void(proxycommon::FileDescriptor caller)>;

  explicit AnsweringServer(Script script);
  // Reads the head of a request, sends that, and closes.
  explicit AnsweringServer(std::string answer);
  // Joins: whoever calls must have closed, or be about to.
  ~AnsweringServer();
  AnsweringServer(const AnsweringServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // So far.
  int callers() const { return callers_; }
  // Waits until there have been so many; whether it came to that.
  bool awaitCallers(int count) const;
  // From now on.
  void answer(std::string text);
  // The head of the last request that was answered.
  std::string lastRequest() const;

 private:
  void accept();
  void serve(proxycommon::FileDescriptor caller);
  void sendAnswer(const proxycommon::FileDescriptor& caller);

  Listener listener_;
  mutable std::mutex mutex_;
  std::string answer_;
  std::string request_;
  Script script_;
  std::atomic<int> callers_ = 0;
  std::atomic<bool> over_ = false;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

// A script that takes what comes, and says nothing.
void staySilent(proxycommon::FileDescriptor caller);

// Waits until `condition` holds, for so long that only a fault makes it give up.
bool eventually(const std::function<bool()>& condition);

}  // namespace proxytest
