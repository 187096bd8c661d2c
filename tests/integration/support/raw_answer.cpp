// See raw_answer.h.
#include "tests/integration/support/raw_answer.h"

#include <cstdlib>
#include <stdexcept>

namespace proxytest {
namespace {

int statusOf(const std::string& head) {
  const bool isStatusLine = head.starts_with("HTTP/1.1 ") || head.starts_with("HTTP/1.0 ");
  return isStatusLine ? std::atoi(head.c_str() + 9) : 0;
}

bool hasBody(const RawAnswer& answer, std::string_view method) {
  return method != "HEAD" && answer.status() != 204 && answer.status() != 304;
}

void readChunks(RawClient& client, std::string& body) {
  while (true) {
    const std::size_t size = std::stoul(client.readUntil("\r\n"), nullptr, 16);
    if (size == 0) break;
    body += client.readExactly(size);
    client.readExactly(2);
  }
  while (client.readUntil("\r\n") != "\r\n") continue;  // trailers
}

void readFramed(RawClient& client, RawAnswer& answer) {
  if (answer.header("Transfer-Encoding")) return readChunks(client, answer.body);
  if (const auto length = answer.header("Content-Length")) {
    answer.body = client.readExactly(std::stoul(*length));
    return;
  }
  const RawClient::Ending ending = client.readToEnd();
  answer.body = ending.data;
  if (ending.reset || ending.timedOut) throw std::runtime_error("no orderly end");
}

}  // namespace

int RawAnswer::status() const {
  return statusOf(head);
}

bool RawAnswer::announcesClosing() const {
  return equalsIgnoringCase(header("Connection").value_or(""), "close");
}

RawAnswer readAnswerHead(RawClient& client) {
  RawAnswer answer;
  try {
    answer.head = client.readHead();
    for (; statusOf(answer.head) / 100 == 1; answer.head = client.readHead())
      answer.interim.push_back(statusOf(answer.head));
  } catch (const std::runtime_error&) {
    const RawClient::Ending ending = client.readToEnd();
    answer.head = ending.data;
    answer.timedOut = ending.timedOut;
  }
  return answer;
}

void readAnswerBody(RawClient& client, RawAnswer& answer, std::string_view method) {
  if (!answer.head.ends_with("\r\n\r\n")) return;
  try {
    if (hasBody(answer, method)) readFramed(client, answer);
    answer.complete = true;
  } catch (const std::exception&) {
    const RawClient::Ending ending = client.readToEnd();
    answer.body += ending.data;
    answer.timedOut = ending.timedOut;
  }
}

}  // namespace proxytest
