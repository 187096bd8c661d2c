// See raw_client.h.
#include "tests/integration/support/raw_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <system_error>

#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

RawClient::RawClient(int port, int receiveBuffer) : socket_(connectTo(port, receiveBuffer)) {
  if (!socket_) throw std::runtime_error("no connection to port " + std::to_string(port));
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

RawClient::Arrival RawClient::receive(std::chrono::milliseconds limit) {
  pollfd entry{socket_.get(), POLLIN, 0};
  if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return Arrival::kTimeout;
  std::array<char, 16384> buffer{};
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0) return Arrival::kReset;
  if (count == 0) return Arrival::kEnd;
  pending_.append(buffer.data(), static_cast<std::size_t>(count));
  return Arrival::kBytes;
}

std::string RawClient::take(std::size_t count) {
  std::string taken = pending_.substr(0, count);
  pending_.erase(0, count);
  return taken;
}

std::string RawClient::readUntil(std::string_view pattern) {
  std::size_t place = 0;
  while ((place = pending_.find(pattern)) == std::string::npos) {
    if (receive(kPatience) != Arrival::kBytes) {
      throw std::runtime_error("instead of \"" + std::string(pattern) + "\" came \"" + pending_ + "\"");
    }
  }
  return take(place + pattern.size());
}

std::string RawClient::readExactly(std::size_t count) {
  while (pending_.size() < count) {
    if (receive(kPatience) != Arrival::kBytes) {
      throw std::runtime_error("instead of " + std::to_string(count) + " bytes came \"" + pending_ + "\"");
    }
  }
  return take(count);
}

RawClient::Ending RawClient::readToEnd() {
  Arrival arrival = Arrival::kBytes;
  while (arrival == Arrival::kBytes) arrival = receive(kPatience);
  return {take(pending_.size()), arrival == Arrival::kReset, arrival == Arrival::kTimeout};
}

bool RawClient::staysSilent(std::chrono::milliseconds howLong) {
  return pending_.empty() && receive(howLong) == Arrival::kTimeout;
}

void RawClient::finishSending() {
  ::shutdown(socket_.get(), SHUT_WR);
}

void RawClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  socket_.close();
}

}  // namespace proxytest
