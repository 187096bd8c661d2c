// What TLS connections to backends have in common: whom they trust, who they say they are, what they speak, and the
// sessions that can be resumed. One TlsContext per set of options; parsing a CA bundle costs milliseconds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/net/tls_credentials.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace proxycommon {

enum class TlsVersion { k12, k13 };

struct PROXYCOMMON_API TlsOptions {
  std::shared_ptr<const TlsAuthorities> authorities = {};  // none: the system's
  bool verify = true;
  std::string alpn = {};  // the one protocol that is offered, and must be chosen (RFC 7301); empty: none is offered
  std::shared_ptr<const TlsRevocations> revocations = {};  // none: no certificate counts as revoked
  std::shared_ptr<const TlsIdentity> identity = {};        // none: the proxy shows no certificate
  TlsVersion oldest = TlsVersion::k12;
  std::string ciphers = {};       // of TLS 1.2, in OpenSSL's form; empty: OpenSSL's own
  std::string cipherSuites = {};  // of TLS 1.3, likewise

  // Options with the same text make the same connections: part of the peer key.
  std::string fingerprint() const;
};

// Whether OpenSSL takes it, as TlsOptions has it. Error kInternal with a detail fit for configtest.
PROXYCOMMON_API Outcome checkCiphers(const std::string& ciphers);
PROXYCOMMON_API Outcome checkCipherSuites(const std::string& suites);

class PROXYCOMMON_API TlsContext {
 public:
  // Reads the system's authorities if the options name none. Error: kInternal.
  static Result<std::shared_ptr<TlsContext>> make(TlsOptions options);

  ~TlsContext();
  ssl_ctx_st* handle() const { return handle_; }
  bool verifies() const { return options_.verify; }
  bool hasIdentity() const { return options_.identity != nullptr; }
  const std::string& alpn() const { return options_.alpn; }

  // Sessions by peer, the latest of each. Any thread.
  void keepSession(const std::string& peer, ssl_session_st* session);  // takes ownership
  bool resume(const std::string& peer, ssl_st* ssl);                   // whether there was one

 private:
  explicit TlsContext(TlsOptions options) : options_(std::move(options)) {}
  TlsContext(const TlsContext&) = delete;
  bool applyTrust();
  bool applyProtocols();

  static constexpr std::size_t kMaximumSessions = 4096;

  TlsOptions options_;
  ssl_ctx_st* handle_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, ssl_session_st*> sessions_;
};

// The contexts of a child, made on first use. Any thread.
class PROXYCOMMON_API TlsContexts {
 public:
  Result<std::shared_ptr<TlsContext>> get(const TlsOptions& options);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TlsContext>> contexts_;
};

}  // namespace proxycommon
