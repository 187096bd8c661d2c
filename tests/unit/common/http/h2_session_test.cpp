// The client's side of one HTTP/2 connection against nghttp2's server side: what comes of good responses, of bad ones,
// and of a peer that goes.
#include "common/http/h2_session.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/h2_server.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(h2_session, *boost::unit_test::timeout(60))

namespace {

// Remembers what it is told, in one line.
class Told final : public H2StreamEvents {
 public:
  std::string story;
  std::string received;
  std::optional<Error> error;
  std::string body;  // to be sent
  bool bodyIsWhole = true;
  H2Fields requestTrailers;

  void onHead(const ResponseHead& head, bool ends) override {
    story += (ends ? "whole " : "head ") + std::to_string(head.status) + ";";
    for (const HeaderField& field : head.fields)
      if (field.name != "date") story += std::string{field.name} + "=" + std::string{field.value} + ";";
  }
  void onBody(std::span<const char> bytes) override { received.append(bytes.data(), bytes.size()); }
  void onTrailers(const HeaderFields& fields) override {
    story += "trailers;";
    for (const HeaderField& field : fields) story += std::string{field.name} + "=" + std::string{field.value} + ";";
  }
  void onEnd() override { story += "end"; }
  void onFailed(Error told) override {
    story += traitsOf(told.kind).name;
    error = std::move(told);
  }
  H2BodyPart takeBody(std::span<char> into) override {
    const std::size_t size = std::min(into.size(), body.size());
    std::copy_n(body.begin(), size, into.begin());
    body.erase(0, size);
    using State = H2BodyPart::State;
    return {!body.empty() ? State::kMore : bodyIsWhole ? State::kEnd : State::kNotYet, size};
  }
  H2Fields takeTrailers() override { return requestTrailers; }
};

H2Request request(std::string method = "GET", BodyFraming framing = {}) {
  return {{{":method", std::move(method)}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}, framing};
}
constexpr BodyFraming kStreamed{BodyFraming::Kind::kChunked, 0};

// A session that has met its server, and has one stream.
struct One {
  explicit One(const H2Request& asked = request(), std::shared_ptr<Told> hears = std::make_shared<Told>())
      : told(std::move(hears)) {
    BOOST_REQUIRE(talk(session, server));
    auto opened = session.open(asked, told);
    BOOST_REQUIRE(opened);
    id = *opened;
    BOOST_REQUIRE(talk(session, server));
  }
  const std::string& answered(H2Server::Response response) {
    server.respond(id, std::move(response));
    BOOST_REQUIRE(talk(session, server));
    return told->story;
  }

