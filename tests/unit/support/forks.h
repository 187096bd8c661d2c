// Processes of a test: what children of httpd do to what they share.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

namespace proxytest {

// A child that does `work` and exits with what it gives; its process.
template <class Work>
pid_t forked(Work work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  BOOST_REQUIRE(child > 0);
  return child;
}

// What it exits with; -1: a signal has ended it.
inline int statusOf(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

inline void killed(pid_t child) {
  ::kill(child, SIGKILL);
  statusOf(child);
}

}  // namespace proxytest
