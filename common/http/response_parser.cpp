// Responses, parsed by Boost.Beast's basic_parser; what it forgives is refused here.
#include "common/http/response_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using View = boost::beast::string_view;

std::string_view standard(View view) {
  return {view.data(), view.size()};
}

}  // namespace

class ResponseParser::Machine final : public http::basic_parser<false> {
 public:
  Machine(bool toHead, ResponseEvents& events, HeadLimits limits) : events_(events), limits_(limits) {
    eager(true);
    skip(toHead);
    // Not boost::none: Boost 1.74 compares lengths with it, and finds every length larger.
    body_limit(std::numeric_limits<std::uint64_t>::max());
    header_limit(static_cast<std::uint32_t>(limits.bytes));
    text_.reserve(1024);
  }

  Result<std::size_t> feed(std::span<const char> bytes) {
    if (is_done() || isBegunLastChunk(bytes)) return std::size_t{0};
    error_code error;
    const std::size_t used = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (!error || error == http::error::need_more) return used;
    return errorOf(error, bytes);
  }

  Outcome feedEnd() {
    if (!is_header_done())
      return failure(ErrorKind::kClosedEarly, got_some() ? "the connection was closed within the response head"
                                                         : "the connection was closed without a response");
    error_code error;
    if (!is_done()) put_eof(error);
    if (error) return failure(ErrorKind::kBrokenBody, "the connection was closed before the body was complete");
    return {};
  }

  // RFC 9112 9.3; `close` wins where a message says both. Chunks in HTTP/1.0 are a sign of a confused peer.
  bool keepsConnection() const {
    if (need_eof() || closes_) return false;
    // Announced, but not there by the rules: it may yet come, and would pass for the next response.
    if (head_.status == 204 && (chunked() || length_ > 0)) return false;
    return version_ == 11 || (keepsAlive_ && !chunked());
  }

 private:
  static constexpr std::size_t kAroundReason = std::string_view("HTTP/1.1 200 \r\n\r\n").size();
  static constexpr std::size_t kAroundField = std::string_view(": \r\n").size();

  // Fields as places in text_, which may move while it grows.
  struct Place {
    std::size_t start;
    std::size_t nameLength;
    std::size_t valueLength;
  };

  Error errorOf(const error_code& error, std::span<const char> bytes) {
    if (failure_) return std::move(*failure_);
    if (error == http::error::header_limit) return tooLarge();
    if (is_header_done()) return failure(ErrorKind::kBrokenBody, "bad framing within the body: " + error.message());
    return failure(ErrorKind::kMalformedResponse, error.message() + " in a response head that begins with \"" +
                                                      printable({bytes.data(), bytes.size()}, 80) + "\"");
  }

  // Boost 1.74 aborts the process when it has seen the three bytes "0\r\n" and then sees one more; with two it is well.
  bool isBegunLastChunk(std::span<const char> bytes) const {
    return is_header_done() && chunked() && chunkLeft_ == 0 && bytes.size() == 4 &&
           std::string_view(bytes.data(), 3) == "0\r\n";
  }

  Error tooLarge() {
    const std::string limit = " more than " + std::to_string(limits_.bytes) + " bytes";
    if (is_header_done()) return failure(ErrorKind::kBrokenBody, "the trailers have" + limit);
    return failure(ErrorKind::kOversizedHead, "the response head has" + limit);
  }

  // Ends the parse with an error of ours.
  void fail(Error reason, error_code& error) {
    failure_ = std::move(reason);
    error = http::error::bad_field;
  }
  void refuse(std::string why, error_code& error) {
    fail(failure(ErrorKind::kMalformedResponse, std::move(why)), error);
  }

  void on_request_impl(http::verb, View, View, int, error_code&) override {}

  void on_response_impl(int code, View reason, int version, error_code& error) override {
    if (code < 100) return refuse("status " + std::to_string(code), error);
    head_.status = code;
    head_.version = version_ = version;
    reasonLength_ = reason.size();
    headBytes_ = kAroundReason + reason.size();
    text_.assign(reason.data(), reason.size());
  }

