// Connection: a byte stream to a backend, clear or TLS, that does not block but in readWithin(). Who drives it waits on
// descriptor() for what the last call asked for. It knows nothing of HTTP, and nothing of pools.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/file_descriptor.h"
#include "common/base/result.h"

namespace proxycommon {

class TlsContext;

enum class IoState {
  kDone,       // `bytes` were moved, at least one
  kWantRead,   // again when descriptor() is readable
  kWantWrite,  // again when descriptor() is writable
  kClosed,     // the peer has ended its stream in an orderly way; of read() alone
  kFailed,     // reset, or TLS broken; the connection is of no further use
};

struct IoResult {
  IoState state = IoState::kFailed;
  std::size_t bytes = 0;
};

// What a connection that carries nothing just now is found to be.
enum class Idleness {
  kOpen,
  kClosed,      // its peer has closed or reset it
  kStrayBytes,  // bytes have come that belong to no request: they would be taken for the next response
};

// One thread at a time.
class PROXYCOMMON_API Connection {
 public:
  virtual ~Connection() = default;

  virtual IoResult read(std::span<char> into) = 0;
  // Waits for bytes in the calling thread; kWantRead: none came within `limit`.
  virtual IoResult readWithin(std::span<char> into, milliseconds limit) = 0;
  // Why a read gave kFailed, where the peer has said it.
  virtual std::optional<Error> failureOfRead() const { return {}; }
  // `first`, then `second`, as far as they go in one call. Precondition: not both are empty.
  virtual IoResult write(std::span<const char> first, std::span<const char> second) = 0;
  // For one that has been idle. Only an open one is of further use.
  virtual Idleness idleness() = 0;
  // Bytes that a read would yield although descriptor() may never become readable again (inside the TLS layer).
  virtual bool hasBufferedInput() const { return false; }
  // Tells the peer that nothing more will be sent, where the transport can say so.
  virtual void endWriting() = 0;
  // Whether either side can go on after the other has ended: TCP can, TLS as the world speaks it cannot.
  virtual bool hasHalfClose() const = 0;

  virtual int descriptor() const = 0;

  // What was dialled, for logs.
  const std::string& address() const { return address_; }
  void setAddress(std::string address) { address_ = std::move(address); }

 private:
  std::string address_;
};

PROXYCOMMON_API std::unique_ptr<Connection> makeClearConnection(FileDescriptor descriptor);

// A TLS handshake under way. One thread at a time.
class PROXYCOMMON_API TlsHandshake {
 public:
  virtual ~TlsHandshake() = default;
  // kDone: the connection can be taken; kWantRead, kWantWrite: again when descriptor() is ready; else it has failed.
  virtual IoState advance() = 0;
  // Why it failed: one of the kTls kinds. Precondition: advance() gave kFailed or kClosed just now.
  virtual Error error() const = 0;
  virtual int descriptor() const = 0;
  // Precondition: advance() gave kDone.
  virtual std::unique_ptr<Connection> take() = 0;
};

// `verifyName` is what the certificate must be for, and goes out as SNI unless it is an address (RFC 6066 3).
// `sessionKey` says whose session may be resumed. Error kTlsFailed.
PROXYCOMMON_API Result<std::unique_ptr<TlsHandshake>> beginTls(FileDescriptor descriptor,
                                                               std::shared_ptr<TlsContext> context,
                                                               const std::string& verifyName,
                                                               const std::string& sessionKey);

}  // namespace proxycommon
