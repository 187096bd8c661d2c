// Real sockets for tests: pairs, listeners on 127.0.0.1 with a port of the kernel's choice, and blocking helpers. What
// fails in them throws: that is a fault of the test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/file_descriptor.h"

namespace proxytest {

struct SocketPair {
  proxycommon::FileDescriptor ours;    // the side under test; non-blocking, as the dialer gives it
  proxycommon::FileDescriptor theirs;  // the peer's, blocking
};

SocketPair makeSocketPair();  // AF_UNIX
SocketPair makeTcpPair();

// Bound to 127.0.0.1, or wherever it is told.
class Listener {
 public:
  // Takes `backlog` connections that nobody accepts; the kernel lets the others wait for ever.
  explicit Listener(int backlog = 128);
  Listener(const char* address, std::uint16_t port);

  std::uint16_t port() const { return port_; }
  bool hasCaller() const;
  proxycommon::FileDescriptor accept() const;

 private:
  proxycommon::FileDescriptor descriptor_;
  std::uint16_t port_ = 0;
};

// A port of 127.0.0.1 that refuses connections for as long as this lives: bound, and not listening.
class RefusingPort {
 public:
  RefusingPort();
  std::uint16_t port() const { return port_; }

 private:
  proxycommon::FileDescriptor descriptor_;
  std::uint16_t port_ = 0;
};

// A port of 127.0.0.1 that takes no connection and refuses none: its queue is full, and nobody accepts.
class SwallowingPort {
 public:
  SwallowingPort();
  std::uint16_t port() const { return listener_.port(); }

 private:
  Listener listener_{0};
  std::vector<proxycommon::FileDescriptor> queue_;
};

// Closes with a reset in place of a FIN.
void reset(proxycommon::FileDescriptor& descriptor);

// False when the peer has gone.
bool sendAll(int descriptor, std::string_view bytes);
// Fewer than `count` only at the end of the stream.
std::string receive(int descriptor, std::size_t count);
std::string receiveUntilEnd(int descriptor);
// Up to and with `end`.
std::string receiveUntil(int descriptor, std::string_view end);

// Waits until a read would not block.
void awaitReadable(int descriptor);

// How many descriptors this process has open.
std::size_t countDescriptors();

}  // namespace proxytest
