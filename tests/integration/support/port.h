// Loopback ports: free ones for the servers that a test starts, and ones that misbehave below HTTP: one that refuses
// connections, one that never answers them, one that swallows datagrams.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

// A port that nobody listens on, never given twice in one run. It lies below the range that the kernel takes client
// ports from, so that no outgoing connection can take it before the server it is meant for does: it is one of 12,000,
// from LOWEST_PORT in the environment on. Runs beside one another have ranges of their own, or both may choose one port
// before either uses it.
int freePort();

// A socket connected to 127.0.0.1:port; an empty descriptor when that is refused. The receive buffer is the kernel's
// choice when its size is 0.
Descriptor connectTo(int port, int receiveBuffer = 0);

// Whether this machine has ::1; some containers have not.
bool hasLoopback6();

// As connectTo, to [::1]:port.
Descriptor connectTo6(int port);

// The same as connectTo without waiting: the socket is non-blocking and may still be on its way.
Descriptor beginConnectingTo(int port);

// A non-blocking socket that listens on a port of the kernel's choice.
Descriptor listenOnLoopback(int& port);

// Turns off Nagle's algorithm.
void sendAtOnce(const Descriptor& socket);

// Whether the server on that port has yet to close a connection that its client has closed.
bool owesClosing(int port);
// Whether any process listens there, be it one that is ending.
bool isListenedOn(int port);

// Holds a port on which every connection is refused.
class RefusingPort {
 public:
  RefusingPort();
  int number() const { return number_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(number_); }

 private:
  Descriptor socket_;
  int number_ = 0;
};

// Holds a UDP port to which anything can be sent and from which nothing comes.
class SilentDatagramPort {
 public:
  SilentDatagramPort();
  std::string authority() const { return "127.0.0.1:" + std::to_string(number_); }

 private:
  Descriptor socket_;
  int number_ = 0;
};

// Holds a port whose queue of connections is full, so that a further one is neither accepted nor refused.
class SilentPort {
 public:
  SilentPort();
  // Connections that others are trying to make to it now.
  int knocking() const;
  int number() const { return number_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(number_); }

 private:
  Descriptor socket_;
  std::vector<Descriptor> fillers_;
  int number_ = 0;
  int ownKnocks_ = 0;
};

}  // namespace proxytest
