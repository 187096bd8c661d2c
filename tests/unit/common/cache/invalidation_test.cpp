// RFC 9111 4.4, RFC 3986 5: what a request that changes something makes of what is stored.
#include "common/cache/invalidation.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(invalidation)

namespace {

std::string resolved(std::string_view reference, std::string_view target = "/b/c/d;p?q") {
  return resolvedOnOrigin({"GET", "http", "a", target, {}}, reference).value_or("(other)");
}

std::string removed(std::string_view method, int status, const HeaderFields& fields) {
  std::string text;
  for (const std::string& target : invalidatedTargets({method, "http", "www.test", "/a/b?c", {}}, {status, fields}))
    text.append(text.empty() ? "" : " ").append(target);
  return text;
}

}  // namespace

// RFC 3986 5.4.1 and 5.4.2: its own examples, without fragments.
BOOST_AUTO_TEST_CASE(references_are_resolved_as_the_examples_say) {
  const struct {
    std::string_view reference;
    std::string_view expected;
  } rows[] = {
      {"g", "/b/c/g"},
      {"./g", "/b/c/g"},
      {"g/", "/b/c/g/"},
      {"/g", "/g"},
      {"//g", "(other)"},
      {"?y", "/b/c/d;p?y"},
      {"g?y", "/b/c/g?y"},
      {"#s", "/b/c/d;p?q"},
      {"g#s", "/b/c/g"},
      {"g?y#s", "/b/c/g?y"},
      {";x", "/b/c/;x"},
      {"g;x", "/b/c/g;x"},
      {"g;x?y#s", "/b/c/g;x?y"},
      {"", "/b/c/d;p?q"},
      {".", "/b/c/"},
      {"./", "/b/c/"},
      {"..", "/b/"},
      {"../", "/b/"},
      {"../g", "/b/g"},
      {"../..", "/"},
      {"../../", "/"},
      {"../../g", "/g"},
      {"../../../g", "/g"},
      {"../../../../g", "/g"},
      {"/./g", "/g"},
      {"/../g", "/g"},
      {"g.", "/b/c/g."},
      {".g", "/b/c/.g"},
      {"g..", "/b/c/g.."},
      {"..g", "/b/c/..g"},
      {"./../g", "/b/g"},
      {"./g/.", "/b/c/g/"},
      {"g/./h", "/b/c/g/h"},
      {"g/../h", "/b/c/h"},
      {"g;x=1/./y", "/b/c/g;x=1/y"},
      {"g;x=1/../y", "/b/c/y"},
      {"g?y/./x", "/b/c/g?y/./x"},
      {"g?y/../x", "/b/c/g?y/../x"},
      {"g#s/../x", "/b/c/g"},
      {"http:g", "(other)"},
      {"g:h", "(other)"},
  };
  for (const auto& [reference, expected] : rows)
    BOOST_TEST_CONTEXT(reference) BOOST_TEST(resolved(reference) == expected);
}

// RFC 9110 4.3.1.
BOOST_AUTO_TEST_CASE(origins_are_scheme_host_and_port) {
  const struct {
    std::string_view reference;
    std::string_view expected;
  } rows[] = {
      {"http://a/x", "/x"},
      {"HTTP://A/x", "/x"},
      {"http://a:80/x", "/x"},
      {"http://a:/x", "/x"},
      {"//a/x", "/x"},
      {"http://a", "/"},
      {"http://a?x", "/?x"},
      {"http://a/x/../y", "/y"},
      {"https://a/x", "(other)"},
      {"http://a:8080/x", "(other)"},
      {"http://b/x", "(other)"},
      {"http://a.b/x", "(other)"},
      {"http://u@a/x", "(other)"},
      {"http:///x", "(other)"},
      {"ftp://a/x", "(other)"},
      {"http://a:x/", "(other)"},
      {"javascript:x", "(other)"},
      {"/a b", "(other)"},
      {"/a\r\nb", "(other)"},
      {"/\x80", "(other)"},
  };
  for (const auto& [reference, expected] : rows)
    BOOST_TEST_CONTEXT(reference) BOOST_TEST(resolved(reference) == expected);
}

BOOST_AUTO_TEST_CASE(a_target_is_never_taken_for_an_authority) {
  BOOST_TEST(resolved("g", "//x/y") == "//x/g");
  BOOST_TEST(resolved("", "//x/y") == "//x/y");
  BOOST_TEST(resolved("?z", "/a:b/c") == "/a:b/c?z");
  BOOST_TEST(resolved("g", "*") == "(other)");
  BOOST_TEST(resolved("g", "/x?a/b") == "/g");
}

// RFC 9110 9.2.1 and the registry of methods.
BOOST_AUTO_TEST_CASE(what_is_not_known_is_not_safe) {
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "REPORT", "SEARCH", "QUERY"})
    BOOST_CHECK_MESSAGE(isSafeMethod(method), method);
  for (const std::string_view method : {"POST", "PUT", "DELETE", "PATCH", "PURGE", "MKCOL", "FOO", "get", ""})
    BOOST_CHECK_MESSAGE(!isSafeMethod(method), method);
}

BOOST_AUTO_TEST_CASE(success_invalidates_the_target) {
  for (const std::string_view method : {"POST", "PUT", "DELETE", "PATCH", "FOO"})
    for (const int status : {200, 201, 204, 299, 301, 303, 304})
      BOOST_TEST_CONTEXT(method << status) BOOST_TEST(removed(method, status, {}) == "/a/b?c");
  for (const int status : {100, 400, 404, 409, 500, 503, 599})
    BOOST_TEST_CONTEXT(status) BOOST_TEST(removed("POST", status, {{"Location", "/x"}}) == "");
  BOOST_TEST(removed("GET", 200, {{"Location", "/x"}}) == "");
  BOOST_TEST(removed("PROPFIND", 207, {}) == "");
}

BOOST_AUTO_TEST_CASE(location_and_content_location_of_the_same_origin_go_too) {
  BOOST_TEST(removed("POST", 201, {{"Location", "/x"}}) == "/a/b?c /x");
  BOOST_TEST(removed("POST", 201, {{"location", "y"}, {"Content-Location", "http://www.test/z"}}) == "/a/b?c /a/y /z");
  BOOST_TEST(removed("POST", 201, {{"Location", "http://other.test/x"}}) == "/a/b?c");
  BOOST_TEST(removed("POST", 201, {{"Location", "https://www.test/x"}}) == "/a/b?c");
  BOOST_TEST(removed("POST", 201, {{"Location", "/x"}, {"Content-Location", "/x"}}) == "/a/b?c /x");
  BOOST_TEST(removed("PUT", 200, {{"Content-Location", "b?c"}}) == "/a/b?c");
  BOOST_TEST(removed("POST", 201, {{"Location", ":::"}}) == "/a/b?c /a/:::");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
