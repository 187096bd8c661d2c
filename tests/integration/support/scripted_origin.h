// An origin server that does what a test tells it to, down to the byte: slow, lying, closing, resetting. The script is
// a function that runs once for each connection, in a thread of its own. It knows just enough HTTP to find where a
// request ends. No Boost.Test assertions in scripts: those belong to the main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/http_text.h"

namespace proxytest {

struct OriginRequest {
  std::string head;  // as it came, up to and with the empty line
  std::string body;  // without the chunks' framing

  std::string method() const;
  std::string target() const;
  HeaderList headers() const { return parseHeaders(head); }
  std::optional<std::string> header(std::string_view name) const { return headerValue(headers(), name); }
};

// One accepted connection. Whatever finds it closed too early throws, which ends the script for this connection.
class OriginConnection {
 public:
  using BodySink = std::function<void(std::string_view)>;

  virtual ~OriginConnection() = default;

  virtual std::size_t number() const = 0;  // 0 for the first one that the origin accepted

  virtual std::string readHead() = 0;
  virtual std::string readExactly(std::size_t count) = 0;
  virtual std::string readChunk() = 0;  // the next chunk of a chunked body; empty for the last one
  virtual void readBody(const std::string& head, const BodySink& sink) = 0;
  virtual std::optional<OriginRequest> readRequest() = 0;  // nothing when the peer closed instead
  virtual bool waitForClose() = 0;                         // false when it is bytes that came

  virtual void write(std::string_view bytes) = 0;
  virtual void finishSending() = 0;  // FIN
  virtual void close() = 0;
  virtual void reset() = 0;  // RST
};

class ScriptedOrigin {
 public:
  using Script = std::function<void(OriginConnection&)>;
  using Responder = std::function<std::string(const OriginRequest&)>;

  enum class Loopback { kV4, kV6 };

  explicit ScriptedOrigin(Script script, Loopback loopback = Loopback::kV4);
  ~ScriptedOrigin();

  // One that reads every request whole and writes what the function makes of it, on kept connections.
  static Script answering(Responder responder);
  static Script answering(std::string response);

  int port() const;
  std::string url(const std::string& path = "") const;

  std::size_t connections() const;              // accepted so far
  std::vector<OriginRequest> requests() const;  // that readRequest() gave to scripts, and heads that readHead() did
  OriginRequest onlyRequest() const;            // throws unless there is exactly one

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// Answers each request with its own head as the body, so that the client's side shows what arrived.
ScriptedOrigin::Script showingHeads();

// A complete response with a Content-Length.
std::string okResponse(std::string_view body, std::string_view extraHeaders = "");

}  // namespace proxytest
