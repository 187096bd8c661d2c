// TLS to backends, against a server of OpenSSL's: who is trusted, which sessions are resumed, and what an idle
// connection may still hear.
#include <array>
#include <boost/test/unit_test.hpp>
#include <optional>

#include "common/net/connection.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tls_connection, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};

// Made once: keys cost time.
const CertificateAuthority& authority() {
  static const CertificateAuthority theAuthority;
  return theAuthority;
}
const CertificateAuthority& stranger() {
  static const CertificateAuthority theStranger;
  return theStranger;
}
const Identity& goodIdentity() {
  static const Identity identity = authority().issue("DNS:good.test,DNS:*.wild.test,DNS:w*.part.test,IP:127.0.0.1");
  return identity;
}

// A handshake that must succeed.
Handshake connected(const TlsServer& server, const TlsRequest& request) {
  Handshake made = shakeHands(server, request);
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  return made;
}

std::string readWithin(Connection& connection, milliseconds limit, IoState expected = IoState::kDone) {
  std::array<char, 100> buffer;
  const IoResult got = connection.readWithin(buffer, limit);
  BOOST_TEST(got.state == expected);
  return {buffer.data(), got.bytes};
}

// A first connection that lives until its session has come.
void leaveSession(const TlsServer& server, const TlsRequest& request) {
  const Handshake first = connected(server, request);
  first.peer->send("x");
  readWithin(**first.connection, kLong);
}

bool resumes(const TlsServer& server, const TlsRequest& request) {
  return connected(server, request).peer->isResumed();
}

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_go_both_ways) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  Connection& connection = **made.connection;
  std::array<char, 100> buffer;
  BOOST_TEST(connection.read(buffer).state == IoState::kWantRead);
  made.peer->send("hello");
  BOOST_TEST(readWithin(connection, kLong) == "hello");
  BOOST_TEST(connection.write(std::string_view("head "), std::string_view("body")).state == IoState::kDone);
  BOOST_TEST(connection.write({}, std::string_view("body")).bytes == 4u);
  BOOST_TEST(made.peer->receive(9) == "head body");
}

BOOST_AUTO_TEST_CASE(a_certificate_must_come_from_a_trusted_authority_for_this_name_and_this_time) {
  const Identity expired = authority().issue("DNS:good.test", Validity::kOver);
  const Identity foreign = stranger().issue("DNS:good.test");
  struct Row {
    const char* what;
    const Identity& identity;
    const char* name;
    std::string_view outcome;
  };
  const Row rows[] = {
      {"the right name", goodIdentity(), "good.test", "done"},
      {"without case", goodIdentity(), "GOOD.test", "done"},
      {"the right address", goodIdentity(), "127.0.0.1", "done"},
      {"a wildcard", goodIdentity(), "a.wild.test", "done"},
      {"another name", goodIdentity(), "other.test", "tls-untrusted"},
      {"a name below", goodIdentity(), "a.good.test", "tls-untrusted"},
      {"a name above", goodIdentity(), "test", "tls-untrusted"},
      {"two labels for a wildcard", goodIdentity(), "a.b.wild.test", "tls-untrusted"},
      {"no label for a wildcard", goodIdentity(), "wild.test", "tls-untrusted"},
      {"a part of a label", goodIdentity(), "www.part.test", "tls-untrusted"},
      {"the common name", goodIdentity(), "a server", "tls-untrusted"},
      {"another address", goodIdentity(), "127.0.0.2", "tls-untrusted"},
      {"a v6 address", goodIdentity(), "::1", "tls-untrusted"},
      {"an authority that is not trusted", foreign, "good.test", "tls-untrusted"},
      {"a time that is over", expired, "good.test", "tls-untrusted"},
      // SSL_set1_host() takes no name as "any name".
      {"no name", goodIdentity(), "", "tls-failed"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.what) {
      const TlsServer server(row.identity);
      BOOST_TEST(outcomeOf(shakeHands(server, {trusting(authority()), row.name}).connection) == row.outcome);
    }
}

BOOST_AUTO_TEST_CASE(an_untrusted_certificate_is_named_in_the_error) {
  const TlsServer server(stranger().issue("DNS:good.test"));
  const Handshake made = shakeHands(server, {trusting(authority())});
  BOOST_REQUIRE(!made.connection);
  BOOST_TEST(made.connection.error().detail.find("good.test") != std::string::npos);
  BOOST_TEST(made.connection.error().seen == Seen::kNothing);
}

BOOST_AUTO_TEST_CASE(without_verification_every_certificate_will_do) {
  const TlsServer server(stranger().issue("DNS:other.test", Validity::kOver));
  BOOST_TEST(outcomeOf(shakeHands(server, {trustingAll()}).connection) == "done");
}

BOOST_AUTO_TEST_CASE(the_name_is_sent_unless_it_is_an_address) {
  const TlsServer server(goodIdentity());
  BOOST_TEST(connected(server, {trusting(authority()), "good.test"}).peer->serverName() == "good.test");
  BOOST_TEST(connected(server, {trusting(authority()), "127.0.0.1"}).peer->serverName() == "");
}

BOOST_AUTO_TEST_CASE(a_protocol_that_is_offered_must_be_chosen) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) BOOST_TEST_CONTEXT("version " << std::hex << version) {
      const auto result = [&](std::optional<std::string> chosen, const std::string& offered) {
        TlsServer server(goodIdentity(), version);
        if (chosen) server.choose(*chosen);
        return shakeHands(server, {trusting(authority(), {.alpn = offered})}).connection;
      };
      BOOST_TEST(outcomeOf(result("h2", "h2")) == "done");
      for (const bool saysSo : {false, true}) {
        const auto refused = result(saysSo ? std::optional<std::string>{""} : std::nullopt, "h2");
        BOOST_REQUIRE_EQUAL(outcomeOf(refused), "tls-failed");
        BOOST_TEST(refused.error().detail == "the backend does not speak HTTP/2 (ALPN h2) on this port");
      }
      BOOST_TEST(outcomeOf(result("http/1.1", "h2")) == "tls-failed");
      BOOST_TEST(outcomeOf(result("h2c", "h2")) == "tls-failed");
      // The server's wish counts for nothing where nothing is offered.
      BOOST_TEST(outcomeOf(result("", "")) == "done");
      BOOST_TEST(outcomeOf(result("h2", "")) == "done");
    }
}

