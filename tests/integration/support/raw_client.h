// A client that sends and sees exact bytes, for what no HTTP library would send or show.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

class RawClient {
 public:
  struct Ending {
    std::string data;
    bool reset = false;     // by RST rather than FIN
    bool timedOut = false;  // neither came
  };

  // On 127.0.0.1. With a receive buffer of that many bytes the server soon notices that nothing is read.
  explicit RawClient(int port, int receiveBuffer = 0);
  explicit RawClient(Descriptor connected) : socket_(std::move(connected)) {}

  void send(std::string_view bytes);

  // Each throws when that much does not come in time. What came beyond it is kept for the next call.
  std::string readUntil(std::string_view pattern);  // up to and with the pattern
  std::string readExactly(std::size_t count);
  std::string readHead() { return readUntil("\r\n\r\n"); }

  Ending readToEnd();                                   // until the other side closes
  bool staysSilent(std::chrono::milliseconds howLong);  // nothing comes and nobody closes
  void finishSending();                                 // sends FIN
  void close() { socket_.close(); }
  void reset();  // closes with RST

 private:
  enum class Arrival { kBytes, kEnd, kReset, kTimeout };
  Arrival receive(std::chrono::milliseconds limit);
  std::string take(std::size_t count);

  Descriptor socket_;
  std::string pending_;
};

}  // namespace proxytest
