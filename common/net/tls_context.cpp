// The shared part of TLS to backends, over OpenSSL.
#include "common/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <system_error>
#include <utility>

#include "common/net/tls_session_key.h"

namespace proxycommon {
namespace {

std::string lastTlsError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::system_category().message(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "it holds no certificate";
}

// In the form of the extension: the length, then the name. Zero is success, unlike everywhere else in OpenSSL.
bool offerProtocol(SSL_CTX* handle, const std::string& protocol) {
  if (protocol.empty()) return true;
  const std::string list = static_cast<char>(protocol.size()) + protocol;
  return SSL_CTX_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(list.data()),
                                 static_cast<unsigned>(list.size())) == 0;
}

// OpenSSL hands every new session to this; with TLS 1.3 that is when a ticket arrives, long after the handshake.
int sessionArrived(SSL* ssl, SSL_SESSION* session) noexcept try {
  const auto* key = static_cast<const TlsSessionKey*>(SSL_get_app_data(ssl));
  if (!key) return 0;
  key->context->keepSession(key->peer, session);
  return 1;
} catch (...) {
  return 0;
}

}  // namespace

Result<std::shared_ptr<const TlsAuthorities>> TlsAuthorities::fromFile(const std::string& path) {
  X509_STORE* store = X509_STORE_new();
  if (!store || X509_STORE_load_file(store, path.c_str()) != 1) {
    X509_STORE_free(store);
    return failure(ErrorKind::kInternal, "no certificates can be read from " + path + " (" + lastTlsError() + ")");
  }
  return std::shared_ptr<const TlsAuthorities>(new TlsAuthorities(store, path));
}

TlsAuthorities::~TlsAuthorities() {
  X509_STORE_free(store_);
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(TlsOptions options) {
  std::shared_ptr<TlsContext> context(new TlsContext(std::move(options)));
  SSL_CTX* handle = context->handle_ = SSL_CTX_new(TLS_client_method());
  if (!handle) return failure(ErrorKind::kInternal, "OpenSSL gives no context: " + lastTlsError());
  const TlsOptions& chosen = context->options_;
  if (chosen.authorities) {
    SSL_CTX_set1_cert_store(handle, chosen.authorities->store());
  } else if (chosen.verify && SSL_CTX_set_default_verify_paths(handle) != 1) {
    return failure(ErrorKind::kInternal, "the system's CA certificates cannot be read: " + lastTlsError());
  }
  if (!offerProtocol(handle, chosen.alpn))
    return failure(ErrorKind::kInternal, "OpenSSL offers no protocol \"" + chosen.alpn + "\": " + lastTlsError());
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_verify(handle, chosen.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_mode(handle,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(handle, &sessionArrived);
  return context;
}

TlsContext::~TlsContext() {
  for (const auto& [peer, session] : sessions_) SSL_SESSION_free(session);
  SSL_CTX_free(handle_);
}

void TlsContext::keepSession(const std::string& peer, SSL_SESSION* session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMaximumSessions && !sessions_.contains(peer)) {
    SSL_SESSION_free(sessions_.begin()->second);
    sessions_.erase(sessions_.begin());
  }
  SSL_SESSION_free(std::exchange(sessions_[peer], session));
}

bool TlsContext::resume(const std::string& peer, SSL* ssl) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(peer);
  if (found == sessions_.end()) return false;
  SSL_set_session(ssl, found->second);
  // One of TLS 1.2 serves again; a ticket of 1.3 must not (RFC 8446 C.4), and each connection brings new ones.
  if (SSL_SESSION_get_protocol_version(found->second) < TLS1_3_VERSION) return true;
  SSL_SESSION_free(found->second);
  sessions_.erase(found);
  return true;
}

Result<std::shared_ptr<TlsContext>> TlsContexts::get(const TlsOptions& options) {
  const std::lock_guard lock(mutex_);
  auto& slot = contexts_[options.fingerprint()];
  if (!slot) {
    auto made = TlsContext::make(options);
    if (!made) return made.error();
    slot = std::move(*made);
  }
  return slot;
}

}  // namespace proxycommon
