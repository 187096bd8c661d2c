// Paths that go on as the client has sent them: those with one reading, which is httpd's.
#include "common/http/raw_path.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(raw_path)

namespace {

struct Row {
  std::string_view target;
  std::string_view judged;
  std::size_t prefixLength;
  std::string_view expected;  // the remainder, or a part of the reason why there is none
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_httpd_has_judged_goes_on_byte_for_byte) {
  const Row rows[] = {
      {"/app/x", "/app/x", 4, "/x"},
      {"/app", "/app", 4, ""},
      {"/app/", "/app/", 5, ""},
      {"/app/x?a=/../b", "/app/x", 4, "/x"},
      {"/app/%41%7e%2c?", "/app/A~,", 4, "/%41%7e%2c"},
      {"/%61pp/%78", "/app/x", 4, "/%78"},
      {"/api/queues/%2F/", "/api/queues/%2F/", 4, "/queues/%2F/"},
      {"/api/queues/%2F/", "/api/queues///", 4, "/queues/%2F/"},  // MergeSlashes Off, AllowEncodedSlashes On
      {"/api/%2f%2f", "/api/%2f%2f", 4, "/%2f%2f"},
      {"/a/...", "/a/...", 2, "/..."},
      {"/a/.b/c./..d/%2e%2e%2e/x..", "/a/.b/c./..d/.../x..", 2, "/.b/c./..d/%2e%2e%2e/x.."},
      {"/a/x;..", "/a/x;..", 2, "/x;.."},
      {"/a/%252e%252e/x", "/a/%2e%2e/x", 2, "/%252e%252e/x"},
      {"http://host/app/x?y", "/app/x", 4, "/x"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.target) {
      const auto remainder = rawRemainder(row.target, row.judged, row.prefixLength);
      BOOST_REQUIRE_EQUAL(outcomeOf(remainder), "done");
      BOOST_TEST(*remainder == row.expected);
    }
}

BOOST_AUTO_TEST_CASE(what_has_two_readings_is_refused) {
  constexpr std::string_view kDots = "dot segment";
  constexpr std::string_view kSlashes = "has \"//\"";
  constexpr std::string_view kOther = "is not the path that httpd has judged";
  const Row rows[] = {
      {"/app/../x", "/x", 1, kDots},
      {"/app/..", "/", 1, kDots},
      {"/app/.", "/app/", 4, kDots},
      {"/./app", "/app", 4, kDots},
      {"/app/%2e%2E/x", "/x", 1, kDots},
      {"/app/.%2e", "/", 1, kDots},
      {"/app/%2e/x", "/app/x", 4, kDots},
      // Whoever decodes the slash first, or takes the parameter off first, would see one.
      {"/app/a%2f..%2Fx", "/app/a%2f..%2Fx", 4, kDots},
      {"/app/..%2fx", "/app/..%2fx", 4, kDots},
      {"/app/a%5c..%5cx", "/app/a\\..\\x", 4, kDots},
      {"/app/..;x/y", "/app/..;x/y", 4, kDots},
      {"/app/..%3bx/y", "/app/..;x/y", 4, kDots},
      {"/app//x", "/app/x", 4, kSlashes},
      {"/app//x", "/app//x", 4, kSlashes},
      {"/app//x", "/app//x", 5, kSlashes},
      {"//app/x", "/app/x", 4, kSlashes},
      {"/app/x//", "/app/x//", 4, kSlashes},
      {"http://host:80//app/x", "/app/x", 4, kSlashes},
      {"/a/http://host/x", "/a/http:/host/x", 2, kSlashes},
      {"http://host", "/", 1, kOther},
      {"/app/x#y", "/app/x", 4, "fragment"},
      {"/app/x?y#z", "/app/x", 4, "fragment"},
      // Rewritten, or decoded and merged.
      {"/old/x", "/app/x", 4, kOther},
      {"/app/x", "/app/xy", 4, kOther},
      {"/api/queues/%2F/", "/api/queues/", 4, kOther},
      {"/app%2Fx", "/app/x", 4, kOther},
      {"/app%2Fx", "/app/x", 5, kOther},
      {"/app%2F/x", "/app//x", 5, kOther},
      {"*", "/", 1, kOther},
      {"", "/", 1, kOther},
      {"/app/x", "/app/x", 7, kOther},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.target << " judged as " << row.judged) {
      const auto remainder = rawRemainder(row.target, row.judged, row.prefixLength);
      BOOST_REQUIRE_EQUAL(outcomeOf(remainder), "path-refused");
      BOOST_TEST(remainder.error().detail.find(row.expected) != std::string::npos, remainder.error().detail);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