  void on_field_impl(http::field field, View name, View value, error_code& error) override {
    // Beast limits what it sees in one piece; a head may come line by line.
    headBytes_ += name.size() + value.size() + kAroundField;
    if (headBytes_ > limits_.bytes) return fail(tooLarge(), error);
    if (is_header_done()) return onTrailer(standard(name), standard(value), error);
    if (places_.size() == limits_.fields)
      return fail(failure(ErrorKind::kOversizedHead,
                          "the response head has more than " + std::to_string(limits_.fields) + " fields"),
                  error);
    if (!isFieldValue(standard(value)))
      return refuse("a control character in field " + printable(standard(name)), error);
    if (field == http::field::transfer_encoding && !equalsIgnoringCase(trimmed(standard(value)), "chunked"))
      return refuse("transfer coding \"" + printable(standard(value)) + "\"", error);
    // Repeated alike is one length (RFC 9110 8.6), and only one is passed on; unlike ones are refused by Beast.
    if (field == http::field::content_length) {
      if (std::exchange(lengthSeen_, true)) return;
      const std::string_view first = trimmed(standard(value.substr(0, value.find(','))));
      value = {first.data(), first.size()};
      length_ = parseNumber(first, std::numeric_limits<std::uint64_t>::max()).value_or(1);
    }
    keep(standard(name), standard(value));
  }

  // A trailer that frames the message, or says who asks for what, must not be believed (RFC 9110 6.5.1).
  void onTrailer(std::string_view name, std::string_view value, error_code& error) {
    if (!isFieldValue(value))
      return fail(failure(ErrorKind::kBrokenBody, "a control character in trailer " + printable(name)), error);
    if (++trailerCount_ > limits_.fields)
      return fail(failure(ErrorKind::kBrokenBody, "more than " + std::to_string(limits_.fields) + " trailers"), error);
    if (trailerCount_ == 1) {  // what was kept before is the head
      places_.clear();
      text_.clear();
    }
    if (isTrailer(name)) keep(name, value);
  }

  void keep(std::string_view name, std::string_view value) {
    places_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(value);
  }

  HeaderFields keptFields() const {
    const std::string_view text = text_;
    HeaderFields fields;
    fields.reserve(places_.size());
    for (const Place& place : places_)
      fields.push_back(
          {text.substr(place.start, place.nameLength), text.substr(place.start + place.nameLength, place.valueLength)});
    return fields;
  }

  void on_header_impl(error_code& error) override {
    head_.reason = std::string_view(text_).substr(0, reasonLength_);
    head_.fields = keptFields();
    const ConnectionOptions options(head_.fields);
    closes_ = options.has("close");
    keepsAlive_ = options.has("keep-alive");
    pass(events_.onHead(head_), error);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(View body, error_code& error) override {
    pass(events_.onBody({body.data(), body.size()}), error);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, View extensions, error_code& error) override {
    chunkLeft_ = size;
    if (!isFieldValue(standard(extensions)))
      fail(failure(ErrorKind::kBrokenBody, "a control character in a chunk extension"), error);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, View body, error_code& error) override {
    chunkLeft_ -= body.size();
    pass(events_.onBody({body.data(), body.size()}), error);
    return body.size();
  }
  void on_finish_impl(error_code& error) override {
    if (trailerCount_ > 0 && !places_.empty()) pass(events_.onTrailers(keptFields()), error);
  }

  void pass(Outcome outcome, error_code& error) {
    if (!outcome) fail(std::move(outcome.error()), error);
  }

  ResponseEvents& events_;
  const HeadLimits limits_;
  ResponseHead head_;
  int version_ = 11;
  bool lengthSeen_ = false;
  std::uint64_t length_ = 0;     // announced by Content-Length
  std::uint64_t chunkLeft_ = 0;  // data that the chunk under way still has
  bool closes_ = false;
  bool keepsAlive_ = false;
  std::string text_;
  std::size_t reasonLength_ = 0;
  std::size_t headBytes_ = 0;  // trailers included
  std::vector<Place> places_;
  std::size_t trailerCount_ = 0;
  std::optional<Error> failure_;
};

ResponseParser::ResponseParser(bool toHead, ResponseEvents& events, HeadLimits limits)
    : machine_(std::make_unique<Machine>(toHead, events, limits)) {}
ResponseParser::~ResponseParser() = default;

Result<std::size_t> ResponseParser::feed(std::span<const char> bytes) {
  return machine_->feed(bytes);
}
Outcome ResponseParser::feedEnd() {
  return machine_->feedEnd();
}
bool ResponseParser::isHeadDone() const {
  return machine_->is_header_done();
}
bool ResponseParser::isDone() const {
  return machine_->is_done();
}
bool ResponseParser::keepsConnection() const {
  return machine_->keepsConnection();
}

}  // namespace proxycommon