  H2Session session;
  H2Server server;
  std::shared_ptr<Told> told;
  H2Session::Stream id = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(takes_no_streams_before_the_peer_has_shown_that_it_speaks_http2) {
  H2Session session;
  H2Server server(7);
  BOOST_TEST(!session.isReady());
  BOOST_TEST(session.freeStreams() == 0U);
  BOOST_REQUIRE(talk(session, server));
  BOOST_TEST(session.isReady());
  BOOST_TEST(session.freeStreams() == 7U);
  BOOST_TEST(session.streamLimit() == 7U);
}

BOOST_AUTO_TEST_CASE(a_peer_that_speaks_something_else_is_named_so) {
  H2Session session;
  std::string hello;
  BOOST_REQUIRE(session.output(hello, 100'000));
  const std::string other = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const Outcome fed = session.feed(other);
  std::string rest;
  (void)session.output(rest, 100'000);
  BOOST_TEST((!fed || session.isOver()));
  BOOST_TEST(session.endOf().detail.find("does not speak HTTP/2") != std::string::npos);
  BOOST_TEST(session.endOf().detail.find("HTTP/1.1 400") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_response_with_body_and_trailers) {
  One one;
  BOOST_TEST(one.server.requests[one.id].fields[":path"] == "/");
  BOOST_TEST(one.server.requests[one.id].ended);
  BOOST_TEST(one.answered({{{":status", "200"}, {"a", "b"}}, "hello", {{"grpc-status", "0"}}}) ==
             "head 200;a=b;trailers;grpc-status=0;end");
  BOOST_TEST(one.told->received == "hello");
  BOOST_TEST(one.session.openStreams() == 0U);
}

BOOST_AUTO_TEST_CASE(a_head_that_ends_the_stream) {
  One one;
  one.server.sendHead(one.id, {{":status", "200"}, {"grpc-status", "5"}}, true);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.told->story == "whole 200;grpc-status=5;end");
}

BOOST_AUTO_TEST_CASE(interim_responses_come_before_and_are_counted) {
  One one;
  one.server.sendHead(one.id, {{":status", "103"}, {"link", "x"}}, false);
  one.server.sendHead(one.id, {{":status", "103"}}, false);
  BOOST_TEST(one.answered({{{":status", "200"}}, ""}) == "head 103;link=x;head 103;head 200;end");
  One many;
  for (int count = 0; count < 65; ++count) many.server.sendHead(many.id, {{":status", "103"}}, false);
  BOOST_REQUIRE(talk(many.session, many.server));
  BOOST_TEST(many.told->story.ends_with("malformed-response"));
}

BOOST_AUTO_TEST_CASE(responses_that_http2_does_not_allow_fail_their_stream_alone) {
  const std::vector<H2Server::Response> kBad = {
      {{{"a", "b"}}, ""},                                        // no status
      {{{":status", "200"}, {"connection", "close"}}, ""},       // of HTTP/1.1
      {{{":status", "200"}, {"transfer-encoding", "x"}}, ""},    //
      {{{":status", "101"}}, ""},                                // no protocol is switched
      {{{":status", "200"}, {"a", "x\ry"}}, ""},                 // could split a head of HTTP/1.1
      {{{":status", "200"}, {"a", std::string("x\0y", 3)}}, ""}  //
  };
  for (const H2Server::Response& bad : kBad) {
    One one;
    const auto other = std::make_shared<Told>();
    const auto id = one.session.open(request(), other);
    BOOST_REQUIRE(id);
    BOOST_TEST(one.answered(bad) == "malformed-response", "for " + bad.fields.back().name);
    BOOST_TEST(one.told->error->seen == Seen::kMaybeRan);
    one.server.respond(*id, {{{":status", "200"}}, "well"});
    BOOST_REQUIRE(talk(one.session, one.server));
    BOOST_TEST(other->story == "head 200;end");
  }
}

BOOST_AUTO_TEST_CASE(a_body_of_the_wrong_length_is_broken) {
  One shorter;
  BOOST_TEST(shorter.answered({{{":status", "200"}, {"content-length", "9"}}, "hello"}) ==
             "head 200;content-length=9;broken-body");
  BOOST_TEST(shorter.told->error->seen == Seen::kRan);
  One longer;
  BOOST_TEST(longer.answered({{{":status", "200"}, {"content-length", "3"}}, "hello"}) ==
             "head 200;content-length=3;broken-body");
}

BOOST_AUTO_TEST_CASE(what_has_no_body_gets_none) {
  One head(request("HEAD"));
  head.server.sendHead(head.id, {{":status", "200"}, {"content-length", "9"}}, true);
  BOOST_REQUIRE(talk(head.session, head.server));
  BOOST_TEST(head.told->story == "whole 200;content-length=9;end");
  for (const char* status : {"204", "304"}) {
    One bad;
    BOOST_TEST(bad.answered({{{":status", status}}, "body"}).ends_with("broken-body"));
    BOOST_TEST(bad.told->received.empty());
  }
}

BOOST_AUTO_TEST_CASE(heads_are_limited) {
  One large;
  BOOST_TEST(large.answered({{{":status", "200"}, {"a", std::string(40'000, 'x')}, {"b", std::string(30'000, 'x')}},
                             ""}) == "oversized-head");
  One many;
  H2Fields fields{{":status", "200"}};
  for (int count = 0; count < 301; ++count) fields.push_back({"a" + std::to_string(count), "x"});
  BOOST_TEST(many.answered({fields, ""}) == "oversized-head");
  fields.pop_back();
  One most;
  BOOST_TEST(most.answered({fields, ""}).ends_with("end"));
}

BOOST_AUTO_TEST_CASE(a_reset_is_an_error_of_that_stream) {
  One one;
  one.server.reset(one.id, NGHTTP2_INTERNAL_ERROR);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.told->story == "stream-reset");
  BOOST_TEST(one.told->error->seen == Seen::kMaybeRan);
  BOOST_TEST(one.told->error->detail.find("INTERNAL_ERROR") != std::string::npos);
  BOOST_TEST(one.session.freeStreams() == 100U);
  One within;
  within.server.respond(within.id, {{{":status", "200"}}, "hello", {}, false});
  BOOST_REQUIRE(talk(within.session, within.server));
  within.server.reset(within.id, NGHTTP2_CANCEL);
  BOOST_REQUIRE(talk(within.session, within.server));
  BOOST_TEST(within.told->story == "head 200;stream-reset");
  BOOST_TEST(within.told->error->seen == Seen::kRan);
}

BOOST_AUTO_TEST_CASE(a_refused_stream_has_not_been_seen) {
  One one;
  one.server.reset(one.id, NGHTTP2_REFUSED_STREAM);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.told->story == "closed-early");
  BOOST_TEST(one.told->error->seen == Seen::kNothing);
}

BOOST_AUTO_TEST_CASE(goaway_tells_which_requests_were_taken) {
  One one;
  const auto second = std::make_shared<Told>();
  BOOST_REQUIRE(one.session.open(request("POST"), second));
  BOOST_REQUIRE(talk(one.session, one.server));
  one.server.goAway(one.id, NGHTTP2_NO_ERROR);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(second->story == "closed-early");
  BOOST_TEST(second->error->seen == Seen::kNothing);
  BOOST_TEST(one.session.freeStreams() == 0U);
  BOOST_TEST(!one.session.isOver());
  BOOST_TEST(one.answered({{{":status", "200"}}, ""}) == "head 200;end");
  BOOST_TEST(one.session.isOver());
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_lost_fails_all_its_streams) {
  One one;
  one.server.respond(one.id, {{{":status", "200"}}, "hello", {}, false});
  BOOST_REQUIRE(talk(one.session, one.server));
  const auto sent = std::make_shared<Told>();
  BOOST_REQUIRE(one.session.open(request(), sent));
  BOOST_REQUIRE(talk(one.session, one.server));
  const auto unsent = std::make_shared<Told>();
  BOOST_REQUIRE(one.session.open(request(), unsent));
  one.session.lost("gone");
  BOOST_TEST(one.told->story == "head 200;broken-body");
  BOOST_TEST(sent->story == "closed-early");
  BOOST_TEST(sent->error->seen == Seen::kMaybeRan);
  BOOST_TEST(unsent->story == "closed-early");
  BOOST_TEST(unsent->error->seen == Seen::kNothing);
  BOOST_TEST(one.session.openStreams() == 0U);
}

BOOST_AUTO_TEST_CASE(request_bodies_go_as_they_come_with_trailers_behind) {
  const auto told = std::make_shared<Told>();
  told->bodyIsWhole = false;
  One one(request("POST", kStreamed), told);
  told->body = "first ";
  one.session.bodyIsReady(one.id);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.server.requests[one.id].body == "first ");
  BOOST_TEST(!one.server.requests[one.id].ended);
  told->body = "second";
  told->bodyIsWhole = true;
  told->requestTrailers = {{"checksum", "7"}};
  one.session.bodyIsReady(one.id);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.server.requests[one.id].body == "first second");
  BOOST_TEST(one.server.requests[one.id].trailers["checksum"] == "7");
  BOOST_TEST(one.server.requests[one.id].ended);
}

BOOST_AUTO_TEST_CASE(a_response_that_ends_before_its_request_ends_both) {
  const auto told = std::make_shared<Told>();
  told->bodyIsWhole = false;
  One one(request("POST", kStreamed), told);
  BOOST_TEST(one.answered({{{":status", "413"}}, "no"}) == "head 413;end");
  BOOST_TEST(one.server.requests[one.id].resetBy.value_or(0) == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  BOOST_TEST(one.session.openStreams() == 0U);
}

BOOST_AUTO_TEST_CASE(the_peers_window_holds_for_requests) {
  constexpr std::size_t kDefaultWindow = 65'535;
  const auto told = std::make_shared<Told>();
  told->body = std::string(200'000, 'x');
  One one(request("POST", kStreamed), told);
  BOOST_TEST(one.server.requests[one.id].body.size() == kDefaultWindow);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_not_consumed_stalls_alone) {
  constexpr std::size_t kBody = 1'000'000;
  One one;
  one.server.respond(one.id, {{{":status", "200"}}, std::string(kBody, 'x')});
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.told->received.size() == H2Session::kStreamWindow);
  for (int count = 0; count < 100; ++count) {
    const auto other = std::make_shared<Told>();
    const auto id = one.session.open(request(), other);
    BOOST_REQUIRE(id);
    one.server.respond(*id, {{{":status", "200"}}, std::string(200'000, 'y')});
    BOOST_REQUIRE(talk(one.session, one.server));
    BOOST_TEST(other->story == "head 200;end");
  }
  BOOST_TEST(one.told->received.size() == H2Session::kStreamWindow);
  while (!one.told->story.ends_with("end")) {
    one.session.consumed(one.id, H2Session::kStreamWindow);
    const std::size_t before = one.told->received.size();
    BOOST_REQUIRE(talk(one.session, one.server));
    BOOST_REQUIRE(one.told->received.size() > before);
  }
  BOOST_TEST(one.told->received.size() == kBody);
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_cancelled_is_reset_and_says_no_more) {
  One one;
  one.server.respond(one.id, {{{":status", "200"}}, "hello", {}, false});
  BOOST_REQUIRE(talk(one.session, one.server));
  one.session.cancel(one.id);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.server.requests[one.id].resetBy.value_or(0) == static_cast<std::uint32_t>(NGHTTP2_CANCEL));
  BOOST_TEST(one.told->story == "head 200;");
  BOOST_TEST(one.session.openStreams() == 0U);
  // One whose head has not gone yet never goes.
  const auto id = one.session.open(request(), std::make_shared<Told>());
  BOOST_REQUIRE(id);
  one.session.cancel(*id);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(!one.server.requests.contains(*id));
  BOOST_TEST(one.session.openStreams() == 0U);
}

BOOST_AUTO_TEST_CASE(a_session_without_streams_closes_with_goaway) {
  One one;
  one.answered({{{":status", "200"}}, ""});
  one.session.close();
  BOOST_TEST(one.session.freeStreams() == 0U);
  BOOST_REQUIRE(talk(one.session, one.server));
  BOOST_TEST(one.server.sawGoAway);
  BOOST_TEST(one.session.isOver());
}

BOOST_AUTO_TEST_CASE(rules_broken_on_the_connection_end_it_with_a_reason) {
  One one;
  // WINDOW_UPDATE by zero, of the connection.
  const std::string frame("\0\0\4\x8\0\0\0\0\0\0\0\0\0", 13);
  (void)one.session.feed(frame);
  std::string out;
  (void)one.session.output(out, 100'000);
  BOOST_TEST(one.session.isOver());
  BOOST_TEST(one.session.endOf().detail.find("broke the rules of HTTP/2") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
