// See case_client.h.
#include "tests/integration/cache/case_client.h"

#include <stdexcept>

namespace proxytest::cache {

int Received::status() const {
  return std::stoi(statusLine.substr(statusLine.find(' ') + 1));
}

Received CaseClient::ask(const std::string& method, const std::string& head, const std::string& body) {
  if (!connection_) connection_.emplace(port_);
  connection_->send(head + body);
  std::string seen = connection_->readHead();
  while (firstLine(seen).starts_with("HTTP/1.1 1")) seen = connection_->readHead();
  Received received{firstLine(seen), parseHeaders(seen), "", true};
  const int status = received.status();
  if (method != "HEAD" && status != 204 && status != 304) readBody(received);
  if (!received.complete || received.field("Connection") == "close") connection_.reset();
  return received;
}

void CaseClient::readBody(Received& received) {
  const auto length = received.field("Content-Length");
  try {
    if (received.field("Transfer-Encoding")) return readChunks(received);
    if (length) {
      received.body = connection_->readExactly(std::stoul(*length));
      return;
    }
    received.body = connection_->readToEnd().data;
    connection_.reset();
  } catch (const std::runtime_error&) {  // what that means, the case says
    received.complete = false;
  }
}

void CaseClient::readChunks(Received& received) {
  while (const std::size_t size = std::stoul(connection_->readUntil("\r\n"), nullptr, 16)) {
    received.body += connection_->readExactly(size);
    connection_->readUntil("\r\n");
  }
  while (connection_->readUntil("\r\n") != "\r\n") continue;
}

}  // namespace proxytest::cache
