// Certificates for the tests of TLS, made through OpenSSL's own API: an authority, and what it issues.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proxytest {

struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificateHandle = std::unique_ptr<X509, CertificateDeleter>;
using KeyHandle = std::unique_ptr<EVP_PKEY, CertificateDeleter>;

struct Identity {
  CertificateHandle certificate;
  KeyHandle key;
};

enum class Validity { kNow, kOver, kNotYet };

// A file that goes with this object.
class PemFile {
 public:
  explicit PemFile(const std::string& content);
  ~PemFile();
  PemFile(PemFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string pemOf(const X509* certificate);
// Encrypted where there is a password.
std::string pemOf(const EVP_PKEY* key, const std::string& password = "");

class CertificateAuthority {
 public:
  explicit CertificateAuthority(const char* name = "authority of the unit tests");

  // `names` as in subjectAltName: "DNS:good.test,IP:127.0.0.1".
  Identity issue(const std::string& names, Validity validity = Validity::kNow) const;
  // Its own certificate in PEM.
  const std::string& file() const { return file_.path(); }
  // A revocation list in PEM. kOver: an old one.
  std::string revoke(const std::vector<const Identity*>& revoked, Validity validity = Validity::kNow) const;

 private:
  Identity identity_;
  PemFile file_;
};

}  // namespace proxytest
