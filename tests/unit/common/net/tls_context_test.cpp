// What TLS connections have in common: one context per set of options, and options that are looked at.
#include "common/net/tls_context.h"

#include <boost/test/unit_test.hpp>
#include <ctime>
#include <set>

#include "tests/unit/support/certificates.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tls_context)

BOOST_AUTO_TEST_CASE(equal_options_share_a_context_and_others_do_not) {
  const CertificateAuthority authority;
  const auto authorities = TlsAuthorities::fromFile(authority.file());
  BOOST_REQUIRE(static_cast<bool>(authorities));
  TlsContexts contexts;
  const auto first = contexts.get({*authorities, true});
  const auto same = contexts.get({*authorities, true});
  const auto system = contexts.get({nullptr, true});
  const auto careless = contexts.get({*authorities, false});
  const auto h2 = contexts.get({.authorities = *authorities, .alpn = "h2"});
  BOOST_REQUIRE((first && same && system && careless && h2));
  BOOST_TEST(*first == *same);
  BOOST_TEST(*first != *system);
  BOOST_TEST(*first != *careless);
  BOOST_TEST(*first != *h2);
  BOOST_TEST((*first)->verifies());
  BOOST_TEST(!(*careless)->verifies());
}

BOOST_AUTO_TEST_CASE(each_option_makes_other_connections) {
  const CertificateAuthority one;
  const CertificateAuthority two;
  const auto authorities = [](const CertificateAuthority& authority) {
    return *TlsAuthorities::fromFile(authority.file());
  };
  const auto revocations = [](const CertificateAuthority& authority) {
    return *TlsRevocations::fromFile(PemFile(authority.revoke({})).path());
  };
  const auto identity = [&one] {
    const Identity made = one.issue("DNS:us.test");
    const PemFile file(pemOf(made.certificate.get()) + pemOf(made.key.get()));
    return *TlsIdentity::fromFiles(file.path(), file.path());
  };
  std::set<std::string> texts;
  const TlsOptions all[] = {{},
                            {.verify = false},
                            {.authorities = authorities(one)},
                            {.authorities = authorities(two)},
                            {.alpn = "h2"},
                            {.revocations = revocations(one)},
                            {.revocations = revocations(two)},
                            {.identity = identity()},
                            {.identity = identity()},
                            {.oldest = TlsVersion::k13},
                            {.ciphers = "HIGH"},
                            {.ciphers = "AES128"},
                            {.cipherSuites = "HIGH"},
                            {.ciphers = "A", .cipherSuites = "B"},
                            {.ciphers = "A 1:B"}};
  for (const TlsOptions& options : all) texts.insert(options.fingerprint());
  BOOST_TEST(texts.size() == std::size(all));
  BOOST_TEST(TlsOptions{.authorities = authorities(one)}.fingerprint() ==
             TlsOptions{.authorities = authorities(one)}.fingerprint());
}

BOOST_AUTO_TEST_CASE(ciphers_are_checked) {
  for (const std::string good : {"HIGH", "ECDHE+AESGCM:ECDHE+CHACHA20", "ECDHE-ECDSA-AES256-GCM-SHA384", "ALL"})
    BOOST_TEST(outcomeOf(checkCiphers(good)) == "done", good);
  for (const std::string bad : {"", "NONSENSE", "aNULL", "eNULL", "NULL", "aNULL:eNULL", "TLS_AES_128_GCM_SHA256"})
    BOOST_TEST(outcomeOf(checkCiphers(bad)) == "internal", bad);
  for (const std::string good : {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"})
    BOOST_TEST(outcomeOf(checkCipherSuites(good)) == "done", good);
  for (const std::string bad : {"", ":", "NONSENSE", "TLS_AES_128_GCM_SHA256:NONSENSE", "TLS_NONSENSE", "HIGH",
                                "ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384"})
    BOOST_TEST(outcomeOf(checkCipherSuites(bad)) == "internal", bad);
}

BOOST_AUTO_TEST_CASE(a_context_that_cannot_be_made_is_an_error_each_time) {
  TlsContexts contexts;
  for (int round = 0; round < 2; ++round) {
    const auto made = contexts.get({.ciphers = "NONSENSE"});
    BOOST_REQUIRE_EQUAL(outcomeOf(made), "internal");
    BOOST_TEST(made.error().detail.find("no cipher match") != std::string::npos, made.error().detail);
  }
}

// Its certificate was verified when it began, and is not again: it must not outlive that for ever.
BOOST_AUTO_TEST_CASE(a_session_is_resumed_within_its_time_alone) {
  const auto context = TlsContext::make({.verify = false});
  BOOST_REQUIRE(static_cast<bool>(context));
  constexpr long kLifetime = 7200;
  const auto resumesAfter = [&](long seconds) {
    SSL_SESSION* session = SSL_SESSION_new();
    SSL_SESSION_set_protocol_version(session, TLS1_2_VERSION);
    SSL_SESSION_set_timeout(session, kLifetime);
    SSL_SESSION_set_time(session, static_cast<long>(std::time(nullptr)) - seconds);
    (*context)->keepSession("peer", session);
    const std::unique_ptr<SSL, TlsDeleter> ssl(SSL_new((*context)->handle()));
    return (*context)->resume("peer", ssl.get());
  };
  BOOST_TEST(resumesAfter(0));
  BOOST_TEST(resumesAfter(kLifetime / 2));
  BOOST_TEST(!resumesAfter(kLifetime + 1));
}

BOOST_AUTO_TEST_CASE(a_protocol_that_cannot_be_offered_is_an_error) {
  BOOST_TEST(outcomeOf(TlsContext::make({.verify = false, .alpn = std::string(256, 'x')})) == "internal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
