// What TLS needs from files: read whole or not at all, with an error that says which file and why.
#include "common/net/tls_credentials.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/certificates.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(tls_credentials)

namespace {

const CertificateAuthority& authority() {
  static const CertificateAuthority theAuthority;
  return theAuthority;
}
const Identity& identity() {
  static const Identity theIdentity = authority().issue("DNS:us.test");
  return theIdentity;
}

std::string certificatePem() {
  return pemOf(identity().certificate.get());
}
std::string keyPem() {
  return pemOf(identity().key.get());
}

// An error that holds all of these.
template <class T>
void requireError(const Result<T>& result, const std::vector<std::string>& said) {
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "internal");
  for (const std::string& text : said)
    BOOST_TEST(result.error().detail.find(text) != std::string::npos, result.error().detail << " lacks " << text);
}

// A certificate whose signature is whole and whose outside is not.
std::string damaged(std::string pem) {
  pem.replace(pem.find('\n') + 1, 8, "AAAAAAAA");
  return pem;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_an_error_that_names_it) {
  const PemFile empty("");
  const PemFile other("nothing of the kind\n");
  struct Row {
    std::string path;
    const char* reason;
  };
  const Row rows[] = {{"/no/such/file.pem", "No such file"},
                      {"/", "Is a directory"},
                      {empty.path(), "found"},
                      {other.path(), "found"},
                      {"/etc/passwd", "found"}};
  for (const Row& row : rows) {
    requireError(TlsAuthorities::fromFile(row.path), {row.path, row.reason});
    requireError(TlsRevocations::fromFile(row.path), {row.path, row.reason});
    requireError(TlsIdentity::fromFiles(row.path, row.path), {row.path, row.reason});
  }
}

BOOST_AUTO_TEST_CASE(one_part_that_is_broken_spoils_the_file) {
  const CertificateAuthority second;
  const PemFile authorities(pemOf(identity().certificate.get()) + damaged(certificatePem()));
  requireError(TlsAuthorities::fromFile(authorities.path()), {authorities.path()});
  const PemFile lists(second.revoke({}) + damaged(authority().revoke({})));
  requireError(TlsRevocations::fromFile(lists.path()), {lists.path()});
  const PemFile cut(certificatePem().substr(0, 100));
  requireError(TlsAuthorities::fromFile(cut.path()), {cut.path()});
}

BOOST_AUTO_TEST_CASE(what_stands_between_the_parts_is_passed_over) {
  const PemFile mixed("a comment\n" + certificatePem() + "another\n" + authority().revoke({}) + keyPem() + "end\n");
  BOOST_TEST(outcomeOf(TlsAuthorities::fromFile(mixed.path())) == "done");
  BOOST_TEST(outcomeOf(TlsRevocations::fromFile(mixed.path())) == "done");
  BOOST_TEST(outcomeOf(TlsIdentity::fromFiles(mixed.path(), mixed.path())) == "done");
}

BOOST_AUTO_TEST_CASE(a_certificate_and_its_key_come_from_one_file_or_two) {
  const PemFile both(keyPem() + certificatePem());
  const PemFile certificate(certificatePem());
  const PemFile key(keyPem());
  const auto fromOne = TlsIdentity::fromFiles(both.path(), both.path());
  const auto fromTwo = TlsIdentity::fromFiles(certificate.path(), key.path());
  BOOST_TEST(outcomeOf(fromOne) == "done");
  BOOST_TEST(outcomeOf(fromTwo) == "done");
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_the_certificates_is_an_error) {
  const Identity other = authority().issue("DNS:us.test");
  const PemFile certificate(certificatePem());
  const PemFile key(pemOf(other.key.get()));
  requireError(TlsIdentity::fromFiles(certificate.path(), key.path()), {certificate.path(), key.path(), "not that of"});
  requireError(TlsIdentity::fromFiles(certificate.path(), certificate.path()), {certificate.path(), "no private key"});
}

// Nobody is asked for the password: httpd may have no terminal, and at a graceful restart it has none.
BOOST_AUTO_TEST_CASE(an_encrypted_key_is_an_error) {
  const PemFile certificate(certificatePem());
  const PemFile key(pemOf(identity().key.get(), "secret"));
  requireError(TlsIdentity::fromFiles(certificate.path(), key.path()), {key.path(), "encrypted", "openssl pkey"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
