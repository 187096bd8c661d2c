// See certificates.h.
#include "tests/unit/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace proxytest {
namespace {

constexpr long kHour = 3600;

void check(bool good) {
  if (!good) throw std::runtime_error("OpenSSL cannot make a certificate");
}

void addExtension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  check(extension && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Identity makeUnsigned(const char* commonName, Validity validity) {
  static std::atomic<long> serial{1};
  Identity identity{CertificateHandle(X509_new()), KeyHandle(EVP_EC_gen("P-256"))};
  X509* certificate = identity.certificate.get();
  check(certificate && identity.key);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate), validity == Validity::kNow ? kHour : -kHour);
  X509_set_pubkey(certificate, identity.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(commonName), -1, -1, 0);
  return identity;
}

void sign(X509* certificate, const Identity& by) {
  X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
  check(X509_sign(certificate, by.key.get(), EVP_sha256()) > 0);
}

std::string writePem(X509* certificate) {
  std::string path = (std::filesystem::temp_directory_path() / "unit-authority-XXXXXX").string();
  std::FILE* file = ::fdopen(::mkstemp(path.data()), "w");
  check(file && PEM_write_X509(file, certificate) == 1 && std::fclose(file) == 0);
  return path;
}

}  // namespace

CertificateAuthority::CertificateAuthority() : identity_(makeUnsigned("authority of the unit tests", Validity::kNow)) {
  X509* certificate = identity_.certificate.get();
  addExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  addExtension(certificate, NID_key_usage, "critical,keyCertSign");
  sign(certificate, identity_);
  file_ = writePem(certificate);
}

CertificateAuthority::~CertificateAuthority() {
  ::unlink(file_.c_str());
}

Identity CertificateAuthority::issue(const std::string& names, Validity validity) const {
  Identity identity = makeUnsigned("a server", validity);
  addExtension(identity.certificate.get(), NID_subject_alt_name, names);
  sign(identity.certificate.get(), identity_);
  return identity;
}

}  // namespace proxytest
