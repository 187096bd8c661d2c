// An HTTP/2 client over TLS that sends exact frames, for what libcurl does not do: a WebSocket by extended CONNECT
// (RFC 8441), and leaving one stream of a connection. What it sends needs no HPACK to speak of; what comes is decoded
// by nghttp2.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/support/descriptor.h"

namespace proxytest {

using Http2Fields = std::vector<std::pair<std::string, std::string>>;

Http2Fields http2Get(const std::string& path);
Http2Fields http2WebSocket(const std::string& path);  // the extended CONNECT that asks for one

class Http2Client {
 public:
  using Stream = std::uint32_t;

  // On 127.0.0.1; returns when the server's SETTINGS are there. Whatever does not come in time throws, here and below.
  explicit Http2Client(int port);

  bool mayAskForWebSockets() const { return mayAskForWebSockets_; }

  Stream request(const Http2Fields& fields);  // a whole one
  Stream open(const Http2Fields& fields);     // goes on with send()
  void send(Stream stream, std::string_view bytes);
  void finishSending(Stream stream);  // END_STREAM
  void reset(Stream stream);          // RST_STREAM
  void close();                       // the whole connection

  int readStatus(Stream stream);  // of the final head
  // Of what has come; empty for none of that name.
  std::string header(Stream stream, const std::string& name);
  std::string trailer(Stream stream, const std::string& name);
  std::string readExactly(Stream stream, std::size_t count);
  bool readToEnd(Stream stream);  // whether that is END_STREAM rather than RST_STREAM

 private:
  struct State {
    int status = -1;  // none yet
    std::map<std::string, std::string> head;
    std::map<std::string, std::string> trailers;
    std::string data;
    bool ended = false;
    bool wasReset = false;
    std::int64_t room = 0;  // what the server takes
  };
  struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    Stream stream = 0;
    std::string payload;
  };

  Stream begin(const Http2Fields& fields, std::uint8_t flags);
  void sendFrame(std::uint8_t type, std::uint8_t flags, Stream stream, std::string_view payload);
  void write(std::string_view bytes);
  std::string read(std::size_t count);
  void receive();  // one frame
  void takeSettings(const Frame& frame);
  void takeFields(const Frame& frame);
  void takeData(const Frame& frame);
  void takeRoom(const Frame& frame);
  State& stateOf(Stream stream);

  Descriptor socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  std::unique_ptr<nghttp2_hd_inflater, decltype(&nghttp2_hd_inflate_del)> inflater_;
  std::map<Stream, State> streams_;
  Stream nextStream_ = 1;
  std::int64_t room_;         // of the connection
  std::int64_t initialRoom_;  // of a new stream
  bool hasSettings_ = false;
  bool mayAskForWebSockets_ = false;
};

}  // namespace proxytest
