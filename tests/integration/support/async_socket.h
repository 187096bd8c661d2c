// A non-blocking socket of an EventLoop, clear or under TLS: one attempt for each call, and what the next one waits
// for.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

struct Certificate;

using TlsContext = std::shared_ptr<SSL_CTX>;

TlsContext makeTlsServerContext(const Certificate& certificate);
TlsContext makeTlsClientContext();  // verifies nothing

class AsyncSocket {
 public:
  enum class Outcome { kDone, kAgain, kEnd, kBroken };
  enum class Side { kClient, kServer };

  // Without a context it is a clear one.
  AsyncSocket(Descriptor socket, const TlsContext& context, Side side);

  int descriptor() const { return socket_.get(); }
  Outcome handshake();  // of TCP and of TLS
  Outcome read(char* buffer, std::size_t capacity, std::size_t& count);
  Outcome write(std::string_view bytes, std::size_t& count);
  bool wantsToWrite() const { return wantsToWrite_; }  // the last kAgain waits for room rather than for bytes
  void finishSending();
  void close();

 private:
  Outcome outcomeOf(int tlsResult);

  Descriptor socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_{nullptr, &SSL_free};
  bool wantsToWrite_ = true;  // a connection that is being made becomes writable
};

}  // namespace proxytest
