// See tls_server.h.
#include "tests/unit/support/tls_server.h"

#include <openssl/err.h>

#include <stdexcept>
#include <thread>

#include "common/net/wait.h"

namespace proxytest {

using proxycommon::Connection;
using proxycommon::IoState;
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

void TlsServer::choose(const std::string& protocol) {
  protocol_ = protocol;
  const auto select = [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*, unsigned,
                         void* server) {
    const std::string& name = static_cast<TlsServer*>(server)->protocol_;
    *chosen = reinterpret_cast<const unsigned char*>(name.data());
    *size = static_cast<unsigned char>(name.size());
    return name.empty() ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
  };
  SSL_CTX_set_alpn_select_cb(context_.get(), select, this);
}

proxycommon::Result<std::unique_ptr<Connection>> secured(proxycommon::FileDescriptor descriptor,
                                                         const TlsRequest& request, proxycommon::milliseconds limit) {
  const auto deadline = proxycommon::Deadline::after(limit);
  auto handshake = proxycommon::beginTls(std::move(descriptor), request.context, request.name, request.sessionKey);
  if (!handshake) return std::move(handshake.error());
  while (true) {
    const IoState state = (*handshake)->advance();
    if (state == IoState::kDone) return (*handshake)->take();
    if (state != IoState::kWantRead && state != IoState::kWantWrite) return (*handshake)->error();
    pollfd wanted{(*handshake)->descriptor(), static_cast<short>(state == IoState::kWantRead ? POLLIN : POLLOUT), 0};
    if (!proxycommon::waitFor({&wanted, 1}, deadline))
      return proxycommon::failure(proxycommon::ErrorKind::kConnectTimeout, "the handshake does not end");
  }
}

Handshake shakeHands(const TlsServer& server, const TlsRequest& request) {
  SocketPair pair = makeSocketPair();
  auto peer = std::make_unique<TlsPeer>(server.context(), std::move(pair.theirs));
  std::jthread accepting([&peer] { peer->accept(); });
  auto connection = secured(std::move(pair.ours), request, proxycommon::milliseconds{20'000});
  accepting.join();
  return {std::move(connection), std::move(peer)};
}

std::shared_ptr<TlsContext> trusting(const CertificateAuthority& authority, TlsOptions options) {
  auto authorities = proxycommon::TlsAuthorities::fromFile(authority.file());
  if (!authorities) throw std::runtime_error(authorities.error().detail);
  options.authorities = std::move(*authorities);
  auto context = TlsContext::make(std::move(options));
  if (!context) throw std::runtime_error(context.error().detail);
  return *context;
}

std::shared_ptr<TlsContext> trustingAll() {
  auto context = TlsContext::make(TlsOptions{nullptr, false});
  if (!context) throw std::runtime_error(context.error().detail);
  return *context;
}

}  // namespace proxytest
