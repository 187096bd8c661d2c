// What TLS connections have in common: authorities from a file, one context per set of options.
#include "common/net/tls_context.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/certificates.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tls_context)

BOOST_AUTO_TEST_CASE(a_file_without_certificates_is_an_error_that_names_it) {
  for (const char* path : {"/no/such/file.pem", "/dev/null", "/etc/passwd", "/"}) {
    const auto authorities = TlsAuthorities::fromFile(path);
    BOOST_REQUIRE(!authorities);
    BOOST_TEST(authorities.error().detail.find(path) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(authorities_come_from_a_pem_file) {
  const CertificateAuthority authority;
  const auto authorities = TlsAuthorities::fromFile(authority.file());
  BOOST_REQUIRE(static_cast<bool>(authorities));
  BOOST_TEST((*authorities)->path() == authority.file());
}

BOOST_AUTO_TEST_CASE(equal_options_share_a_context_and_others_do_not) {
  const CertificateAuthority authority;
  const auto authorities = TlsAuthorities::fromFile(authority.file());
  BOOST_REQUIRE(static_cast<bool>(authorities));
  TlsContexts contexts;
  const auto first = contexts.get({*authorities, true});
  const auto same = contexts.get({*authorities, true});
  const auto system = contexts.get({nullptr, true});
  const auto careless = contexts.get({*authorities, false});
  const auto h2 = contexts.get({*authorities, true, "h2"});
  BOOST_REQUIRE((first && same && system && careless && h2));
  BOOST_TEST(*first == *same);
  BOOST_TEST(*first != *system);
  BOOST_TEST(*first != *careless);
  BOOST_TEST(*first != *h2);
  BOOST_TEST((*first)->verifies());
  BOOST_TEST(!(*careless)->verifies());
}

BOOST_AUTO_TEST_CASE(a_protocol_that_cannot_be_offered_is_an_error) {
  BOOST_TEST(outcomeOf(TlsContext::make({nullptr, false, std::string(256, 'x')})) == "internal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
