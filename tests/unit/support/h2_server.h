// The server's side of an HTTP/2 connection without any I/O, over nghttp2, which does whatever a test says: it answers,
// resets, goes away, and breaks rules.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/http/h2_session.h"

namespace proxytest {

using proxycommon::H2Fields;

class H2Server {
 public:
  struct Request {
    std::map<std::string, std::string> fields;
    std::map<std::string, std::string> trailers;
    std::string body;
    bool ended = false;
    std::optional<std::uint32_t> resetBy;
  };
  struct Response {
    H2Fields fields;
    std::string body;
    H2Fields trailers = {};
    bool ends = true;  // else the body goes on for ever
  };

  explicit H2Server(std::uint32_t streams = 100);
  ~H2Server();

  // Only with this does it take more of a request's body than its window.
  void takeBodies() { takesBodies_ = true; }

  void feed(std::string_view bytes);
  std::string output();

  std::map<std::int32_t, Request> requests;
  bool sawGoAway = false;

  void respond(std::int32_t stream, Response response);
  void sendHead(std::int32_t stream, H2Fields fields, bool ends);  // an interim one, or one without a body
  void reset(std::int32_t stream, std::uint32_t code);
  void goAway(std::int32_t lastStream, std::uint32_t code);

 private:
  struct Sending {
    Response response;
    std::size_t sent = 0;
  };
  static nghttp2_session_callbacks* makeCallbacks();

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Sending> sending_;
  bool takesBodies_ = false;
};

// Passes bytes between the two until neither has any. What the session's feed gave at last.
proxycommon::Outcome talk(proxycommon::H2Session& session, H2Server& server);

}  // namespace proxytest
