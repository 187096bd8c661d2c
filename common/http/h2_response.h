// H2Response: the response of one stream as far as it has come: collects the fields of a head, and says what may not
// be. And what else is known of the stream. Between the files of H2Session only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/http/h2_session.h"

namespace proxycommon {

class H2Response {
 public:
  explicit H2Response(const HeadLimits& limits) : limits_(limits) {}

  bool hasHead() const { return headPassed_; }  // the final one
  bool hasBegun() const { return headPassed_ || interimCount_ > 0; }
  void beginFields();
  // Errors: kOversizedHead, kMalformedResponse; kBrokenBody in what follows the body.
  Outcome addField(std::string_view name, std::string_view value);
  // The fields are all there; `ends`: and nothing comes behind them. Error kMalformedResponse.
  Outcome passFields(H2StreamEvents& events, bool ends);
  // nghttp2 has ended the stream for what the backend sent, and does not say what that was.
  Error brokenBy(const char* code) const;

 private:
  struct Place {
    std::size_t start;
    std::size_t nameLength;
    std::size_t valueLength;
  };
  Error wrong(std::string detail) const;

  HeadLimits limits_;
  std::string text_;  // names and values
  std::vector<Place> places_;
  int status_ = 0;
  int interimCount_ = 0;
  bool headPassed_ = false;
};

// One stream as the session knows it.
struct H2OpenStream {
  explicit H2OpenStream(const HeadLimits& limits) : response(limits) {}

  std::shared_ptr<H2StreamEvents> events;  // null: it has been told its end
  H2Response response;
  std::optional<Error> fault;            // for which we reset it
  std::optional<std::uint32_t> resetBy;  // the peer, with that code
  bool sent = false;                     // its HEADERS have gone out

  // Says as well what the backend may have seen. Precondition: there are events.
  void fail(Error error) const;
};

}  // namespace proxycommon
