// What TLS to backends needs from files: the authorities that are trusted, their revocation lists, and the certificate
// that the proxy shows itself. Read and checked with the configuration, while files that only root may read can be
// read. All are immutable, and may be used by any thread. A digest is that of the content: what is equal has the same
// one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/export.h"
#include "common/base/result.h"

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;
struct X509_crl_st;
struct x509_store_st;

namespace proxycommon {

struct TlsObjectDeleter {
  PROXYCOMMON_API void operator()(x509_st* certificate) const;
  PROXYCOMMON_API void operator()(X509_crl_st* list) const;
  PROXYCOMMON_API void operator()(evp_pkey_st* key) const;
};
using TlsCertificate = std::unique_ptr<x509_st, TlsObjectDeleter>;
using TlsRevocationList = std::unique_ptr<X509_crl_st, TlsObjectDeleter>;
using TlsKey = std::unique_ptr<evp_pkey_st, TlsObjectDeleter>;

// Certificates of the authorities that vouch for backends.
class PROXYCOMMON_API TlsAuthorities {
 public:
  // From a PEM file. Error kInternal with a detail fit for configtest.
  static Result<std::shared_ptr<const TlsAuthorities>> fromFile(const std::string& path);

  bool addTo(x509_store_st* store) const;
  const std::string& digest() const { return digest_; }

 private:
  std::vector<TlsCertificate> certificates_;
  std::string digest_;
};

// Which certificates the authorities have taken back.
class PROXYCOMMON_API TlsRevocations {
 public:
  // From a PEM file with one list or more. Error kInternal with a detail fit for configtest.
  static Result<std::shared_ptr<const TlsRevocations>> fromFile(const std::string& path);

  // From then on whatever is verified with the store needs a current list of each authority in its chain.
  bool addTo(x509_store_st* store) const;
  const std::string& digest() const { return digest_; }

 private:
  std::vector<TlsRevocationList> lists_;
  std::string digest_;
};

// The certificate by which the proxy shows backends who it is, with its chain and its private key.
class PROXYCOMMON_API TlsIdentity {
 public:
  // From PEM files, which may be one. The certificate comes first, what vouches for it behind it. Error kInternal with
  // a detail fit for configtest: also for a key that is another certificate's, and for one that is encrypted.
  static Result<std::shared_ptr<const TlsIdentity>> fromFiles(const std::string& certificateFile,
                                                              const std::string& keyFile);

  bool use(ssl_ctx_st* context) const;
  const std::string& digest() const { return digest_; }

 private:
  std::vector<TlsCertificate> chain_;  // at least one: its own is the first
  TlsKey key_;
  std::string digest_;
};

}  // namespace proxycommon
