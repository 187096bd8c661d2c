// What TLS connections to backends have in common: the authorities that are trusted, whether certificates are verified,
// and the sessions that can be resumed. One TlsContext per set of options; parsing a CA bundle costs milliseconds.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/export.h"
#include "common/base/result.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;
struct x509_store_st;

namespace proxycommon {

// Certificates of the authorities that vouch for backends. Immutable; any thread.
class PROXYCOMMON_API TlsAuthorities {
 public:
  // From a PEM file. Error kInternal with a detail fit for configtest.
  static Result<std::shared_ptr<const TlsAuthorities>> fromFile(const std::string& path);

  ~TlsAuthorities();
  x509_store_st* store() const { return store_; }
  const std::string& path() const { return path_; }

 private:
  TlsAuthorities(x509_store_st* store, std::string path) : store_(store), path_(std::move(path)) {}
  TlsAuthorities(const TlsAuthorities&) = delete;
  x509_store_st* store_;
  std::string path_;
};

struct TlsOptions {
  std::shared_ptr<const TlsAuthorities> authorities = {};  // none: the system's
  bool verify = true;
  std::string alpn = {};  // the one protocol that is offered, and must be chosen (RFC 7301); empty: none is offered

  // Options with the same text make the same connections: part of the peer key.
  std::string fingerprint() const {
    return (verify ? "verify " : "trust-all ") + alpn + " " + (authorities ? authorities->path() : "");
  }
};

class PROXYCOMMON_API TlsContext {
 public:
  // Reads the system's authorities if the options name none. Error: kInternal.
  static Result<std::shared_ptr<TlsContext>> make(TlsOptions options);

  ~TlsContext();
  ssl_ctx_st* handle() const { return handle_; }
  bool verifies() const { return options_.verify; }
  const std::string& alpn() const { return options_.alpn; }

  // Sessions by peer, the latest of each. Any thread.
  void keepSession(const std::string& peer, ssl_session_st* session);  // takes ownership
  bool resume(const std::string& peer, ssl_st* ssl);                   // whether there was one

 private:
  explicit TlsContext(TlsOptions options) : options_(std::move(options)) {}
  TlsContext(const TlsContext&) = delete;

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
