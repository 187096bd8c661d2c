// PROXY_TEST(name) { … } is a Boost.Test case that runs under the event and prefork MPMs, which the body finds in
// `mpm`. PROXY_TEST_ALL adds worker; PROXY_TEST_THREADS is event and worker, PROXY_TEST_EVENT for what only event can
// do. To run one of them: --run_test=SUITE/name/event, or */*/prefork for all under that MPM.
#pragma once

#include <boost/test/unit_test.hpp>

#include "tests/integration/support/httpd.h"

#define PROXY_TEST_CASE(name, under, kind) \
  BOOST_AUTO_TEST_CASE(under) {            \
    name##Under(::proxytest::Mpm::kind);   \
  }

#define PROXY_TEST_CASES(name, cases)            \
  static void name##Under(::proxytest::Mpm mpm); \
  BOOST_AUTO_TEST_SUITE(name)                    \
  cases BOOST_AUTO_TEST_SUITE_END() static void name##Under([[maybe_unused]] ::proxytest::Mpm mpm)

#define PROXY_TEST_EVENT(name) PROXY_TEST_CASES(name, PROXY_TEST_CASE(name, event, kEvent))

#define PROXY_TEST_THREADS(name) \
  PROXY_TEST_CASES(name, PROXY_TEST_CASE(name, event, kEvent) PROXY_TEST_CASE(name, worker, kWorker))

#define PROXY_TEST(name) \
  PROXY_TEST_CASES(name, PROXY_TEST_CASE(name, event, kEvent) PROXY_TEST_CASE(name, prefork, kPrefork))

#define PROXY_TEST_ALL(name)                                                                           \
  PROXY_TEST_CASES(name, PROXY_TEST_CASE(name, event, kEvent) PROXY_TEST_CASE(name, prefork, kPrefork) \
                             PROXY_TEST_CASE(name, worker, kWorker))
