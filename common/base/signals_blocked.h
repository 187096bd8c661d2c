// SignalsBlocked: while it lives, the calling thread takes no signal; threads begun meanwhile never do. httpd's signals
// are for httpd's own threads.
#pragma once

#include <pthread.h>

#include <csignal>

namespace proxycommon {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace proxycommon
