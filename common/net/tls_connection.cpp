// A connection with TLS by OpenSSL, non-blocking.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "common/net/connection.h"
#include "common/net/ip_address.h"
#include "common/net/tls_failure.h"
#include "common/net/tls_notes.h"
#include "common/net/wait.h"

namespace proxycommon {
namespace {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(FileDescriptor descriptor, TlsNotes notes)
      : descriptor_(std::move(descriptor)), notes_(std::move(notes)), ssl_(SSL_new(notes_.context->handle())) {}
  ~TlsConnection() override {
    if (established_ && !broken_) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
  }

  bool prepare() {
    const std::string& name = notes_.name;
    SSL* ssl = ssl_.get();
    // To OpenSSL a name that begins with a dot is every name below it.
    if (name.starts_with('.')) return false;
    if (!ssl || SSL_set_fd(ssl, descriptor_.get()) != 1) return false;
    SSL_set_app_data(ssl, &notes_);
    SSL_set_connect_state(ssl);
    const bool isAddress = IpAddress::parse(name).has_value();
    if (!isAddress && SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
    if (notes_.context->verifies()) {
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      X509_VERIFY_PARAM* parameters = SSL_get0_param(ssl);
      const int named =
          isAddress ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) : SSL_set1_host(ssl, name.c_str());
      if (named != 1) return false;
    }
    notes_.context->resume(notes_.session, ssl);
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
  Error handshakeError() const { return handshakeFailure(ssl_.get(), notes_, errno); }

  IoResult read(std::span<char> into) override {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
    if (result == 1) return {IoState::kDone, count};
    const IoState state = stateOf(result);
    if (state == IoState::kFailed) refusal_ = refusalOfOurCertificate(notes_);
    return {state};
  }
  std::optional<Error> failureOfRead() const override { return refusal_; }

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
  Idleness idleness() override {
    char byte;
    const IoState state = read({&byte, 1}).state;
    if (state == IoState::kDone) return Idleness::kStrayBytes;
    return state == IoState::kWantRead ? Idleness::kOpen : Idleness::kClosed;
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
    const std::string& offered = notes_.context->alpn();
    return offered.empty() || offered == std::string_view{reinterpret_cast<const char*>(name), size};
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
  TlsNotes notes_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  std::optional<Error> refusal_;
  bool established_ = false;
  bool broken_ = false;
};

class Handshake final : public TlsHandshake {
 public:
  explicit Handshake(std::unique_ptr<TlsConnection> connection) : connection_(std::move(connection)) {}

  IoState advance() override { return connection_->handshake(); }
  Error error() const override { return connection_->handshakeError(); }
  int descriptor() const override { return connection_->descriptor(); }
  std::unique_ptr<Connection> take() override { return std::move(connection_); }

 private:
  std::unique_ptr<TlsConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<TlsHandshake>> beginTls(FileDescriptor descriptor, std::shared_ptr<TlsContext> context,
                                               const std::string& verifyName, const std::string& sessionKey) {
  // A session is not verified again when it is resumed: it serves the name alone for which it was.
  TlsNotes notes{std::move(context), verifyName, verifyName + '\n' + sessionKey};
  // Neither certificates nor SNI have the dot at the end that makes a name absolute (RFC 6066 3).
  if (verifyName.ends_with('.')) notes.name.pop_back();
  auto connection = std::make_unique<TlsConnection>(std::move(descriptor), std::move(notes));
  if (!connection->prepare())
    return failure(ErrorKind::kTlsFailed, "OpenSSL refuses \"" + verifyName + "\" as a server's name");
  return std::unique_ptr<TlsHandshake>(std::make_unique<Handshake>(std::move(connection)));
}

}  // namespace proxycommon
