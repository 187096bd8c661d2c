// URLs of parent proxies: what may be written, and that a mistake never repeats the password.
#include "common/http/parent_url.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(parent_url)

BOOST_AUTO_TEST_CASE(a_parent_is_read_from_its_url) {
  struct Row {
    std::string_view text;
    std::string_view destination;
    std::string_view user;
    std::string_view password;
  };
  const Row rows[] = {
      {"http://parent.test:3128", "parent.test:3128", "", ""},
      {"HTTP://Parent.Test.:3128/", "parent.test:3128", "", ""},
      {"http://[2001:db8::1]:80", "[2001:db8::1]:80", "", ""},
      {"http://user:secret@parent.test:3128", "parent.test:3128", "user", "secret"},
      {"http://user:@parent.test:3128", "parent.test:3128", "user", ""},
      {"http://us%20er:a:b@c%3A%40%2F%25@parent.test:3128", "parent.test:3128", "us er", "a:b@c:@/%"},
      {"http://user:p/q?r#s@parent.test:3128", "parent.test:3128", "user", "p/q?r#s"},
      {"http://\xc3\xa4:\xc3\xb6@parent.test:3128", "parent.test:3128", "\xc3\xa4", "\xc3\xb6"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.text) {
      const auto parent = readParent(row.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(parent), "done");
      BOOST_TEST((*parent)->destination.toString() == row.destination);
      BOOST_TEST((*parent)->user == row.user);
      BOOST_TEST((*parent)->password == row.password);
    }
  BOOST_TEST(*readParent("None") == nullptr);
  BOOST_TEST(*readParent("none") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_mistake_says_what_to_write_and_nothing_that_is_secret) {
  for (const std::string_view text : {"",
                                      "secret",
                                      "parent.test:3128",
                                      "https://user:secret@parent.test:3128",
                                      "socks5://user:secret@parent.test:1",
                                      "http://parent.test",
                                      "http://user:secret@parent.test",
                                      "http://user:secret@",
                                      "http://@parent.test:3128",
                                      "http://secret@parent.test:3128",
                                      "http://:secret@parent.test:3128",
                                      "http://us%3Aer:secret@parent.test:3128",
                                      "http://user:secret%@parent.test:3128",
                                      "http://user:secret%4@parent.test:3128",
                                      "http://user:secret%0d%0aX@parent.test:3128",
                                      "http://user:secret%00@parent.test:3128",
                                      "http://user:secret:parent.test:3128",
                                      "http://user:secret@parent.test:0",
                                      "http://user:secret@127.1:3128",
                                      "http://user:secret@parent.test:3128/path",
                                      "http://user:secret@parent.test:3128?x",
                                      "http://user:secret@parent.test:3128 "})
    BOOST_TEST_CONTEXT("\"" << text << "\"") {
      const auto parent = readParent(text);
      BOOST_REQUIRE(!parent);
      const std::string& said = parent.error().detail;
      BOOST_TEST(said.find("write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or None") != std::string::npos,
                 said);
      BOOST_TEST(said.find("secret") == std::string::npos, said);
    }
}

// What opens different tunnels must never be taken for the same.
BOOST_AUTO_TEST_CASE(identities_differ_where_anything_does) {
  const std::string_view texts[] = {"http://a.test:1",     "http://a.test:11",    "http://b.test:1",
                                    "http://u:p@a.test:1", "http://u:q@a.test:1", "http://up:@a.test:1",
                                    "http://v:p@a.test:1", "http://u:p@b.test:1", "http://u:p@a.test:2"};
  for (const auto left : texts)
    for (const auto right : texts)
      BOOST_TEST(((*readParent(left))->identity() == (*readParent(right))->identity()) == (left == right),
                 left << " and " << right);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
