// A connection in an EventLoop: what cannot be sent yet waits here, what comes is handed up. Used by the loop's thread
// alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tests/integration/support/async_socket.h"
#include "tests/integration/support/event_loop.h"

namespace proxytest {

class LoopConnection : public EventLoop::Watcher {
 public:
  LoopConnection(EventLoop& loop, Descriptor socket, const TlsContext& context, AsyncSocket::Side side);
  ~LoopConnection() override { close(); }
  LoopConnection(const LoopConnection&) = delete;
  LoopConnection& operator=(const LoopConnection&) = delete;

  void send(std::string_view bytes);
  void finishSending();  // behind what is queued
  void close();          // at once
  void closeWhenFlushed();
  void resetWhenClosed();  // close() sends RST
  void setReading(bool reading);

  bool open() const { return socket_.descriptor() >= 0; }
  std::size_t queued() const { return queue_.size(); }

  // Called once, inside close(): the object must not be destroyed by it.
  void whenClosed(std::function<void()> task) { whenClosed_ = std::move(task); }

 protected:
  virtual void opened() {}
  virtual void received(std::string_view bytes) = 0;
  virtual void ended(bool broken) = 0;  // the other side has no more to say; broken: it is not there any more
  virtual void flushed() {}             // nothing waits to be sent

  EventLoop& loop() { return loop_; }

 private:
  void ready(std::uint32_t events) override;
  void shakeHands();
  void readAll();
  void flush();
  void breakDown();
  void updateInterest();

  EventLoop& loop_;
  AsyncSocket socket_;
  std::string queue_;
  std::uint64_t number_ = 0;
  std::uint32_t interest_ = 0;
  bool shaken_ = false;
  bool reading_ = true;
  bool ended_ = false;
  bool finishing_ = false;
  bool closing_ = false;
  std::function<void()> whenClosed_;
};

}  // namespace proxytest
