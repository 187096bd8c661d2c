// See origin_socket.h.
#include "tests/integration/support/origin_socket.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

namespace proxytest {
namespace {

std::string word(const std::string& line, int index) {
  std::size_t start = 0;
  for (; index > 0 && start != std::string::npos; --index) start = line.find(' ', start) + 1;
  return line.substr(start, line.find(' ', start) - start);
}

}  // namespace

std::string OriginRequest::method() const {
  return word(firstLine(head), 0);
}
std::string OriginRequest::target() const {
  return word(firstLine(head), 1);
}

OriginSocket::OriginSocket(boost::asio::ip::tcp::socket socket, std::size_t number, RequestRecorder& recorder)
    : socket_(std::move(socket)), number_(number), recorder_(recorder) {
  socket_.set_option(boost::asio::ip::tcp::no_delay(true));
}

std::size_t OriginSocket::receive() {
  std::array<char, 65536> buffer;
  const std::size_t count = socket_.read_some(boost::asio::buffer(buffer));
  pending_.append(buffer.data(), count);
  return count;
}

std::string OriginSocket::readUntil(std::string_view pattern) {
  std::size_t place = 0;
  while ((place = pending_.find(pattern)) == std::string::npos) receive();
  return readExactly(place + pattern.size());
}

std::string OriginSocket::readExactly(std::size_t count) {
  while (pending_.size() < count) receive();
  std::string taken = pending_.substr(0, count);
  pending_.erase(0, count);
  return taken;
}

std::string OriginSocket::readHead() {
  std::string head = readUntil("\r\n\r\n");
  recorder_.record({head, ""});
  return head;
}

std::string OriginSocket::readChunk() {
  const std::size_t size = std::stoul(readUntil("\r\n"), nullptr, 16);
  std::string chunk = readExactly(size);
  readUntil("\r\n");
  return chunk;
}

void OriginSocket::readBody(const std::string& head, const BodySink& sink) {
  const HeaderList headers = parseHeaders(head);
  if (headerValue(headers, "Transfer-Encoding").has_value()) {
    for (std::string chunk = readChunk(); !chunk.empty(); chunk = readChunk()) sink(chunk);
    return;
  }
  std::size_t left = std::stoul(headerValue(headers, "Content-Length").value_or("0"));
  while (left > 0) {
    if (pending_.empty()) receive();
    const std::string piece = readExactly(std::min(left, pending_.size()));
    sink(piece);
    left -= piece.size();
  }
}

std::optional<OriginRequest> OriginSocket::readRequest() {
  OriginRequest request;
  try {
    request.head = readUntil("\r\n\r\n");
  } catch (const boost::system::system_error&) {
    return std::nullopt;
  }
  if (request.header("Expect").has_value()) write("HTTP/1.1 100 Continue\r\n\r\n");
  readBody(request.head, [&](std::string_view piece) { request.body += piece; });
  recorder_.record(request);
  return request;
}

bool OriginSocket::waitForClose() {
  try {
    if (pending_.empty()) receive();
    return false;
  } catch (const boost::system::system_error&) {
    return true;
  }
}

void OriginSocket::write(std::string_view bytes) {
  boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()));
}

void OriginSocket::finishSending() {
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
}

void OriginSocket::close() {
  const std::lock_guard lock(closing_);
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void OriginSocket::reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  close();
}

void OriginSocket::shutDown() {
  const std::lock_guard lock(closing_);
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
}

}  // namespace proxytest
