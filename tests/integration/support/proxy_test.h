// PROXY_TEST(name) { … } is a Boost.Test case that runs under each MPM, which the body finds in `mpm`. To run one of
// them: --run_test=SUITE/name/event, or */*/prefork for all under that MPM.
#pragma once

#include <boost/test/unit_test.hpp>

#include "tests/integration/support/httpd.h"

#define PROXY_TEST(name)                         \
  static void name##Under(::proxytest::Mpm mpm); \
  BOOST_AUTO_TEST_SUITE(name)                    \
  BOOST_AUTO_TEST_CASE(event) {                  \
    name##Under(::proxytest::Mpm::kEvent);       \
  }                                              \
  BOOST_AUTO_TEST_CASE(prefork) {                \
    name##Under(::proxytest::Mpm::kPrefork);     \
  }                                              \
  BOOST_AUTO_TEST_SUITE_END()                    \
  static void name##Under([[maybe_unused]] ::proxytest::Mpm mpm)
