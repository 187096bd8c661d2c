// Who the proxy is to a backend, and what it insists on: its certificate, revoked ones of backends, versions, ciphers.
#include <array>
#include <boost/test/unit_test.hpp>

#include "common/net/connection.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tls_identity, *boost::unit_test::timeout(120))

namespace {

constexpr milliseconds kLong{20'000};

// Made once: keys cost time.
const CertificateAuthority& authority() {
  static const CertificateAuthority theAuthority;
  return theAuthority;
}
const Identity& goodIdentity() {
  static const Identity identity = authority().issue("DNS:good.test");
  return identity;
}

std::shared_ptr<const TlsIdentity> issuedBy(const CertificateAuthority& issuer, Validity validity = Validity::kNow) {
  const Identity made = issuer.issue("DNS:us.test", validity);
  const PemFile file(pemOf(made.certificate.get()) + pemOf(made.key.get()));
  return *TlsIdentity::fromFiles(file.path(), file.path());
}

std::shared_ptr<const TlsRevocations> revocations(const std::string& lists) {
  return *TlsRevocations::fromFile(PemFile(lists).path());
}

// How a client with that identity fares: the error of the handshake, or of the first read behind it.
Error fate(const TlsServer& server, std::shared_ptr<const TlsIdentity> identity) {
  const Handshake made = shakeHands(server, {trusting(authority(), {.identity = std::move(identity)})});
  if (!made.connection) return made.connection.error();
  made.peer->send("hello");
  std::array<char, 100> buffer;
  const IoResult got = (*made.connection)->readWithin(buffer, kLong);
  if (got.state == IoState::kDone) return failure(ErrorKind::kInternal, {buffer.data(), got.bytes});
  return (*made.connection)->failureOfRead().value_or(failure(ErrorKind::kInternal, "no reason"));
}

}  // namespace

// Up to TLS 1.2 the handshake fails; in 1.3 it is over for the client when the server looks.
BOOST_AUTO_TEST_CASE(a_backend_that_demands_a_certificate_gets_ours_or_is_the_reason) {
  const CertificateAuthority stranger("a stranger");
  const CertificateAuthority impostor;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) BOOST_TEST_CONTEXT("version " << std::hex << version) {
      TlsServer server(goodIdentity(), version);
      server.demandCertificateBy(authority());
      BOOST_TEST(fate(server, issuedBy(authority())).detail == "hello");
      const Error none = fate(server, nullptr);
      BOOST_TEST(none.kind == ErrorKind::kTlsClientCertificate);
      BOOST_TEST(none.detail.find("none is configured") != std::string::npos, none.detail);
      for (const auto& refused : {issuedBy(stranger), issuedBy(impostor), issuedBy(authority(), Validity::kOver)}) {
        const Error error = fate(server, refused);
        BOOST_TEST(error.kind == ErrorKind::kTlsClientCertificate);
        BOOST_TEST(error.detail.find("does not accept") != std::string::npos, error.detail);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_backend_that_asks_for_none_gets_none) {
  const TlsServer server(goodIdentity());
  const Handshake made = shakeHands(server, {trusting(authority(), {.identity = issuedBy(authority())})});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  BOOST_TEST(!made.peer->hasClientCertificate());
}

// As Apache does for a folder with SSLVerifyClient.
BOOST_AUTO_TEST_CASE(a_backend_may_ask_behind_the_handshake) {
  TlsServer server(goodIdentity());
  SSL_CTX_load_verify_file(server.context(), authority().file().c_str());
  const Handshake made = shakeHands(server, {trusting(authority(), {.identity = issuedBy(authority())})});
  BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
  BOOST_TEST(!made.peer->hasClientCertificate());
  made.peer->askForCertificate();
  made.peer->send("x");
  std::array<char, 10> buffer;
  BOOST_TEST((*made.connection)->readWithin(buffer, kLong).bytes == 1u);
  (*made.connection)->write(std::string_view("y"), {});
  BOOST_TEST(made.peer->receive(1) == "y");
  BOOST_TEST(made.peer->hasClientCertificate());
}

BOOST_AUTO_TEST_CASE(a_session_of_one_identity_is_not_resumed_under_another) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) BOOST_TEST_CONTEXT("version " << std::hex << version) {
      TlsServer server(goodIdentity(), version);
      server.demandCertificateBy(authority());
      TlsContexts contexts;
      const TlsOptions ofOne{.authorities = *TlsAuthorities::fromFile(authority().file()),
                             .identity = issuedBy(authority())};
      TlsOptions ofOther = ofOne;
      ofOther.identity = issuedBy(authority());
      const auto isResumed = [&](const TlsOptions& options) {
        const Handshake made = shakeHands(server, {*contexts.get(options)});
        BOOST_REQUIRE_EQUAL(outcomeOf(made.connection), "done");
        made.peer->send("x");
        std::array<char, 10> buffer;
        BOOST_TEST((*made.connection)->readWithin(buffer, kLong).bytes == 1u);
        return made.peer->isResumed();
      };
      BOOST_TEST(!isResumed(ofOne));
      BOOST_TEST(!isResumed(ofOther));
      BOOST_TEST(isResumed(ofOne));
      BOOST_TEST(isResumed(ofOther));
    }
}