BOOST_AUTO_TEST_CASE(a_protocol_must_be_chosen_for_a_resumed_session_too) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) BOOST_TEST_CONTEXT("version " << std::hex << version) {
      TlsServer server(goodIdentity(), version);
      server.choose("h2");
      const TlsRequest request{trusting(authority(), {.alpn = "h2"})};
      leaveSession(server, request);
      leaveSession(server, request);
      BOOST_TEST(resumes(server, request));
      leaveSession(server, request);
      server.choose("http/1.1");
      BOOST_TEST(outcomeOf(shakeHands(server, request).connection) == "tls-failed");
    }
}

BOOST_AUTO_TEST_CASE(versions_before_tls_1_2_are_not_spoken) {
  const TlsServer old(goodIdentity(), TLS1_1_VERSION);
  BOOST_TEST(outcomeOf(shakeHands(old, {trustingAll()}).connection) == "tls-failed");
}

BOOST_AUTO_TEST_CASE(a_peer_that_speaks_no_tls_fails) {
  SocketPair pair = makeSocketPair();
  sendAll(pair.theirs.get(), "HTTP/1.1 400 Bad Request\r\n\r\n");
  BOOST_TEST(outcomeOf(secured(std::move(pair.ours), {trustingAll()}, kLong)) == "tls-failed");
}

BOOST_AUTO_TEST_CASE(a_peer_that_closes_in_place_of_a_handshake_fails) {
  SocketPair pair = makeSocketPair();
  pair.theirs = FileDescriptor();
  BOOST_TEST(outcomeOf(secured(std::move(pair.ours), {trustingAll()}, kLong)) == "tls-failed");
}

BOOST_AUTO_TEST_CASE(a_peer_that_says_nothing_times_out) {
  SocketPair pair = makeSocketPair();
  const auto result = secured(std::move(pair.ours), {trustingAll()}, milliseconds{20});
  BOOST_TEST(outcomeOf(result) == "connect-timeout");
}

BOOST_AUTO_TEST_CASE(a_failed_handshake_closes_the_descriptor) {
  SocketPair pair = makeSocketPair();
  sendAll(pair.theirs.get(), "no TLS here");
  (void)secured(std::move(pair.ours), {trustingAll()}, kLong);
  receiveUntilEnd(pair.theirs.get());
  BOOST_TEST(!sendAll(pair.theirs.get(), "x"));
}

BOOST_AUTO_TEST_CASE(the_second_connection_to_a_peer_resumes_the_session_of_the_first) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) BOOST_TEST_CONTEXT("version " << std::hex << version) {
      const TlsServer server(goodIdentity(), version);
      const TlsRequest request{trusting(authority())};
      leaveSession(server, request);
      const Handshake second = connected(server, request);
      BOOST_TEST(second.peer->isResumed());
      second.peer->send("hello");
      BOOST_TEST(readWithin(**second.connection, kLong) == "hello");
    }
}

BOOST_AUTO_TEST_CASE(a_session_belongs_to_its_peer_and_its_context) {
  const TlsServer server(goodIdentity());
  const TlsRequest request{trusting(authority())};
  leaveSession(server, request);
  BOOST_TEST(!resumes(server, {request.context, "good.test", "another peer"}));
  BOOST_TEST(!resumes(server, {trusting(authority())}));
}

