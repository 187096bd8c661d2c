// Max-Forwards, which counts for TRACE and OPTIONS alone.
#include "common/http/max_forwards.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(max_forwards)

BOOST_AUTO_TEST_CASE(it_is_lowered_and_ends_at_zero) {
  struct Row {
    std::string_view method;
    std::string_view value;
    bool isFinal;
    std::string_view next;
  };
  const Row rows[] = {
      {"TRACE", "0", true, ""},
      {"OPTIONS", "0", true, ""},
      {"OPTIONS", "000", true, ""},
      {"OPTIONS", " 0\t", true, ""},
      {"TRACE", "1", false, "0"},
      {"OPTIONS", "10", false, "9"},
      {"OPTIONS", "007", false, "6"},
      {"OPTIONS", "1000000000", false, "999999999"},
      // The lesser of what came and the most that we count.
      {"OPTIONS", "1000000002", false, "1000000000"},
      {"OPTIONS", "99999999999999999999999999", false, "1000000000"},
      // Not 1*DIGIT.
      {"OPTIONS", "", false, ""},
      {"OPTIONS", "-1", false, ""},
      {"OPTIONS", "+0", false, ""},
      {"OPTIONS", "0x0", false, ""},
      {"OPTIONS", "0, 5", false, ""},
      {"OPTIONS", "0.0", false, ""},
      {"OPTIONS", "none", false, ""},
      // Other methods: the field means nothing.
      {"GET", "0", false, ""},
      {"POST", "5", false, ""},
      {"HEAD", "0", false, ""},
      {"options", "0", false, ""},
      {"TRACER", "0", false, ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.method << " with \"" << row.value << "\"") {
      const MaxForwards limit = readMaxForwards(row.method, row.value);
      BOOST_TEST(limit.isFinal == row.isFinal);
      BOOST_TEST(limit.next == row.next);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
