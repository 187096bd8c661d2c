// What the servers on an EventLoop have in common: a loopback port, and connections that are numbered, counted and
// given up once they are closed. Derived ones say what a connection does, and call stop() in their destructors.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "tests/integration/support/event_loop.h"
#include "tests/integration/support/loop_connection.h"

namespace proxytest {

class LoopServer : private EventLoop::Watcher {
 public:
  int port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path = "") const { return "http://" + authority() + path; }

  std::size_t accepted() const { return accepted_; }
  std::size_t openConnections() const { return open_; }

 protected:
  LoopServer();
  ~LoopServer() override { stop(); }

  // In the loop's thread.
  virtual std::unique_ptr<LoopConnection> makeConnection(Descriptor socket, std::uint64_t number) = 0;
  LoopConnection* find(std::uint64_t number) const;  // null once it is closed

  void start();  // once the derived object is whole
  void stop();
  EventLoop& loop() { return loop_; }

 private:
  void ready(std::uint32_t events) override;
  void drop(std::uint64_t number);

  EventLoop loop_;
  int port_ = 0;
  Descriptor listener_;  // behind the port, which it sets
  std::uint64_t lastNumber_ = 0;
  std::atomic<std::size_t> accepted_ = 0;
  std::atomic<std::size_t> open_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<LoopConnection>> connections_;
};

}  // namespace proxytest
