// The connection that a ScriptedOrigin hands to its script, on a blocking Asio socket. Heavy to include: for
// scripted_origin.cpp alone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <mutex>
#include <string>

#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

class RequestRecorder {
 public:
  virtual ~RequestRecorder() = default;
  virtual void record(const OriginRequest& request) = 0;  // from any thread
};

class OriginSocket : public OriginConnection {
 public:
  OriginSocket(boost::asio::ip::tcp::socket socket, std::size_t number, RequestRecorder& recorder);

  std::size_t number() const override { return number_; }
  std::string readHead() override;
  std::string readExactly(std::size_t count) override;
  std::string readChunk() override;
  void readBody(const std::string& head, const BodySink& sink) override;
  std::optional<OriginRequest> readRequest() override;
  bool waitForClose() override;
  void write(std::string_view bytes) override;
  void finishSending() override;
  void close() override;
  void reset() override;

  // From another thread: wakes a script that reads or writes.
  void shutDown();

 private:
  std::string readUntil(std::string_view pattern);
  std::size_t receive();  // appends to pending_, throws at the end

  boost::asio::ip::tcp::socket socket_;
  std::mutex closing_;  // the descriptor's number must not be another's when shutDown() uses it
  std::size_t number_;
  RequestRecorder& recorder_;
  std::string pending_;
};

}  // namespace proxytest
