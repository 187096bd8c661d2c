// See sockets.h.
#include "tests/unit/support/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace proxytest {
namespace {

using proxycommon::FileDescriptor;

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::system_category(), what);
}

FileDescriptor makeTcpSocket() {
  FileDescriptor descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  check(static_cast<bool>(descriptor), "socket");
  return descriptor;
}

FileDescriptor nonBlocking(FileDescriptor descriptor) {
  check(::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK) == 0, "fcntl");
  return descriptor;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t bindAnywhere(const FileDescriptor& descriptor) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  check(::bind(descriptor.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  check(::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  return ntohs(address.sin_port);
}

bool isReadable(int descriptor, int timeout) {
  pollfd wanted{descriptor, POLLIN, 0};
  return ::poll(&wanted, 1, timeout) == 1;
}

// False at the end of the stream.
bool receiveSome(int descriptor, std::string& into, std::size_t atMost) {
  const std::size_t before = into.size();
  into.resize(before + atMost);
  ssize_t count;
  do count = ::recv(descriptor, into.data() + before, atMost, 0);
  while (count < 0 && errno == EINTR);
  into.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
  return count > 0;
}

}  // namespace

SocketPair makeSocketPair() {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  return {nonBlocking(FileDescriptor(ends[0])), FileDescriptor(ends[1])};
}

SocketPair makeTcpPair() {
  const Listener listener;
  FileDescriptor ours = makeTcpSocket();
  const sockaddr_in address = loopback(listener.port());
  check(::connect(ours.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "connect");
  return {nonBlocking(std::move(ours)), listener.accept()};
}

Listener::Listener(int backlog) : descriptor_(makeTcpSocket()), port_(bindAnywhere(descriptor_)) {
  check(::listen(descriptor_.get(), backlog) == 0, "listen");
}
Listener::Listener(const char* address, std::uint16_t port) : descriptor_(makeTcpSocket()), port_(port) {
  sockaddr_in place = loopback(port);
  check(::inet_pton(AF_INET, address, &place.sin_addr) == 1, "inet_pton");
  check(::bind(descriptor_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0, "bind");
  check(::listen(descriptor_.get(), 128) == 0, "listen");
}
bool Listener::hasCaller() const {
  return isReadable(descriptor_.get(), 0);
}
FileDescriptor Listener::accept() const {
  FileDescriptor caller(::accept4(descriptor_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  check(static_cast<bool>(caller), "accept");
  return caller;
}

RefusingPort::RefusingPort() : descriptor_(makeTcpSocket()), port_(bindAnywhere(descriptor_)) {}

SwallowingPort::SwallowingPort() {
  const sockaddr_in address = loopback(listener_.port());
  for (int count = 0; count < 8; ++count) {
    queue_.push_back(nonBlocking(makeTcpSocket()));
    (void)::connect(queue_.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
}

void reset(FileDescriptor& descriptor) {
  const linger now{1, 0};
  ::setsockopt(descriptor.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  const FileDescriptor closed = std::move(descriptor);
}

bool sendAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string receive(int descriptor, std::size_t count) {
  std::string bytes;
  while (bytes.size() < count && receiveSome(descriptor, bytes, count - bytes.size())) continue;
  return bytes;
}

std::string receiveUntilEnd(int descriptor) {
  std::string bytes;
  while (receiveSome(descriptor, bytes, 64 * 1024)) continue;
  return bytes;
}

std::string receiveUntil(int descriptor, std::string_view end) {
  std::string bytes;
  while (!bytes.ends_with(end) && receiveSome(descriptor, bytes, 1)) continue;
  return bytes;
}

void awaitReadable(int descriptor) {
  check(isReadable(descriptor, 20'000), "nothing to read");
}

std::size_t countDescriptors() {
  using Entries = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Entries("/proc/self/fd"), Entries()));
}

}  // namespace proxytest
