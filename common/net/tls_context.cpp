// The shared part of TLS to backends, over OpenSSL.
#include "common/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

#include "common/net/tls_failure.h"
#include "common/net/tls_notes.h"

namespace proxycommon {
namespace {

struct Deleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

std::string lastTlsError() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason ? reason : "OpenSSL gives no reason";
}

// In the form of the extension: the length, then the name. Zero is success, unlike everywhere else in OpenSSL.
bool offerProtocol(SSL_CTX* handle, const std::string& protocol) {
  if (protocol.empty()) return true;
  const std::string list = static_cast<char>(protocol.size()) + protocol;
  return SSL_CTX_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(list.data()),
                                 static_cast<unsigned>(list.size())) == 0;
}

// Whoever is not authenticated could be anyone, and no certificate of his would be looked at.
bool setCiphers(SSL_CTX* handle, const std::string& ciphers) {
  return ciphers.empty() || SSL_CTX_set_cipher_list(handle, (ciphers + ":!aNULL:!eNULL").c_str()) == 1;
}

bool setCipherSuites(SSL_CTX* handle, const std::string& suites) {
  return suites.empty() || SSL_CTX_set_ciphersuites(handle, suites.c_str()) == 1;
}

bool hasCipher(SSL_CTX* handle, std::string_view name) {
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(handle);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i)
    if (name == SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i))) return true;
  return false;
}

Error mistake(std::string detail) {
  ERR_clear_error();
  return failure(ErrorKind::kInternal, std::move(detail));
}

TlsNotes* notesOf(const SSL* ssl) {
  return static_cast<TlsNotes*>(SSL_get_app_data(ssl));
}

bool isOver(const SSL_SESSION& session) {
  return std::time(nullptr) - SSL_SESSION_get_time(&session) > SSL_SESSION_get_timeout(&session);
}

// OpenSSL hands every new session to this; with TLS 1.3 that is when a ticket arrives, long after the handshake.
int sessionArrived(SSL* ssl, SSL_SESSION* session) noexcept try {
  const TlsNotes* notes = notesOf(ssl);
  if (!notes) return 0;
  notes->context->keepSession(notes->session, session);
  return 1;
} catch (...) {
  return 0;
}

// Only looks on: the verdict stays what it is.
int certificateJudged(int accepted, X509_STORE_CTX* verification) noexcept try {
  const int index = SSL_get_ex_data_X509_STORE_CTX_idx();
  const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(verification, index));
  TlsNotes* notes = !accepted && ssl ? notesOf(ssl) : nullptr;
  if (notes) notes->judged = describeCertificate(verification);
  return accepted;
} catch (...) {
  return accepted;
}

int certificateWanted(SSL* ssl, void*) noexcept {
  if (TlsNotes* notes = notesOf(ssl)) notes->certificateAsked = true;
  return 1;
}

}  // namespace

std::string TlsOptions::fingerprint() const {
  std::string text = verify ? "verify" : "trust-all";
  // Each part goes in with its length, so that no two sets of options give the same text.
  const auto add = [&](std::string_view part) {
    text.append(" ").append(std::to_string(part.size())).append(":").append(part);
  };
  add(alpn);
  add(authorities ? authorities->digest() : "");
  add(revocations ? revocations->digest() : "");
  add(identity ? identity->digest() : "");
  add(oldest == TlsVersion::k13 ? "1.3" : "1.2");
  add(ciphers);
  add(cipherSuites);
  return text;
}

Outcome checkCiphers(const std::string& ciphers) {
  const std::unique_ptr<SSL_CTX, Deleter> trial(SSL_CTX_new(TLS_client_method()));
  if (trial && !ciphers.empty() && setCiphers(trial.get(), ciphers)) return {};
  return mistake("OpenSSL knows no cipher of TLS 1.2 in \"" + ciphers +
                 "\": write a list such as ECDHE+AESGCM:ECDHE+CHACHA20, and see openssl ciphers -v");
}

Outcome checkCipherSuites(const std::string& suites) {
  const std::unique_ptr<SSL_CTX, Deleter> trial(SSL_CTX_new(TLS_client_method()));
  bool good = trial && !suites.empty() && setCipherSuites(trial.get(), suites);
  // OpenSSL passes over what it does not know.
  for (std::string_view rest = suites; good && !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    good = name.starts_with("TLS_") && hasCipher(trial.get(), name);
  }
  if (good) return {};
  return mistake("\"" + suites + "\" is no list of TLS 1.3 suites: write for example " +
                 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}

bool TlsContext::applyTrust() {
  if (!options_.authorities && options_.verify && SSL_CTX_set_default_verify_paths(handle_) != 1) return false;
  X509_STORE* store = SSL_CTX_get_cert_store(handle_);
  if (options_.authorities && !options_.authorities->addTo(store)) return false;
  if (options_.revocations && !options_.revocations->addTo(store)) return false;
  SSL_CTX_set_verify(handle_, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, &certificateJudged);
  if (options_.identity && !options_.identity->use(handle_)) return false;
  // Apache asks so where a part of a site alone demands a certificate.
  SSL_CTX_set_post_handshake_auth(handle_, options_.identity ? 1 : 0);
  SSL_CTX_set_cert_cb(handle_, &certificateWanted, nullptr);
  return true;
}

bool TlsContext::applyProtocols() {
  const int oldest = options_.oldest == TlsVersion::k13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  return SSL_CTX_set_min_proto_version(handle_, oldest) == 1 && setCiphers(handle_, options_.ciphers) &&
         setCipherSuites(handle_, options_.cipherSuites) && offerProtocol(handle_, options_.alpn);
}

Result<std::shared_ptr<TlsContext>> TlsContext::make(TlsOptions options) {
  ERR_clear_error();
  std::shared_ptr<TlsContext> context(new TlsContext(std::move(options)));
  SSL_CTX* handle = context->handle_ = SSL_CTX_new(TLS_client_method());
  if (!handle) return failure(ErrorKind::kInternal, "OpenSSL gives no context (" + lastTlsError() + ")");
  if (!context->applyTrust())
    return failure(ErrorKind::kInternal, "OpenSSL does not take the certificates for TLS (" + lastTlsError() + ")");
  if (!context->applyProtocols())
    return failure(ErrorKind::kInternal, "OpenSSL does not take the settings for TLS (" + lastTlsError() + ")");
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
  // The peer's certificate is not verified again: with a peer that always agrees a session would outlive it.
  const bool fresh = !isOver(*found->second);
  if (fresh) SSL_set_session(ssl, found->second);
  // One of TLS 1.2 serves again; a ticket of 1.3 must not (RFC 8446 C.4), and each connection brings new ones.
  if (fresh && SSL_SESSION_get_protocol_version(found->second) < TLS1_3_VERSION) return true;
  SSL_SESSION_free(found->second);
  sessions_.erase(found);
  return fresh;
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
