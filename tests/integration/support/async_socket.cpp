// See async_socket.h.
#include "tests/integration/support/async_socket.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

#include "tests/integration/support/certificate_authority.h"

namespace proxytest {
namespace {

TlsContext makeContext(const SSL_METHOD* method) {
  TlsContext context(SSL_CTX_new(method), &SSL_CTX_free);
  if (!context) throw std::runtime_error("no TLS context");
  // Thousands of idle connections are to take little.
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

bool wouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

TlsContext makeTlsServerContext(const Certificate& certificate) {
  TlsContext context = makeContext(TLS_server_method());
  const bool usable =
      SSL_CTX_use_certificate_file(context.get(), certificate.certificateFile.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), certificate.keyFile.c_str(), SSL_FILETYPE_PEM) == 1;
  if (!usable) throw std::runtime_error("no certificate in " + certificate.certificateFile.string());
  return context;
}

TlsContext makeTlsClientContext() {
  return makeContext(TLS_client_method());
}

AsyncSocket::AsyncSocket(Descriptor socket, const TlsContext& context, Side side) : socket_(std::move(socket)) {
  if (!context) return;
  tls_.reset(SSL_new(context.get()));
  SSL_set_fd(tls_.get(), socket_.get());
  if (side == Side::kClient) {
    SSL_set_connect_state(tls_.get());
  } else {
    SSL_set_accept_state(tls_.get());
  }
}

AsyncSocket::Outcome AsyncSocket::outcomeOf(int tlsResult) {
  if (tlsResult == 1) return Outcome::kDone;
  const int error = SSL_get_error(tls_.get(), tlsResult);
  wantsToWrite_ = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Outcome::kAgain;
  return error == SSL_ERROR_ZERO_RETURN ? Outcome::kEnd : Outcome::kBroken;
}

AsyncSocket::Outcome AsyncSocket::handshake() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Outcome::kBroken;
  if (!tls_) return Outcome::kDone;
  ERR_clear_error();
  return outcomeOf(SSL_do_handshake(tls_.get()));
}

AsyncSocket::Outcome AsyncSocket::read(char* buffer, std::size_t capacity, std::size_t& count) {
  if (tls_) {
    ERR_clear_error();
    return outcomeOf(SSL_read_ex(tls_.get(), buffer, capacity, &count));
  }
  const ssize_t result = ::recv(socket_.get(), buffer, capacity, 0);
  wantsToWrite_ = false;
  if (result < 0) return wouldBlock() ? Outcome::kAgain : Outcome::kBroken;
  count = static_cast<std::size_t>(result);
  return result == 0 ? Outcome::kEnd : Outcome::kDone;
}

AsyncSocket::Outcome AsyncSocket::write(std::string_view bytes, std::size_t& count) {
  if (tls_) {
    ERR_clear_error();
    return outcomeOf(SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count));
  }
  const ssize_t result = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  wantsToWrite_ = true;
  if (result < 0) return wouldBlock() ? Outcome::kAgain : Outcome::kBroken;
  count = static_cast<std::size_t>(result);
  return Outcome::kDone;
}

void AsyncSocket::finishSending() {
  if (tls_) SSL_shutdown(tls_.get());
  ::shutdown(socket_.get(), SHUT_WR);
}

void AsyncSocket::close() {
  tls_.reset();
  socket_.close();
}

}  // namespace proxytest
