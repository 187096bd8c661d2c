// Which protocols may be tunnelled, and which of those that a client asks for are offered on.
#include "common/http/upgrade.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(upgrade)

BOOST_AUTO_TEST_CASE(protocols_are_written_as_a_list_of_tokens) {
  struct Row {
    std::string_view text;
    std::string_view list;
  };
  const Row rows[] = {
      {"websocket", "websocket"},
      {"websocket,foo", "websocket, foo"},
      {" websocket ,, foo/1.2 ,", "websocket, foo/1.2"},
      {"WebSocket", "WebSocket"},
      {"None", ""},
      {"nONE", ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.text << "\"") {
      const auto read = readUpgrade(row.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(read), "done");
      BOOST_TEST(*read == row.list);
    }
}

// Through h2c or TLS the tunnel would carry requests past everything that judges them.
BOOST_AUTO_TEST_CASE(what_is_no_protocol_or_carries_http_is_refused) {
  for (const std::string_view text :
       {"", ",", " ", "web socket", "websocket/", "/13", "a/b/c", "a\rb", "a\"b", "h2c", "H2C", "h2", "websocket,h2c",
        "HTTP/2.0", "http/1.1", "TLS/1.0", "tls", "websocket, TLS/1.2"})
    BOOST_TEST_CONTEXT("\"" << text << "\"") {
      const auto read = readUpgrade(text);
      BOOST_REQUIRE(!read);
      BOOST_TEST(read.error().detail.find(": write ") != std::string::npos, read.error().detail);
    }
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_and_allowed_is_offered) {
  struct Row {
    std::string_view asked;
    std::string_view allowed;
    std::string_view offered;
  };
  const Row rows[] = {
      {"websocket", "websocket", "websocket"},
      {"WebSocket", "websocket", "WebSocket"},
      {"h2c, websocket", "websocket", "websocket"},
      {"h2c", "websocket", ""},
      {"foo, websocket", "websocket, foo", "foo, websocket"},
      {"websocket", "", ""},
      {"", "websocket", ""},
      {"websocket/13", "websocket", ""},
      {"websocket", "websocket/13", ""},
      {"websockets, xwebsocket", "websocket", ""},
      {"websocket\r\nX: y", "websocket", ""},
      {"websocket;q=1", "websocket", ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.asked << "\" of \"" << row.allowed << "\"") {
      BOOST_TEST(offeredUpgrade(row.asked, row.allowed) == row.offered);
    }
}

BOOST_AUTO_TEST_CASE(an_offer_is_two_fields_and_no_offer_is_none) {
  HeaderFields fields;
  offerUpgrade(fields, "");
  BOOST_TEST(fields.empty());
  offerUpgrade(fields, "websocket");
  BOOST_REQUIRE(fields.size() == 2u);
  BOOST_TEST(findField(fields, "Connection")->value == "Upgrade");
  BOOST_TEST(findField(fields, "Upgrade")->value == "websocket");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
