// URLs and authorities, hostile ones above all; and paths between their decoded and their encoded form.
#include "common/http/url.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(url)

BOOST_AUTO_TEST_CASE(an_authority_is_a_host_and_perhaps_a_port) {
  struct Row {
    std::string_view text;
    std::string_view host;
    int port;  // 0: none
  };
  const Row rows[] = {
      {"example.com", "example.com", 0},
      {"EXAMPLE.Com:8080", "example.com", 8080},
      {"example.com.", "example.com", 0},
      {"example.com.:80", "example.com", 80},
      {"localhost", "localhost", 0},
      {"a_b-c.d", "a_b-c.d", 0},
      {"xn--bcher-kva.example", "xn--bcher-kva.example", 0},
      {"1.2.3.4.example", "1.2.3.4.example", 0},
      {"0xabc.example", "0xabc.example", 0},
      {"192.0.2.1:1", "192.0.2.1", 1},
      {"192.0.2.1.", "192.0.2.1", 0},
      {"[2001:DB8::1]", "2001:db8::1", 0},
      {"[2001:db8:0::1]:65535", "2001:db8::1", 65535},
      {"[::ffff:192.0.2.1]:443", "::ffff:192.0.2.1", 443},
      {"example.com:00080", "example.com", 80},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.text) {
      const auto authority = parseAuthority(row.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(authority), "done");
      BOOST_TEST(authority->host == row.host);
      BOOST_TEST(authority->port.value_or(0) == row.port);
    }
}

BOOST_AUTO_TEST_CASE(what_two_readers_could_take_for_two_hosts_is_no_authority) {
  const std::string rows[] = {
      "", ":", ":80", ".", "..", "...", ".:80", "example.com:", "example.com:0", "example.com:65536", "example.com:-1",
      "example.com:+80", "example.com: 80", "example.com:80 ", "example.com:0x50", "example.com:80:80",
      "example.com:80@evil.test", "example.com:18446744073709551696", "user@example.com", "user:word@example.com",
      "@example.com", "example.com@", "example.com/", "example.com/path", "example.com?x", "example.com#x",
      "example.com\\evil.test", " example.com", "example.com ", "example .com", "example.com\t", "example.com\r\n",
      "example.com\r\nHost: evil.test", "example.com\0"s, "example.com\0.evil.test"s, "\0"s, "ex%61mple.com",
      "example.com%00", "example.com%2f", "%65xample.com", "exa*mple.com", "*", "*.example.com", "a,b", "a;b", "a\"b",
      "a'b", "a<b", "a!b", "a$b", "a&b", "a(b)", "a+b", "a=b", "a|b", "a~b", "a`b", "{a}", "a^b", "bücher.example",
      "example。com", "\xff.example", "[", "]", "[]", "[]:80", "[::1", "::1]", "[::1]]", "[[::1]]", "[::1]80", "[::1]x",
      "[::1]x:80", "[::1]:", "[::1]:0", "[::1]:65536", "x[::1]", "x[::1]:80", "[::1%lo]", "[::1%25lo]",
      "[fe80::1%251]:80", "[::1 ]", "[ ::1]", "[::g]", "[192.0.2.1]", "[example.com]", "[v1.x]", "[::1\0]"s, "::1",
      "2001:db8::1", "2001:db8::1:80", "a]:80", "[a:80", "[::1]@x", "x@[::1]",
      // An empty label; one dot at the end alone is the root's.
      "example.com..", "a..b", ".example.com", "..example.com", "127.0.0.1..",
      // What inet_aton() reads as an address.
      "127.1", "127.0.1", "2130706433", "0", "0x7f000001", "0x7f.0.0.1", "0X7F.1", "127.0.0.0x1", "0177.0.0.1",
      "017700000001", "127.0.0.01", "127.0.0.256", "1.2.3.4.5", "256", "0x", "127.1.", "0x7f000001.", "example.1",
      "example.0x1f"};
  for (const std::string& text : rows) BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(outcomeOf(parseAuthority(text)) == "bad-authority");
    }
}

BOOST_AUTO_TEST_CASE(a_host_has_at_most_253_characters) {
  const std::string longest =
      std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(61, 'd');
  BOOST_TEST(outcomeOf(parseAuthority(longest)) == "done");
  BOOST_TEST(outcomeOf(parseAuthority(longest + ".")) == "done");
  BOOST_TEST(outcomeOf(parseAuthority(longest + "d")) == "bad-authority");
  BOOST_TEST(outcomeOf(parseAuthority(std::string(1'000'000, 'a'))) == "bad-authority");
}

