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

struct Span {
  long begin;  // seconds from now
  long end;
};

Span spanOf(Validity validity) {
  return {validity == Validity::kNotYet ? kHour : -2 * kHour, validity == Validity::kOver ? -kHour : 2 * kHour};
}

// What `write` writes into OpenSSL's memory.
template <class Write>
std::string written(Write write) {
  BIO* bio = BIO_new(BIO_s_mem());
  check(bio && write(bio) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

Identity makeUnsigned(const char* commonName, Validity validity) {
  static std::atomic<long> serial{1};
  Identity identity{CertificateHandle(X509_new()), KeyHandle(EVP_EC_gen("P-256"))};
  X509* certificate = identity.certificate.get();
  check(certificate && identity.key);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  const Span span = spanOf(validity);
  X509_gmtime_adj(X509_getm_notBefore(certificate), span.begin);
  X509_gmtime_adj(X509_getm_notAfter(certificate), span.end);
  X509_set_pubkey(certificate, identity.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(commonName), -1, -1, 0);
  return identity;
}

void sign(X509* certificate, const Identity& by) {
  X509_set_issuer_name(certificate, X509_get_subject_name(by.certificate.get()));
  check(X509_sign(certificate, by.key.get(), EVP_sha256()) > 0);
}

Identity makeAuthority(const char* name) {
  Identity identity = makeUnsigned(name, Validity::kNow);
  X509* certificate = identity.certificate.get();
  addExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  addExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  sign(certificate, identity);
  return identity;
}

}  // namespace

PemFile::PemFile(const std::string& content)
    : path_((std::filesystem::temp_directory_path() / "unit-pem-XXXXXX").string()) {
  std::FILE* file = ::fdopen(::mkstemp(path_.data()), "w");
  check(file && std::fwrite(content.data(), 1, content.size(), file) == content.size() && std::fclose(file) == 0);
}

PemFile::~PemFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

std::string pemOf(const X509* certificate) {
  return written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string pemOf(const EVP_PKEY* key, const std::string& password) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, password.empty() ? nullptr : EVP_aes_128_cbc(), password.data(),
                                         static_cast<int>(password.size()), nullptr, nullptr);
  });
}

CertificateAuthority::CertificateAuthority(const char* name)
    : identity_(makeAuthority(name)), file_(pemOf(identity_.certificate.get())) {}

std::string CertificateAuthority::revoke(const std::vector<const Identity*>& revoked, Validity validity) const {
  const std::unique_ptr<X509_CRL, CertificateDeleter> list(X509_CRL_new());
  const auto at = [](long seconds) { return X509_gmtime_adj(nullptr, seconds); };
  const Span span = spanOf(validity);
  check(X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(identity_.certificate.get()));
  ASN1_TIME* const begin = at(span.begin);
  ASN1_TIME* const end = at(span.end);
  X509_CRL_set1_lastUpdate(list.get(), begin);
  X509_CRL_set1_nextUpdate(list.get(), end);
  for (const Identity* one : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(one->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, begin);
    check(X509_CRL_add0_revoked(list.get(), entry) == 1);
  }
  ASN1_TIME_free(begin);
  ASN1_TIME_free(end);
  check(X509_CRL_sign(list.get(), identity_.key.get(), EVP_sha256()) > 0);
  return written([&](BIO* bio) { return PEM_write_bio_X509_CRL(bio, list.get()); });
}

Identity CertificateAuthority::issue(const std::string& names, Validity validity) const {
  Identity identity = makeUnsigned("a server", validity);
  addExtension(identity.certificate.get(), NID_subject_alt_name, names);
  sign(identity.certificate.get(), identity_);
  return identity;
}

}  // namespace proxytest