BOOST_AUTO_TEST_CASE(a_certificate_that_has_been_taken_back_is_refused) {
  const Identity revoked = authority().issue("DNS:good.test");
  const CertificateAuthority stranger("a stranger");
  const CertificateAuthority impostor;
  struct Row {
    const char* what;
    const Identity& identity;
    std::string list;
    std::string_view outcome;
  };
  const Row rows[] = {
      {"the other one", goodIdentity(), authority().revoke({&revoked}), "done"},
      {"the one", revoked, authority().revoke({&goodIdentity(), &revoked}), "tls-revoked"},
      {"a list among others", revoked, stranger.revoke({}) + authority().revoke({&revoked}), "tls-revoked"},
      {"an old list", goodIdentity(), authority().revoke({}, Validity::kOver), "tls-revocation-unknown"},
      {"a list of the future", goodIdentity(), authority().revoke({}, Validity::kNotYet), "tls-revocation-unknown"},
      {"a stranger's list", goodIdentity(), stranger.revoke({}), "tls-revocation-unknown"},
      {"a forged list", goodIdentity(), impostor.revoke({}), "tls-revocation-unknown"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.what) {
      const TlsServer server(row.identity);
      const TlsRequest request{trusting(authority(), {.revocations = revocations(row.list)})};
      BOOST_TEST(outcomeOf(shakeHands(server, request).connection) == row.outcome);
    }
}

// The authorities are shared between contexts, and must stay as they are.
BOOST_AUTO_TEST_CASE(a_revocation_list_concerns_its_own_context_alone) {
  const auto authorities = *TlsAuthorities::fromFile(authority().file());
  TlsContexts contexts;
  const auto strict =
      contexts.get({.authorities = authorities, .revocations = revocations(authority().revoke({&goodIdentity()}))});
  const auto plain = contexts.get({.authorities = authorities});
  const TlsServer server(goodIdentity());
  BOOST_TEST(outcomeOf(shakeHands(server, {*strict}).connection) == "tls-revoked");
  BOOST_TEST(outcomeOf(shakeHands(server, {*plain}).connection) == "done");
}

BOOST_AUTO_TEST_CASE(the_oldest_version_is_kept_to) {
  const TlsServer old(goodIdentity(), TLS1_2_VERSION);
  const auto refused = shakeHands(old, {trusting(authority(), {.oldest = TlsVersion::k13})});
  BOOST_REQUIRE_EQUAL(outcomeOf(refused.connection), "tls-failed");
  BOOST_TEST(refused.connection.error().detail.find("no TLS version") != std::string::npos);
  const TlsServer recent(goodIdentity());
  BOOST_TEST(outcomeOf(shakeHands(recent, {trusting(authority(), {.oldest = TlsVersion::k13})}).connection) == "done");
}

BOOST_AUTO_TEST_CASE(only_the_ciphers_that_are_named_are_spoken) {
  struct Row {
    int version;
    TlsOptions options;
    std::string_view outcome;
  };
  const Row rows[] = {
      {TLS1_2_VERSION, {.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"}, "done"},
      {TLS1_2_VERSION, {.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"}, "tls-failed"},
      {TLS1_2_VERSION, {.cipherSuites = "TLS_AES_256_GCM_SHA384"}, "done"},
      {TLS1_3_VERSION, {.cipherSuites = "TLS_AES_128_GCM_SHA256"}, "done"},
      {TLS1_3_VERSION, {.cipherSuites = "TLS_AES_256_GCM_SHA384"}, "tls-failed"},
      {TLS1_3_VERSION, {.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"}, "done"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.options.fingerprint() << " version " << row.version) {
      const TlsServer server(goodIdentity(), row.version);
      SSL_CTX_set_min_proto_version(server.context(), row.version);
      SSL_CTX_set_cipher_list(server.context(), "ECDHE-ECDSA-AES128-GCM-SHA256");
      SSL_CTX_set_ciphersuites(server.context(), "TLS_AES_128_GCM_SHA256");
      BOOST_TEST(outcomeOf(shakeHands(server, {trusting(authority(), row.options)}).connection) == row.outcome);
    }
}

// ":!aNULL" stands behind every list: who is not authenticated shows no certificate that could be refused.
BOOST_AUTO_TEST_CASE(no_list_of_ciphers_lets_an_unauthenticated_peer_in) {
  const TlsServer server(goodIdentity(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(server.context(), "aNULL:@SECLEVEL=0");
  SSL_CTX_set_dh_auto(server.context(), 1);
  BOOST_TEST(outcomeOf(shakeHands(server, {trusting(authority(), {.ciphers = "ALL:@SECLEVEL=0"})}).connection) ==
             "tls-failed");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
