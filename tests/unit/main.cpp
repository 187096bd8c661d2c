// The entry point of the unit tests. The folders mirror the tree; support/ holds what several of them stand on.
#define BOOST_TEST_MODULE unit
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "common/net/dialer.h"

namespace {

// What httpd does for the code under test before any of it runs.
struct Process {
  Process() {
    std::signal(SIGPIPE, SIG_IGN);
    if (const auto prepared = proxycommon::prepareDialer(); !prepared)
      throw std::runtime_error(describe(prepared.error()));
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(Process);
