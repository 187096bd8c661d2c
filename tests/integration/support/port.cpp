// See port.h.
#include "tests/integration/support/port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace proxytest {
namespace {

constexpr const char* kLowestPort = "20000";
constexpr int kPorts = 12'000;
constexpr int kFillers = 4;
constexpr int kBacklog = 4096;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sockaddr_in6 loopback6(int port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<in_port_t>(port));
  address.sin6_addr = in6addr_loopback;
  return address;
}

Descriptor makeSocket(int type = SOCK_STREAM) {
  Descriptor made(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (!made) throw std::system_error(errno, std::generic_category(), "socket");
  return made;
}

bool bindTo(const Descriptor& socket, int port) {
  const sockaddr_in address = loopback(port);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

int boundPort(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool connectSocket(const Descriptor& socket, int port) {
  const sockaddr_in address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// What /proc/net/tcp says of a socket, addresses as ADDRESS:PORT and all in hexadecimal digits.
struct TableRow {
  std::string number, local, remote, state;
};
constexpr const char* kSynSent = "02";
constexpr const char* kCloseWait = "08";
constexpr const char* kListen = "0A";

int countSockets(std::string_view state, std::string TableRow::*end, int port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  int count = 0;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    TableRow row;
    fields >> row.number >> row.local >> row.remote >> row.state;
    const std::string& address = row.*end;
    if (row.state == state && std::stoi(address.substr(address.find(':') + 1), nullptr, 16) == port) ++count;
  }
  return count;
}

}  // namespace

int freePort() {
  static std::set<int> given;
  static std::mt19937 random{std::random_device{}()};
  const char* const said = std::getenv("LOWEST_PORT");
  const int lowest = std::stoi(said ? said : kLowestPort);
  std::uniform_int_distribution<int> ports(lowest, lowest + kPorts - 1);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = ports(random);
    if (given.contains(port) || !bindTo(makeSocket(), port)) continue;
    given.insert(port);
    return port;
  }
  throw std::runtime_error("no free port on the loopback address");
}

Descriptor connectTo(int port, int receiveBuffer) {
  Descriptor socket = makeSocket();
  // It counts from the handshake on.
  if (receiveBuffer > 0) ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
  if (!connectSocket(socket, port)) socket.close();
  return socket;
}

bool hasLoopback6() {
  const Descriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in6 address = loopback6(0);
  return socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Descriptor connectTo6(int port) {
  Descriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in6 address = loopback6(port);
  if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no connection to [::1]:" + std::to_string(port));
  return socket;
}

Descriptor beginConnectingTo(int port) {
  Descriptor socket = makeSocket(SOCK_STREAM | SOCK_NONBLOCK);
  sendAtOnce(socket);
  if (!connectSocket(socket, port) && errno != EINPROGRESS) socket.close();
  return socket;
}

Descriptor listenOnLoopback(int& port) {
  Descriptor socket = makeSocket(SOCK_STREAM | SOCK_NONBLOCK);
  if (!bindTo(socket, 0)) throw std::system_error(errno, std::generic_category(), "bind");
  ::listen(socket.get(), kBacklog);
  port = boundPort(socket);
  return socket;
}

void sendAtOnce(const Descriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool owesClosing(int port) {
  return countSockets(kCloseWait, &TableRow::local, port) > 0;
}

bool isListenedOn(int port) {
  return countSockets(kListen, &TableRow::local, port) > 0;
}

RefusingPort::RefusingPort() : socket_(makeSocket()) {
  if (!bindTo(socket_, 0)) throw std::system_error(errno, std::generic_category(), "bind");
  number_ = boundPort(socket_);
}

SilentDatagramPort::SilentDatagramPort() : socket_(makeSocket(SOCK_DGRAM)) {
  if (!bindTo(socket_, 0)) throw std::system_error(errno, std::generic_category(), "bind");
  number_ = boundPort(socket_);
}

SilentPort::SilentPort() : socket_(makeSocket()) {
  if (!bindTo(socket_, 0)) throw std::system_error(errno, std::generic_category(), "bind");
  number_ = boundPort(socket_);
  ::listen(socket_.get(), 0);
  for (int filler = 0; filler < kFillers; ++filler) {
    Descriptor socket = makeSocket();
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    connectSocket(socket, number_);
    fillers_.push_back(std::move(socket));
  }
  ownKnocks_ = countSockets(kSynSent, &TableRow::remote, number_);
}

int SilentPort::knocking() const {
  return countSockets(kSynSent, &TableRow::remote, number_) - ownKnocks_;
}

}  // namespace proxytest