BOOST_AUTO_TEST_CASE(the_error_shows_the_text_without_its_control_characters) {
  const auto authority = parseAuthority("evil\r\nlog: line");
  BOOST_REQUIRE(!authority);
  BOOST_TEST(authority.error().detail.find("evil\\x0d\\x0alog") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_authority_is_shown_as_in_a_host_field) {
  BOOST_TEST((Authority{"example.com", 80}.toString(80)) == "example.com");
  BOOST_TEST((Authority{"example.com", 80}.toString(443)) == "example.com:80");
  BOOST_TEST((Authority{"example.com", {}}.toString(443)) == "example.com");
  BOOST_TEST((Authority{"2001:db8::1", {}}.toString(80)) == "[2001:db8::1]");
  BOOST_TEST((Authority{"2001:db8::1", 8080}.toString(80)) == "[2001:db8::1]:8080");
}

BOOST_AUTO_TEST_CASE(a_url_is_scheme_authority_and_target) {
  struct Row {
    std::string_view text;
    std::string_view scheme;
    std::string_view authority;
    std::string_view target;
  };
  const Row rows[] = {
      {"http://example.com", "http", "example.com", "/"},
      {"HTTP://Example.com:8080/Path?Query", "http", "example.com:8080", "/Path?Query"},
      {"https://[::1]:443/", "https", "[::1]:443", "/"},
      {"http://example.com?x=/y", "http", "example.com", "/?x=/y"},
      {"http://example.com/a@b:c", "http", "example.com", "/a@b:c"},
      {"http://example.com/http://other/", "http", "example.com", "/http://other/"},
      {"http://example.com//a//b", "http", "example.com", "//a//b"},
      {"h2c+x-1.0://example.com/", "h2c+x-1.0", "example.com", "/"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.text) {
      const auto parsed = parseUrl(row.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(parsed), "done");
      BOOST_TEST(parsed->scheme == row.scheme);
      BOOST_TEST(parsed->authority.toString(0) == row.authority);
      BOOST_TEST(parsed->target == row.target);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_absolute_url_is_refused) {
  const std::string rows[] = {"",
                              "/",
                              "/path",
                              "//example.com/",
                              "example.com",
                              "example.com/",
                              "http:",
                              "http:/example.com",
                              "http://",
                              "http:///",
                              "http:///path",
                              "http://?x",
                              "http://#x",
                              "http://:80/",
                              "http:// example.com/",
                              "http://user@example.com/",
                              "http://user:word@example.com/",
                              "http://example.com@evil.test/",
                              "http://example.com\\@evil.test/",
                              "http://example.com%2f@evil.test/",
                              "http://example.com:80:80/",
                              "http://example.com:x/",
                              "http://[::1/",
                              "http://::1/",
                              "http://a b/",
                              "http://127.1/",
                              "http://0x7f000001/",
                              "://example.com/"};
  for (const std::string& text : rows) BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(outcomeOf(parseUrl(text)) == "bad-authority");
    }
}

// RFC 3986 3.1: a letter, then letters, digits, "+", "-", ".".
BOOST_AUTO_TEST_CASE(a_scheme_has_nothing_in_it_that_is_none) {
  for (const std::string& text :
       {" http://example.com/"s, "ht tp://example.com/"s, "http\r\n://example.com/"s, "/x://example.com/"s,
        "a?b://example.com/"s, "1http://example.com/"s, "http\0://example.com/"s})
    BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(outcomeOf(parseUrl(text)) == "bad-authority");
    }
}

BOOST_AUTO_TEST_CASE(escaping_leaves_nothing_that_may_not_stand_in_a_target) {
  std::string everything;
  for (int byte = 0; byte < 256; ++byte) everything.push_back(static_cast<char>(byte));
  for (const char c : escapedPath(everything))
    BOOST_TEST((c > 0x20 && c < 0x7f && c != '#' && c != '\\' && c != '"' && c != '<'), c);
  for (const std::string& text : {escapedTarget(everything), escapedQuery(everything)})
    for (const char c : text) BOOST_TEST((c > 0x20 && c < 0x7f && c != '#'), c);
}

BOOST_AUTO_TEST_CASE(a_target_keeps_its_escapes_and_its_query) {
  struct Row {
    std::string text;
    std::string_view target;
    std::string_view path;
  };
  const Row rows[] = {
      {"/plain/a-b._~!$&'()*+,;=:@", "/plain/a-b._~!$&'()*+,;=:@", "/plain/a-b._~!$&'()*+,;=:@"},
      {"/a%2Fb?c=%20", "/a%2Fb?c=%20", "/a%252Fb%3Fc=%2520"},
      {"/a b#c", "/a%20b%23c", "/a%20b%23c"},
      {"/\r\n", "/%0D%0A", "/%0D%0A"},
      {"/\0x"s, "/%00x", "/%00x"},
      {"/\xc3\xa4[]{}|^`\"<>\\", "/%C3%A4%5B%5D%7B%7D%7C%5E%60%22%3C%3E%5C",
       "/%C3%A4%5B%5D%7B%7D%7C%5E%60%22%3C%3E%5C"},
      {"/a|b?c|d[]=\"{}<>`^\\%20?", "/a%7Cb?c|d[]=\"{}<>`^\\%20?",
       "/a%7Cb%3Fc%7Cd%5B%5D=%22%7B%7D%3C%3E%60%5E%5C%2520%3F"},
      {"/?a b#c\xc3", "/?a%20b%23c%C3", "/%3Fa%20b%23c%C3"},
      {"", "", ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\"") {
      BOOST_TEST(escapedTarget(row.text) == row.target);
      BOOST_TEST(escapedPath(row.text) == row.path);
    }
}

BOOST_AUTO_TEST_CASE(a_normal_path_has_one_reading) {
  for (const std::string_view path : {"/", "/a/b", "/a/", "//a//b", "/.a", "/..a", "/a.", "/a..", "/...", "/a/.../b",
                                      "/a b", "/100%", "/100%/b", "/%zz", "/%2", "/a;b=c", "/\xc3\xa4", ""})
    BOOST_TEST(isNormalPath(path), path);
  for (const std::string_view path :
       {"/.",   "/..", "/./",  "/../", "/a/.",   "/a/..",  "/a/./b",  "/a/../b", "//..",   "/..//",
        "/a?b", "?",   "/a#b", "/%41", "/a%2Fb", "/a%2fb", "/%2e%2e", "/%00",    "/a%25b", "/%3f"})
    BOOST_TEST(!isNormalPath(path), path);
}

BOOST_AUTO_TEST_CASE(the_encoded_remainder_stands_behind_the_decoded_prefix) {
  constexpr std::string_view kMismatch = "(mismatch)";
  struct Row {
    std::string_view encoded;
    std::string_view decoded;
    std::size_t prefixLength;
    std::string_view remainder;
  };
  const Row rows[] = {
      {"/app/x", "/app/x", 4, "/x"},
      {"/app/x", "/app/x", 0, "/app/x"},
      {"/app/x", "/app/x", 6, ""},
      {"/app/x", "/app/x", 7, kMismatch},
      {"", "", 0, ""},
      {"/a%20b/c%20d", "/a b/c d", 5, "c%20d"},
      {"/%61pp/%78", "/app/x", 4, "/%78"},
      {"/app%2fx", "/app/x", 4, "%2fx"},
      // AllowEncodedSlashes NoDecode leaves them in the decoded path.
      {"/app/a%2Fb", "/app/a%2Fb", 4, "/a%2Fb"},
      {"/app/a%2fb%20c", "/app/a%2fb c", 4, "/a%2fb%20c"},
      {"/a%2Fb/c", "/a%2Fb/c", 6, "/c"},
      {"/app/a%2Fb", "/app/a%2fb", 4, kMismatch},
      // A percent sign of the path itself.
      {"/app/100%25", "/app/100%", 4, "/100%25"},
      {"/app/%252F", "/app/%2F", 4, "/%252F"},
      {"/app/%25", "/app/%25", 4, kMismatch},
      {"/app/%2525", "/app/%25", 4, "/%2525"},
      // What httpd has decoded cannot stand there undecoded.
      {"/app/%41", "/app/%41", 4, kMismatch},
      {"/app/%2e%2e", "/app/%2e%2e", 4, kMismatch},
      {"/app/%00", std::string_view("/app/\0", 6), 4, "/%00"},
      {"/app/x", "/app/y", 4, kMismatch},
      {"/app/x", "/app/xy", 4, kMismatch},
      {"/app/xy", "/app/x", 4, kMismatch},
      {"/app//x", "/app/x", 4, kMismatch},
      {"/app/./x", "/app/x", 4, kMismatch},
      {"/app/a/../x", "/app/x", 4, kMismatch},
      {"/app/%zz", "/app/%zz", 4, "/%zz"},
      {"/app/%2", "/app/%2", 4, "/%2"},
      {"/app/%", "/app/%", 4, "/%"},
      {"/other", "/app/x", 4, kMismatch},
      {"", "/app/x", 4, kMismatch},
      {"/app/x", "", 0, kMismatch},
  };
  for (const Row& row : rows)
    BOOST_TEST_CONTEXT(row.encoded << " for " << row.decoded << " behind " << row.prefixLength) {
      BOOST_TEST(encodedRemainder(row.encoded, row.decoded, row.prefixLength).value_or(kMismatch) == row.remainder);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
