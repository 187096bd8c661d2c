// The HTTP client of the tests: libcurl, with everything that it would add on its own taken out. One object is one user
// agent that keeps its connections; it is used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/http_text.h"

namespace proxytest {

struct Request {
  std::string url;
  std::string method = "GET";
  std::vector<std::string> headers = {};  // "Name: value"
  std::string body = {};

  // Instead of body: asked for the next bytes until it gives none. Without a size the upload is chunked.
  std::function<std::size_t(char* buffer, std::size_t capacity)> upload = {};
  std::optional<std::uint64_t> uploadSize = {};

  // Gets the response's body instead of Response::body.
  std::function<void(std::string_view)> received = {};
};

struct Response {
  int curlCode = 0;        // 0 when libcurl found the transfer complete and well formed
  std::string problem;     // libcurl's words when it did not
  long status = 0;         // 0 when no response came
  long httpVersion = 0;    // libcurl's number: 2 is HTTP/1.1, 3 is HTTP/2
  long connectStatus = 0;  // of a CONNECT before it
  HeaderList headers;
  std::string body;
  std::uint64_t bodySize = 0;
  long newConnections = 0;

  bool complete() const { return curlCode == 0; }
  std::optional<std::string> header(std::string_view name) const { return headerValue(headers, name); }
};

class Client {
 public:
  Client();
  ~Client();

  void useProxy(const std::string& url);  // absolute-form for http, CONNECT for https
  void useHttp2();                        // instead of HTTP/1.1, for https URLs
  void tunnelAlways();                    // CONNECT for http as well
  void trust(const std::string& caFile);  // for https URLs; otherwise nothing is verified
  void setTimeout(std::chrono::milliseconds limit);

  Response get(const std::string& url, std::vector<std::string> headers = {});
  Response post(const std::string& url, std::string body, std::vector<std::string> headers = {});
  Response perform(const Request& request);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace proxytest
