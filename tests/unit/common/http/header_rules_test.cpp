// Which fields go on, which can be nominated for removal, and which bytes may stand in a head.
#include "common/http/header_rules.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(header_rules)

namespace {

bool removes(std::initializer_list<std::string_view> connectionFields, std::string_view name) {
  HeaderFields fields{{"Accept", "x-other"}};
  for (const std::string_view value : connectionFields) fields.push_back({"cOnnection", value});
  return ConnectionOptions(fields).removes(name);
}

// "name: value" of each field, one a line.
std::string shown(const HeaderFields& fields) {
  std::string text;
  for (const HeaderField& field : fields) text.append(field.name).append(": ").append(field.value).append("\n");
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(fields_of_one_connection_never_go_on) {
  for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
                           "TE", "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "transfer-ENCODING"}) {
    BOOST_TEST(isHopByHop(name), name);
    BOOST_TEST(removes({}, name), name);
  }
  for (const char* name : {"Host", "Content-Length", "Via", "Date", "Trailer", "Connections", "T", ""}) {
    BOOST_TEST(!isHopByHop(name), name);
    BOOST_TEST(!removes({}, name), name);
  }
}

BOOST_AUTO_TEST_CASE(what_connection_nominates_is_removed) {
  BOOST_TEST(removes({"X-One"}, "x-one"));
  BOOST_TEST(removes({"close, X-One ,, \tx-two\t"}, "X-Two"));
  BOOST_TEST(removes({"close", "x-one", "x-two"}, "X-Two"));
  BOOST_TEST(!removes({"X-One"}, "X-Ones"));
  BOOST_TEST(!removes({"X-One"}, "X-On"));
  BOOST_TEST(!removes({"X One"}, "X"));
  BOOST_TEST(!removes({"X-One"}, "X-Other"));
}

BOOST_AUTO_TEST_CASE(what_a_backend_relies_on_cannot_be_nominated) {
  for (const std::string_view name : {"Host", "HOST", "Forwarded", "Authorization", "Content-Length", "X-Forwarded-For",
                                      "X-Forwarded-Host", "X-Forwarded-Proto", "x-forwarded-anything"})
    BOOST_TEST(!removes({name, "close"}, name), name);
}

BOOST_AUTO_TEST_CASE(an_option_is_found_in_any_connection_field) {
  const HeaderFields fields{{"Connection", "keep-alive"}, {"Other", "upgrade"}, {"connection", " , Close"}};
  const ConnectionOptions options(fields);
  BOOST_TEST(options.has("close"));
  BOOST_TEST(options.has("Keep-Alive"));
  BOOST_TEST(!options.has("upgrade"));
  const std::vector<std::string_view> all{"keep-alive", "Close"};
  BOOST_TEST(options.all() == all, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_fields_that_go_on_keep_their_order_and_repetition) {
  const HeaderFields received{{"Host", "a"},           {"X-A", "1"},           {"Connection", "X-Gone, Host"},
                              {"X-Gone", "x"},         {"x-a", "2"},           {"Content-Length", "5"},
                              {"TE", "trailers"},      {"Authorization", "b"}, {"Expect", "100-continue"},
                              {"X-Forwarded-For", ""}, {"x-gone", "y"}};
  BOOST_TEST(shown(forwardableFields(received)) ==
             "X-A: 1\nx-a: 2\nAuthorization: b\nX-Forwarded-For: \nTE: trailers\nConnection: TE\n");
}

BOOST_AUTO_TEST_CASE(what_may_not_be_believed_is_no_trailer) {
  for (const char* name : {"grpc-status", "X-Sum", "Digest", "ETag", "Server-Timing"})
    BOOST_TEST(isTrailer(name), name);
  for (const char* name : {"Content-Length", "transfer-encoding", "Host", "Set-Cookie", "Authorization", "Connection",
                           "X-Forwarded-For", "Trailer", "b a d", ""})
    BOOST_TEST(!isTrailer(name), name);
}

BOOST_AUTO_TEST_CASE(a_promise_of_idle_time_is_read_strictly) {
  const auto promised = [](std::string_view value) {
    const HeaderFields fields{{"Keep-Alive", value}};
    const auto span = promisedIdleTime(fields);
    return span ? span->count() : -1;
  };
  BOOST_TEST(promised("timeout=5") == 5000);
  BOOST_TEST(promised("max=100, Timeout=65") == 65'000);
  BOOST_TEST(promised("timeout=0") == 0);
  for (const char* value :
       {"", "300", "timeout", "timeout=", "timeout=-1", "timeout=5s", "timeout=99999999999999999999"})
    BOOST_TEST(promised(value) == -1, value);
  BOOST_TEST(!promisedIdleTime({}).has_value());
}

BOOST_AUTO_TEST_CASE(a_token_is_made_of_token_characters_alone) {
  constexpr std::string_view kAllowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    const bool allowed = kAllowed.find(character) != std::string_view::npos;
    BOOST_TEST(isToken({&character, 1}) == allowed, "byte " << byte);
    BOOST_TEST(isToken(std::string{"a"} + character + "b") == allowed, "byte " << byte);
  }
  BOOST_TEST(!isToken(""));
}

BOOST_AUTO_TEST_CASE(a_field_value_holds_no_control_character_but_the_tab) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    BOOST_TEST(isFieldValue(std::string{"a"} + static_cast<char>(byte) + "b") == allowed, "byte " << byte);
  }
  BOOST_TEST(isFieldValue(""));
}

BOOST_AUTO_TEST_CASE(a_request_target_is_visible_ascii_without_a_fragment) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte > 0x20 && byte < 0x7f && byte != '#';
    BOOST_TEST(isRequestTarget(std::string{"/"} + static_cast<char>(byte)) == allowed, "byte " << byte);
  }
  BOOST_TEST(!isRequestTarget(""));
}

BOOST_AUTO_TEST_CASE(via_is_appended_to_what_came) {
  BOOST_TEST(appendedVia("", "1.1", "proxy:80") == "1.1 proxy:80");
  BOOST_TEST(appendedVia("1.0 a, 1.1 b", "1.1", "c") == "1.0 a, 1.1 b, 1.1 c");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