// RFC 8446 C.4: a ticket used twice tells an observer that the two connections are one client's.
BOOST_AUTO_TEST_CASE(a_session_is_used_once) {
  const TlsServer server(goodIdentity());
  const TlsRequest request{trusting(authority())};
  leaveSession(server, request);
  BOOST_TEST(resumes(server, request));  // gone before it has taken in a ticket of its own
  BOOST_TEST(!resumes(server, request));
}

BOOST_AUTO_TEST_CASE(a_session_does_not_bring_the_wrong_name_through) {
  const TlsServer server(goodIdentity());
  const TlsRequest request{trusting(authority())};
  leaveSession(server, request);
  BOOST_TEST(outcomeOf(shakeHands(server, {request.context, "other.test", "other peer"}).connection) ==
             "tls-untrusted");
}

BOOST_AUTO_TEST_CASE(tickets_that_arrive_on_an_idle_connection_leave_it_usable) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  awaitReadable((*made.connection)->descriptor());
  BOOST_TEST((*made.connection)->isUsable());
  BOOST_TEST((*made.connection)->isUsable());
  made.peer->send("hello");
  BOOST_TEST(readWithin(**made.connection, kLong) == "hello");
}

BOOST_AUTO_TEST_CASE(an_idle_connection_that_got_stray_bytes_is_not_usable) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  BOOST_TEST((*made.connection)->isUsable());
  made.peer->send("x");
  BOOST_TEST(!(*made.connection)->isUsable());
}

BOOST_AUTO_TEST_CASE(an_idle_connection_that_has_ended_is_not_usable) {
  const TlsServer server(goodIdentity());
  const Handshake orderly = connected(server, {trusting(authority())});
  orderly.peer->endWriting();
  BOOST_TEST(!(*orderly.connection)->isUsable());
  const Handshake abrupt = connected(server, {trusting(authority())});
  abrupt.peer->close();
  BOOST_TEST(!(*abrupt.connection)->isUsable());
  const Handshake garbled = connected(server, {trusting(authority())});
  garbled.peer->sendRaw("HTTP/1.1 408 Request Timeout\r\n\r\n");
  BOOST_TEST(!(*garbled.connection)->isUsable());
}

// A body that ends with the connection would else be cut short by whoever can send a FIN.
BOOST_AUTO_TEST_CASE(a_fin_without_the_end_of_tls_is_no_orderly_end) {
  const TlsServer server(goodIdentity());
  const Handshake orderly = connected(server, {trusting(authority())});
  orderly.peer->endWriting();
  readWithin(**orderly.connection, kLong, IoState::kClosed);
  const Handshake abrupt = connected(server, {trusting(authority())});
  abrupt.peer->close();
  readWithin(**abrupt.connection, kLong, IoState::kFailed);
}

BOOST_AUTO_TEST_CASE(a_read_within_a_limit_gives_up_when_nothing_comes) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  readWithin(**made.connection, milliseconds{5}, IoState::kWantRead);
  readWithin(**made.connection, milliseconds{0}, IoState::kWantRead);
  made.peer->sendRaw("\x17\x03");  // the beginning of a record
  readWithin(**made.connection, milliseconds{5}, IoState::kWantRead);
}

BOOST_AUTO_TEST_CASE(what_is_left_of_a_record_shows_as_buffered) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  Connection& connection = **made.connection;
  BOOST_TEST(!connection.hasBufferedInput());
  made.peer->send("hello");
  char first = 0;
  BOOST_TEST(connection.readWithin({&first, 1}, kLong).bytes == 1u);
  BOOST_TEST(connection.hasBufferedInput());
  BOOST_TEST(readWithin(connection, kLong) == "ello");
  BOOST_TEST(!connection.hasBufferedInput());
}

// Who takes it for something that a read would yield reads again and again, and never waits.
BOOST_AUTO_TEST_CASE(a_part_of_a_record_is_nothing_that_a_read_would_yield) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  readWithin(**made.connection, milliseconds{5}, IoState::kWantRead);
  made.peer->sendRaw("\x17\x03");
  readWithin(**made.connection, milliseconds{5}, IoState::kWantRead);
  BOOST_TEST(!(*made.connection)->hasBufferedInput());
}

BOOST_AUTO_TEST_CASE(after_the_end_of_writing_the_peer_can_still_answer) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  (*made.connection)->endWriting();
  BOOST_TEST(made.peer->receive(1) == "");
  made.peer->send("answer");
  BOOST_TEST(readWithin(**made.connection, kLong) == "answer");
}

BOOST_AUTO_TEST_CASE(a_peer_that_does_not_read_stops_the_writing_without_blocking) {
  const TlsServer server(goodIdentity());
  const Handshake made = connected(server, {trusting(authority())});
  const std::string bytes(1 << 20, 'x');
  std::string_view rest = bytes;
  IoResult written;
  while ((written = (*made.connection)->write(rest, {})).state == IoState::kDone) rest.remove_prefix(written.bytes);
  BOOST_TEST(written.state == IoState::kWantWrite);
  BOOST_TEST(made.peer->receive(bytes.size() - rest.size()).size() == bytes.size() - rest.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
