// An HTTP/2 backend that does what a test tells it to, stream by stream, for what nghttpd cannot be told: reset,
// refuse, go away, send without end. In clear, with prior knowledge. A function says how each request is answered; it
// runs in the connection's thread, when the request has come whole. No Boost.Test assertions in it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxytest {

using H2OriginFields = std::vector<std::pair<std::string, std::string>>;

struct H2OriginRequest {
  std::map<std::string, std::string> fields;  // those behind the body too
  std::string body;
  std::size_t connection = 0;  // 0 for the first one

  std::string path() const { return fields.at(":path"); }
};

struct H2Answer {
  std::optional<std::uint32_t> reset = {};  // by RST_STREAM with that code; the rest is not sent
  bool goAway = false;                      // the connection takes none but those before this one
  bool silent = false;
  bool freezes = false;           // nothing more is read or sent on the connection
  std::size_t afterRequests = 0;  // not before so many are there, on all connections together
  H2OriginFields fields = {{":status", "200"}};
  std::string body = {};
  bool endless = false;       // the body again and again
  bool resetsBehind = false;  // RST_STREAM in place of the body's end
  H2OriginFields trailers = {};
  bool headOnly = false;  // END_STREAM with the head
};

class H2Origin {
 public:
  using Answering = std::function<H2Answer(const H2OriginRequest&)>;

  explicit H2Origin(Answering answering, std::uint32_t streams = 100);
  ~H2Origin();

  std::string url(const std::string& path = "/") const;

  std::size_t connections() const;  // with a request
  std::vector<H2OriginRequest> requests() const;
  std::vector<std::string> left() const;  // paths of the streams that the client has reset

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace proxytest
