// A connection with TLS by OpenSSL, non-blocking.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/net/connection.h"
#include "common/net/ip_address.h"
#include "common/net/tls_session_key.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// For a person.
std::string nameOf(const std::string& protocol) {
  return (protocol == "h2" ? "HTTP/2 (ALPN h2)" : "\"" + protocol + "\" (ALPN)");
}

class TlsConnection final : public Connection {
 public:
  TlsConnection(FileDescriptor descriptor, TlsSessionKey key)
      : descriptor_(std::move(descriptor)), key_(std::move(key)), ssl_(SSL_new(key_.context->handle())) {}
  ~TlsConnection() override {
    if (established_ && !broken_) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
  }

  bool prepare(const std::string& verifyName) {
    SSL* ssl = ssl_.get();
    if (!ssl || SSL_set_fd(ssl, descriptor_.get()) != 1) return false;
    SSL_set_app_data(ssl, &key_);
    SSL_set_connect_state(ssl);
    const bool isAddress = IpAddress::parse(verifyName).has_value();
    if (!isAddress && SSL_set_tlsext_host_name(ssl, verifyName.c_str()) != 1) return false;
    if (key_.context->verifies()) {
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
      const int named = isAddress ? X509_VERIFY_PARAM_set1_ip_asc(parameters, verifyName.c_str())
                                  : SSL_set1_host(ssl, verifyName.c_str());
      if (named != 1) return false;
    }
    key_.context->resume(key_.peer, ssl);
    return true;
  }

  IoState handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    established_ = result == 1;
    if (!established_) return stateOf(result);
    return choseOurProtocol() ? IoState::kDone : IoState::kFailed;
  }

  // Why the handshake failed. Precondition: handshake() gave kFailed or kClosed.
  Error handshakeError(const std::string& verifyName) const {
    const int systemError = errno;
    if (refusedOurProtocol())
      return failure(ErrorKind::kTlsFailed,
                     "the backend does not speak " + nameOf(key_.context->alpn()) + " on this port");
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (key_.context->verifies() && verdict != X509_V_OK)
      return failure(ErrorKind::kTlsUntrusted, "the certificate for \"" + verifyName + "\" is not accepted (" +
                                                   X509_verify_cert_error_string(verdict) + ")");
    const unsigned long code = ERR_peek_error();
    const char* reason = code ? ERR_reason_error_string(code) : nullptr;
    std::string why = reason        ? reason
                      : systemError ? std::system_category().message(systemError)
                                    : "the connection was closed";
    return failure(ErrorKind::kTlsFailed, "TLS handshake for \"" + verifyName + "\" failed (" + why + ")");
  }

  IoResult read(std::span<char> into) override {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    return result == 1 ? IoResult{IoState::kDone, count} : IoResult{stateOf(result)};
  }

  IoResult readWithin(std::span<char> into, milliseconds limit) override {
    const Deadline deadline = Deadline::after(limit);
    while (true) {
      const IoResult got = read(into);
      if (got.state != IoState::kWantRead && got.state != IoState::kWantWrite) return got;
      if (!waitUntilReady(got.state, deadline)) return {IoState::kWantRead};
    }
  }

  // After kWantRead or kWantWrite.
  bool waitUntilReady(IoState state, Deadline deadline) const {
    pollfd wanted{descriptor_.get(), static_cast<short>(state == IoState::kWantRead ? POLLIN : POLLOUT), 0};
    return waitFor({&wanted, 1}, deadline);
  }

  IoResult write(std::span<const char> first, std::span<const char> second) override {
    const std::span<const char> bytes = first.empty() ? second : first;
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    return result == 1 ? IoResult{IoState::kDone, count} : IoResult{stateOf(result)};
  }

  // Reads for real: session tickets arrive on idle connections and must be taken in, and a peek at the socket would
  // take them for stray bytes.
  bool isUsable() override {
    char byte;
    return read({&byte, 1}).state == IoState::kWantRead;
  }

  bool hasBufferedInput() const override { return SSL_pending(ssl_.get()) > 0; }
  void endWriting() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  bool hasHalfClose() const override { return false; }
  int descriptor() const override { return descriptor_.get(); }

 private:
  // Precondition: the handshake is over.
  bool choseOurProtocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    const std::string& offered = key_.context->alpn();
    return offered.empty() || offered == std::string_view{reinterpret_cast<const char*>(name), size};
  }

  // A peer that speaks none of what is offered says nothing of it, or refuses the handshake (RFC 7301 3.2).
  bool refusedOurProtocol() const {
    return established_ ? !choseOurProtocol()
                        : ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
  }

  IoState stateOf(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return IoState::kWantRead;
      case SSL_ERROR_WANT_WRITE:
        return IoState::kWantWrite;
      case SSL_ERROR_ZERO_RETURN:
        return IoState::kClosed;
      default:
        broken_ = true;
        return IoState::kFailed;
    }
  }

  FileDescriptor descriptor_;
  TlsSessionKey key_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool established_ = false;
  bool broken_ = false;
};

class Handshake final : public TlsHandshake {
 public:
  Handshake(std::unique_ptr<TlsConnection> connection, std::string verifyName)
      : connection_(std::move(connection)), verifyName_(std::move(verifyName)) {}

  IoState advance() override { return connection_->handshake(); }
  Error error() const override { return connection_->handshakeError(verifyName_); }
  int descriptor() const override { return connection_->descriptor(); }
  std::unique_ptr<Connection> take() override { return std::move(connection_); }

 private:
  std::unique_ptr<TlsConnection> connection_;
  std::string verifyName_;
};

}  // namespace

Result<std::unique_ptr<TlsHandshake>> beginTls(FileDescriptor descriptor, std::shared_ptr<TlsContext> context,
                                               const std::string& verifyName, const std::string& sessionKey) {
  auto connection =
      std::make_unique<TlsConnection>(std::move(descriptor), TlsSessionKey{std::move(context), sessionKey});
  if (!connection->prepare(verifyName))
    return failure(ErrorKind::kTlsFailed, "OpenSSL refuses \"" + verifyName + "\" as a server's name");
  return std::unique_ptr<TlsHandshake>(std::make_unique<Handshake>(std::move(connection), verifyName));
}

}  // namespace proxycommon
