// See tls_server.h.
#include "tests/unit/support/tls_server.h"

#include <openssl/err.h>

#include <stdexcept>
#include <thread>

namespace proxytest {

using proxycommon::TlsContext;
using proxycommon::TlsOptions;

TlsPeer::TlsPeer(SSL_CTX* context, proxycommon::FileDescriptor descriptor)
    : descriptor_(std::move(descriptor)), ssl_(SSL_new(context)) {
  SSL_set_fd(ssl_.get(), descriptor_.get());
}

bool TlsPeer::accept() {
  const bool accepted = SSL_accept(ssl_.get()) == 1;
  ERR_clear_error();
  return accepted;
}

std::string TlsPeer::serverName() const {
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

void TlsPeer::send(std::string_view text) {
  std::size_t written = 0;
  SSL_write_ex(ssl_.get(), text.data(), text.size(), &written);
}

std::string TlsPeer::receive(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t all = 0;
  std::size_t some = 0;
  while (all < count && SSL_read_ex(ssl_.get(), bytes.data() + all, count - all, &some) == 1) all += some;
  ERR_clear_error();
  bytes.resize(all);
  return bytes;
}

TlsServer::TlsServer(const Identity& identity, int newestVersion) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX* context = context_.get();
  SSL_CTX_use_certificate(context, identity.certificate.get());
  SSL_CTX_use_PrivateKey(context, identity.key.get());
  SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context, newestVersion);
  SSL_CTX_set_security_level(context, 0);
}

Handshake shakeHands(const TlsServer& server, const TlsRequest& request) {
  SocketPair pair = makeSocketPair();
  auto peer = std::make_unique<TlsPeer>(server.context(), std::move(pair.theirs));
  std::jthread accepting([&peer] { peer->accept(); });
  auto connection = makeTlsConnection(std::move(pair.ours), request.context, request.name, request.sessionKey,
                                      proxycommon::milliseconds{20'000});
  accepting.join();
  return {std::move(connection), std::move(peer)};
}

std::shared_ptr<TlsContext> trusting(const CertificateAuthority& authority) {
  auto authorities = proxycommon::TlsAuthorities::fromFile(authority.file());
  if (!authorities) throw std::runtime_error(authorities.error().detail);
  auto context = TlsContext::make(TlsOptions{std::move(*authorities), true});
  if (!context) throw std::runtime_error(context.error().detail);
  return *context;
}

std::shared_ptr<TlsContext> trustingAll() {
  auto context = TlsContext::make(TlsOptions{nullptr, false});
  if (!context) throw std::runtime_error(context.error().detail);
  return *context;
}

}  // namespace proxytest
