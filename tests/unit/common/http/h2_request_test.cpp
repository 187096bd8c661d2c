// Heads and trailers of requests as HTTP/2 carries them.
#include "common/http/h2_request.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(h2_request)

namespace {

std::string shown(const H2Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += name + "=" + value + ";";
  return text;
}

std::string made(const RequestHead& head) {
  const auto request = makeH2Request(head, "https");
  return request ? shown(request->fields) : std::string{traitsOf(request.error().kind).name};
}

}  // namespace

BOOST_AUTO_TEST_CASE(host_becomes_the_authority_and_names_lower_case) {
  BOOST_TEST(made({"GET", "/a?b", {{"Host", "h:1"}, {"Accept", " x "}}, {}}) ==
             ":method=GET;:scheme=https;:path=/a?b;:authority=h:1;accept=x;");
}

BOOST_AUTO_TEST_CASE(lengths_are_told_and_chunks_are_not) {
  BOOST_TEST(made({"PUT", "/", {}, {BodyFraming::Kind::kLength, 7}}) ==
             ":method=PUT;:scheme=https;:path=/;content-length=7;");
  BOOST_TEST(made({"PUT", "/", {}, {BodyFraming::Kind::kChunked, 0}}) == ":method=PUT;:scheme=https;:path=/;");
  BOOST_TEST(!H2Request({{}, {BodyFraming::Kind::kLength, 0}}).hasBody());
  BOOST_TEST(H2Request({{}, {BodyFraming::Kind::kChunked, 0}}).hasBody());
}

BOOST_AUTO_TEST_CASE(fields_of_one_connection_are_left_out) {
  const HeaderFields fields = {{"Connection", "close"},   {"Keep-Alive", "1"}, {"Upgrade", "x"},
                               {"Proxy-Connection", "x"}, {"TE", "gzip"},      {"b", "c"},
                               {"HTTP2-Settings", "x"}};
  BOOST_TEST(made({"GET", "/", fields, {}}) == ":method=GET;:scheme=https;:path=/;b=c;");
  BOOST_TEST(made({"GET", "/", {{"TE", "gzip, Trailers"}}, {}}) == ":method=GET;:scheme=https;:path=/;te=trailers;");
}

BOOST_AUTO_TEST_CASE(bytes_that_may_not_stand_there_are_refused) {
  BOOST_TEST(made({"G T", "/", {}, {}}) == "request-refused");
  BOOST_TEST(made({"GET", "/ x", {}, {}}) == "request-refused");
  BOOST_TEST(made({"GET", "/", {{"a b", "x"}}, {}}) == "request-refused");
  BOOST_TEST(made({"GET", "/", {{":path", "/other"}}, {}}) == "request-refused");
  BOOST_TEST(made({"GET", "/", {{"a", "x\r\ny"}}, {}}) == "request-refused");
  BOOST_TEST(made({"GET", "/", {{"Host", "x\ny"}}, {}}) == "request-refused");
}

BOOST_AUTO_TEST_CASE(trailers_are_what_may_follow_a_body) {
  BOOST_TEST(shown(makeH2Trailers({{"Grpc-Status", "0"}, {"Content-Length", "3"}, {"Connection", "x"}, {"a", "\n"}})) ==
             "grpc-status=0;");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
