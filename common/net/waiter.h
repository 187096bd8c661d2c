// Waiter: how the one who serves a request waits for what others do: a backend, the client, a dial. Whether the thread
// blocks meanwhile or serves someone else is the waiter's affair; the code that waits is the same.
#pragma once

#include <poll.h>

#include <coroutine>

#include "common/base/clock.h"

namespace proxycommon {

// What would end a wait. Besides, a signal() ends it, the client's going away does, and it may end for nothing at all.
struct Interest {
  int backend = -1;           // a descriptor; -1: none
  short backendEvents = 0;    // POLLIN, POLLOUT
  short clientEvents = 0;     // of the client's connection: POLLIN, POLLOUT
  bool clientMayEnd = false;  // a client that has closed its side alone has not gone away
  Clock::time_point until{};  // the wait's own end
  // How long the calling thread may wait itself before it is given back.
  milliseconds here{0};
};

struct Woken {
  bool backend = false;
  bool client = false;
  bool clientGone = false;
};

// One request's. One thread at a time, but a wait may end in another one than it began in.
class Waiter {
 public:
  virtual ~Waiter() = default;

  // How long a thread may block in a read by itself before until() is the better way; zero when threads are scarce.
  virtual milliseconds patience() const = 0;

  struct Wait {
    Waiter& waiter;
    Interest interest;

    bool await_ready() { return waiter.waitHere(interest); }
    void await_suspend(std::coroutine_handle<> continuation) { waiter.park(interest, continuation); }
    Woken await_resume() { return waiter.woken(); }
  };
  Wait until(const Interest& interest) { return {*this, interest}; }

 private:
  // True: the wait is over. False: park() comes next.
  virtual bool waitHere(const Interest& interest) = 0;
  virtual void park(const Interest& interest, std::coroutine_handle<> continuation) = 0;
  // What ended the last wait.
  virtual Woken woken() = 0;
};

}  // namespace proxycommon
