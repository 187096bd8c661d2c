// A client that keeps its connection and sees a response's line, fields and body as they came. One thread at a time.
#pragma once

#include <optional>
#include <string>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/raw_client.h"

namespace proxytest::cache {

struct Received {
  std::string statusLine;
  HeaderList fields;
  std::string body;       // without framing
  bool complete = false;  // false when the connection ended inside the body

  int status() const;
  std::optional<std::string> field(std::string_view name) const { return headerValue(fields, name); }
};

class CaseClient {
 public:
  explicit CaseClient(int port) : port_(port) {}

  // head: all lines with the empty one. Throws when no response comes.
  Received ask(const std::string& method, const std::string& head, const std::string& body);

 private:
  void readBody(Received& received);
  void readChunks(Received& received);

  int port_;
  std::optional<RawClient> connection_;
};

}  // namespace proxytest::cache
