// A TLS server of OpenSSL's, and handshakes with it. The server's side of the handshake runs in a thread that has ended
// when the handshake has: from then on a test holds both ends, and nothing happens but what it does.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/net/connection.h"
#include "common/net/tls_context.h"
#include "tests/unit/support/certificates.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

struct TlsDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// The server's end of one connection; every call blocks.
class TlsPeer {
 public:
  TlsPeer(SSL_CTX* context, proxycommon::FileDescriptor descriptor);

  bool accept();
  bool isResumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // What the client has asked for by SNI; empty for none.
  std::string serverName() const;

  void send(std::string_view text);
  // Bytes past the TLS layer.
  void sendRaw(std::string_view bytes) { sendAll(descriptor_.get(), bytes); }
  // Fewer bytes only at the end of the stream.
  std::string receive(std::size_t count);
  // The orderly end of TLS.
  void endWriting() { SSL_shutdown(ssl_.get()); }
  // A FIN without one.
  void close() { descriptor_ = proxycommon::FileDescriptor(); }
  int descriptor() const { return descriptor_.get(); }

 private:
  proxycommon::FileDescriptor descriptor_;
  std::unique_ptr<SSL, TlsDeleter> ssl_;
};

class TlsServer {
 public:
  explicit TlsServer(const Identity& identity, int newestVersion = TLS1_3_VERSION);
  SSL_CTX* context() const { return context_.get(); }
  // Chooses this protocol of ALPN whatever is offered; empty: ends the handshake with an alert instead.
  void choose(const std::string& protocol);

 private:
  std::unique_ptr<SSL_CTX, TlsDeleter> context_;
  std::string protocol_;
};

// What a client asks for.
struct TlsRequest {
  std::shared_ptr<proxycommon::TlsContext> context;
  std::string name = "good.test";
  std::string sessionKey = "peer";
};

struct Handshake {
  proxycommon::Result<std::unique_ptr<proxycommon::Connection>> connection;
  std::unique_ptr<TlsPeer> peer;
};

// The client's side alone, in the calling thread. Error kConnectTimeout when it does not end within `limit`.
proxycommon::Result<std::unique_ptr<proxycommon::Connection>> secured(proxycommon::FileDescriptor descriptor,
                                                                      const TlsRequest& request,
                                                                      proxycommon::milliseconds limit);
Handshake shakeHands(const TlsServer& server, const TlsRequest& request);

// With the other options as given.
std::shared_ptr<proxycommon::TlsContext> trusting(const CertificateAuthority& authority,
                                                  proxycommon::TlsOptions options = {});
std::shared_ptr<proxycommon::TlsContext> trustingAll();

}  // namespace proxytest
