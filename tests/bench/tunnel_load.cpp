// The load of tunnel.sh: both ends of one CONNECT tunnel in one process, each sending and receiving at once, every byte
// compared. Knows nothing of httpd. Prints the seconds it took; says what was wrong and ends with 1 when something was.
//   tunnel_load PROXY_PORT BYTES_EACH_WAY
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kPiece = 256 * 1024;
// A prime, so that no shift by a block or a buffer of any size looks right.
constexpr std::size_t kPeriod = 1'000'003;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "tunnel_load: %s\n", what.c_str());
  std::_Exit(1);
}

// The content of one direction: random bytes, again and again, with room behind them so that a piece is in one.
class Content {
 public:
  explicit Content(std::uint64_t seed) : bytes_(kPeriod + kPiece) {
    std::mt19937_64 random(seed);
    for (std::size_t place = 0; place < kPeriod; ++place) bytes_[place] = static_cast<char>(random());
    std::copy_n(bytes_.begin(), kPiece, bytes_.begin() + kPeriod);
  }
  const char* at(std::uint64_t position) const { return bytes_.data() + position % kPeriod; }

 private:
  std::vector<char> bytes_;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listenSomewhere(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0) fail("no port");
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return listener;
}

int openTunnel(int proxyPort, int originPort) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(proxyPort);
  if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("no proxy");
  const std::string authority = "127.0.0.1:" + std::to_string(originPort);
  const std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
  ::send(client, request.data(), request.size(), MSG_NOSIGNAL);
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(client, &byte, 1, 0) == 1) head += byte;
  if (head.size() < 12 || head.substr(9, 3) != "200") fail("no tunnel: " + head);
  return client;
}

void sendAll(int socket, const Content& content, std::uint64_t size) {
  for (std::uint64_t position = 0; position < size;) {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size - position));
    const ssize_t sent = ::send(socket, content.at(position), count, MSG_NOSIGNAL);
    if (sent <= 0) fail("sending ended at byte " + std::to_string(position));
    position += static_cast<std::uint64_t>(sent);
  }
  ::shutdown(socket, SHUT_WR);
}

void receiveAll(int socket, const Content& content, std::uint64_t size) {
  std::vector<char> buffer(kPiece);
  std::uint64_t position = 0;
  ssize_t count = 0;
  while ((count = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0) {
    const auto got = static_cast<std::size_t>(count);
    if (position + got > size) fail("more came than was sent");
    if (std::memcmp(buffer.data(), content.at(position), got) != 0)
      fail("wrong bytes behind " + std::to_string(position));
    position += got;
  }
  if (position != size) fail("the end came at byte " + std::to_string(position));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) fail("usage: tunnel_load PROXY_PORT BYTES_EACH_WAY");
  const std::uint64_t size = std::strtoull(arguments[2], nullptr, 10);
  const Content up(1);
  const Content down(2);
  int originPort = 0;
  const int listener = listenSomewhere(originPort);
  const int client = openTunnel(std::atoi(arguments[1]), originPort);
  const int origin = ::accept(listener, nullptr, nullptr);
  const auto start = std::chrono::steady_clock::now();
  {
    std::jthread clientSends([&] { sendAll(client, up, size); });
    std::jthread originSends([&] { sendAll(origin, down, size); });
    std::jthread originReceives([&] { receiveAll(origin, up, size); });
    receiveAll(client, down, size);
  }
  std::printf("%.2f\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return 0;
}
