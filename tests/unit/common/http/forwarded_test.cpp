// The Forwarded field: how addresses and names are written, and that nothing in them breaks out of its quotes.
#include "common/http/forwarded.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(forwarded)

BOOST_AUTO_TEST_CASE(an_element_is_written_as_rfc_7239_has_it) {
  struct Row {
    ForwardedElement element;
    std::string_view text;
  };
  const Row rows[] = {
      {{{"192.0.2.1", {}}, {}, "a.test", "http"}, "for=192.0.2.1;host=a.test;proto=http"},
      {{{"192.0.2.1", {}}, {}, "a.test:8080", "https"}, "for=192.0.2.1;host=\"a.test:8080\";proto=https"},
      {{{"192.0.2.1", {}}, {}, "", ""}, "for=192.0.2.1"},
      {{{"192.0.2.1", 4711}, {}, "", ""}, "for=\"192.0.2.1:4711\""},
      {{{"2001:db8::1", {}}, {}, "[2001:db8::2]:80", "http"},
       "for=\"[2001:db8::1]\";host=\"[2001:db8::2]:80\";proto=http"},
      {{{"2001:DB8:0::1", 4711}, {}, "", ""}, "for=\"[2001:db8::1]:4711\""},
      {{{"fe80::1%eth0", {}}, {}, "", ""}, "for=\"[fe80::1]\""},
      {{{"::1", {}}, ForwardedNode{"::1", 443}, "a.test", "https"},
       "for=\"[::1]\";by=\"[::1]:443\";host=a.test;proto=https"},
      {{{"192.0.2.1", 1}, ForwardedNode{"192.0.2.2", {}}, "", "http"}, "for=\"192.0.2.1:1\";by=192.0.2.2;proto=http"},
      // No address: a client on a Unix socket, or a name that a module has put in its place.
      {{{"", {}}, {}, "", "http"}, "for=unknown;proto=http"},
      {{{"/run/a.sock", {}}, {}, "", "http"}, "for=unknown;proto=http"},
      {{{"a.test", 80}, {}, "", ""}, "for=\"unknown:80\""},
      {{{"127.1", {}}, {}, "", ""}, "for=unknown"},
      // Odd hosts.
      {{{"192.0.2.1", {}}, {}, "xn--bcher-kva.test", "http"}, "for=192.0.2.1;host=xn--bcher-kva.test;proto=http"},
      {{{"192.0.2.1", {}}, {}, "a_b*!", "http"}, "for=192.0.2.1;host=a_b*!;proto=http"},
      {{{"192.0.2.1", {}}, {}, "a, for=10.0.0.1", ""}, "for=192.0.2.1;host=\"a, for=10.0.0.1\""},
      {{{"192.0.2.1", {}}, {}, "a;for=10.0.0.1", ""}, "for=192.0.2.1;host=\"a;for=10.0.0.1\""},
      {{{"192.0.2.1", {}}, {}, "a\";for=\"10.0.0.1", ""}, "for=192.0.2.1;host=\"a\\\";for=\\\"10.0.0.1\""},
      {{{"192.0.2.1", {}}, {}, "a\\", "http"}, "for=192.0.2.1;host=\"a\\\\\";proto=http"},
      {{{"192.0.2.1", {}}, {}, "a\\\"", "http"}, "for=192.0.2.1;host=\"a\\\\\\\"\";proto=http"},
      {{{"192.0.2.1", {}}, {}, "a\r\nX: y", ""}, "for=192.0.2.1;host=\"aX: y\""},
      {{{"192.0.2.1", {}}, {}, "\xc3\xa4.test", ""}, "for=192.0.2.1;host=\"\xc3\xa4.test\""},
      {{{"192.0.2.1", {}}, {}, "", "http;for=10.0.0.1"}, "for=192.0.2.1"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.text) {
      BOOST_TEST(toString(row.element) == row.text);
      BOOST_TEST(isForwardedList(row.text));
    }
}

BOOST_AUTO_TEST_CASE(a_list_whose_quotes_do_not_end_is_none) {
  for (const std::string& list : {"for=192.0.2.1"s, "for=\"[2001:db8::1]:80\";proto=http, for=unknown"s,
                                  "for=_hidden;host=\"a\\\"b\""s, "host=\"a\\\\\""s, "for=\"\""s})
    BOOST_TEST(isForwardedList(list), list);
  for (const std::string& list :
       {""s, "\""s, "for=\"192.0.2.1"s, "host=\"a\\\""s, "host=a\""s, "host=\"a\"\""s, "for=1\r\nX: y"s, "192.0.2.1"s})
    BOOST_TEST(!isForwardedList(list), list);
}

// Whatever stands in a Host, a reader that knows quotes sees one element, and as many parameters as were written.
BOOST_AUTO_TEST_CASE(no_host_breaks_out_of_its_quotes) {
  std::string everything;
  for (int byte = 0; byte < 256; ++byte) everything.push_back(static_cast<char>(byte));
  for (const std::string& host : {everything, "\""s, "\\"s, "\\\""s, "\"\\"s, "a\";by=\"x"s}) {
    const std::string text = toString({{"192.0.2.1", {}}, {}, host, "http"});
    bool isQuoted = false;
    std::size_t separators = 0;
    for (std::size_t place = 0; place < text.size(); ++place) {
      if (isQuoted && text[place] == '\\') {
        ++place;
      } else if (text[place] == '"') {
        isQuoted = !isQuoted;
      } else if (!isQuoted && (text[place] == ';' || text[place] == ',')) {
        ++separators;
      }
    }
    BOOST_TEST(!isQuoted, host);
    BOOST_TEST(separators == 2U, host);
    BOOST_TEST(text.ends_with(";proto=http"), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
