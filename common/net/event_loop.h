// EventLoop: one Asio loop and what libraries that do their own I/O (libcurl, c-ares) need of it. One thread runs it;
// all that is not marked otherwise is for that thread. Heavy to include: for net/, reactor/ and http/h2_* alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <coroutine>
#include <functional>
#include <map>
#include <memory>

#include "common/base/clock.h"
#include "common/base/task.h"

namespace proxycommon {

using AsioDescriptor = boost::asio::posix::stream_descriptor;
using AsioTimer = boost::asio::steady_timer;

// co_await: until the descriptor is ready, or the wait cancelled. Whether it is ready.
struct ReadyWait {
  AsioDescriptor& descriptor;
  AsioDescriptor::wait_type what;
  bool ready = false;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> continuation) {
    descriptor.async_wait(what, [this, continuation](const boost::system::error_code& error) {
      ready = !error;
      continuation.resume();
    });
  }
  bool await_resume() const noexcept { return ready; }
};

// co_await: until the timer has run out, or was cancelled.
struct TimerWait {
  AsioTimer& timer;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> continuation) {
    timer.async_wait([continuation](const boost::system::error_code&) { continuation.resume(); });
  }
  void await_resume() const noexcept {}
};

// Descriptors of a library that opens, uses and closes them itself, and wants to be told when they are ready.
class ForeignDescriptors {
 public:
  using Ready = std::function<void(int descriptor, bool readable, bool writable)>;

  ForeignDescriptors(boost::asio::io_context& context, Ready ready) : context_(context), ready_(std::move(ready)) {}
  ~ForeignDescriptors();

  // Neither: it is forgotten; it may be closed afterwards.
  void want(int descriptor, bool read, bool write);

 private:
  struct Entry {
    explicit Entry(boost::asio::io_context& context, int number) : descriptor(context, number) {}
    AsioDescriptor descriptor;
    bool wantsRead = false;
    bool wantsWrite = false;
    bool awaitsRead = false;
    bool awaitsWrite = false;
  };
  using EntryPointer = std::shared_ptr<Entry>;

  void await(const EntryPointer& entry, int number);
  void arrived(const std::weak_ptr<Entry>& weak, int number, bool write, const boost::system::error_code& error);

  boost::asio::io_context& context_;
  Ready ready_;
  std::map<int, EntryPointer> entries_;
};

}  // namespace proxycommon
