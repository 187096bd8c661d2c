// Certificates for the tests of TLS, made through OpenSSL's own API: an authority, and what it issues.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace proxytest {

struct CertificateDeleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using CertificateHandle = std::unique_ptr<X509, CertificateDeleter>;
using KeyHandle = std::unique_ptr<EVP_PKEY, CertificateDeleter>;

struct Identity {
  CertificateHandle certificate;
  KeyHandle key;
};

enum class Validity { kNow, kOver };

class CertificateAuthority {
 public:
  CertificateAuthority();
  ~CertificateAuthority();

  // `names` as in subjectAltName: "DNS:good.test,IP:127.0.0.1".
  Identity issue(const std::string& names, Validity validity = Validity::kNow) const;
  // Its own certificate in PEM.
  const std::string& file() const { return file_; }

 private:
  Identity identity_;
  std::string file_;
};

}  // namespace proxytest
