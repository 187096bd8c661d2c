// The client's side of one HTTP/2 connection, over nghttp2.
#include "common/http/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "common/base/text.h"
#include "common/http/h2_response.h"

namespace proxycommon {
namespace {

// All streams together never wait for this one: what has come is acknowledged at once, and each stream has its own
// window.
constexpr std::int32_t kConnectionWindow = 16 * 1024 * 1024;

constexpr std::size_t kLargestRequestHead = 4 * 1024 * 1024;

using Id = H2Session::Stream;

std::string_view viewOf(const std::uint8_t* bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

}  // namespace

class H2Session::Machine {
 public:
  Machine() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* options = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option_new(&options);
    setCallbacks(callbacks);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    // Else it passes a Content-Length with blanks around it on, and does not hold the body against it.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
    // What clients may send is limited where it is read (LimitRequestFieldSize, LimitRequestFields).
    nghttp2_option_set_max_send_header_block_length(options, kLargestRequestHead);
    nghttp2_session_client_new2(&session_, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
                                               {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HeadLimits::kMostBytes}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  }
  ~Machine() { nghttp2_session_del(session_); }
  Machine(const Machine&) = delete;

  bool isReady() const { return ready_; }
  std::size_t limit() const {
    const std::uint32_t offered =
        nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return std::min<std::size_t>(offered, kMostStreams);
  }
  std::size_t count() const { return streams_.size(); }
  bool takesStreams() const { return ready_ && !closing_ && nghttp2_session_check_request_allowed(session_) != 0; }

  Result<Id> open(const H2Request& request, std::shared_ptr<H2StreamEvents> events) {
    std::vector<nghttp2_nv> fields;
    for (const H2Field& field : request.fields) fields.push_back(entryOf(field));
    nghttp2_data_provider body{{}, &Machine::readBody};
    const Id id = nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(),
                                         request.hasBody() ? &body : nullptr, nullptr);
    if (id < 0) return failure(ErrorKind::kInternal, std::string{"no stream can be opened: "} + nghttp2_strerror(id));
    streams_.try_emplace(id, request.responseLimits).first->second.events = std::move(events);
    return id;
  }

  void bodyIsReady(Id id) { nghttp2_session_resume_data(session_, id); }
  void consumed(Id id, std::size_t bytes) { nghttp2_session_consume_stream(session_, id, bytes); }

  bool cancel(Id id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return false;
    found->second.events.reset();
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return true;
  }

  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

  void close() {
    closing_ = true;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
    if (streams_.empty()) nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  }

  Outcome feed(std::span<const char> bytes) {
    if (!ready_ && begun_.size() < kShown) begun_.append(bytes.data(), std::min(bytes.size(), kShown));
    const ssize_t used =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (used >= 0) return {};
    if (fault_.empty()) fault_ = nghttp2_strerror(static_cast<int>(used));
    return endOf({});
  }

  Outcome output(std::string& out, std::size_t enough) {
    while (out.size() < enough) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t length = nghttp2_session_mem_send(session_, &bytes);
      if (length == 0) break;
      if (length < 0) {
        fault_ = nghttp2_strerror(static_cast<int>(length));
        return endOf({});
      }
      out.append(viewOf(bytes, static_cast<std::size_t>(length)));
    }
    return {};
  }

  bool isOver() const { return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0; }

  Error endOf(std::string why) const {
    if (!ready_ && !begun_.empty())
      return failure(ErrorKind::kMalformedResponse,
                     "the backend does not speak HTTP/2; what it sent begins with \"" + printable(begun_) + "\"");
    if (!fault_.empty())
      return failure(ErrorKind::kMalformedResponse, "the backend broke the rules of HTTP/2: " + printable(fault_));
    return failure(ErrorKind::kClosedEarly, why + goAwayReason_);
  }

  void lost(const std::string& why) {
    auto streams = std::exchange(streams_, {});
    closing_ = true;
    for (auto& [id, stream] : streams) {
      if (!stream.events) continue;
      const bool within = stream.response.hasHead();
      stream.fail(failure(within ? ErrorKind::kBrokenBody : ErrorKind::kClosedEarly, why));
    }
  }

 private:
  static constexpr std::size_t kShown = 40;

  static nghttp2_nv entryOf(const H2Field& field) {
    const auto bytes = [](const std::string& text) {
      return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    // A secret of one client must not be found out by another through the size of a shared table (RFC 7541 7.1).
    const bool isSecret = field.name == "authorization" || field.name == "cookie";
    return {bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
            static_cast<std::uint8_t>(isSecret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
  }

  static void setCallbacks(nghttp2_session_callbacks* callbacks);
  static ssize_t readBody(nghttp2_session* session, Id id, std::uint8_t* into, std::size_t length, std::uint32_t* flags,
                          nghttp2_data_source*, void* user) noexcept try {
    return static_cast<Machine*>(user)->passBody(session, id, {reinterpret_cast<char*>(into), length}, *flags);
  } catch (...) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  H2OpenStream* find(Id id) {
    const auto found = streams_.find(id);
    return found == streams_.end() ? nullptr : &found->second;
  }
  // One that still wants to hear.
  H2OpenStream* listening(Id id) {
    H2OpenStream* stream = find(id);
    return stream && stream->events && !stream->fault ? stream : nullptr;
  }

  ssize_t passBody(nghttp2_session* session, Id id, std::span<char> into, std::uint32_t& flags) {
    H2OpenStream* stream = listening(id);
    if (!stream) return NGHTTP2_ERR_DEFERRED;
    const H2BodyPart part = stream->events->takeBody(into);
    if (part.state == H2BodyPart::State::kNotYet && part.bytes == 0) return NGHTTP2_ERR_DEFERRED;
    if (part.state != H2BodyPart::State::kEnd) return static_cast<ssize_t>(part.bytes);
    flags |= NGHTTP2_DATA_FLAG_EOF;
    std::vector<nghttp2_nv> entries;
    const H2Fields trailers = stream->events->takeTrailers();
    for (const H2Field& field : trailers) entries.push_back(entryOf(field));
    if (!entries.empty() && nghttp2_submit_trailer(session, id, entries.data(), entries.size()) == 0)
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return static_cast<ssize_t>(part.bytes);
  }

  // Told when it is closed: until then the peer may still send for it.
  int refuse(Id id, H2OpenStream& stream, Error error) {
    if (stream.fault) return 0;
    stream.fault = std::move(error);
    return nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
  }

  int headBegins(const nghttp2_frame& frame) {
    if (H2OpenStream* stream = find(frame.hd.stream_id)) stream->response.beginFields();
    return 0;
  }

  int fieldCame(const nghttp2_frame& frame, std::string_view name, std::string_view value) {
    H2OpenStream* stream = listening(frame.hd.stream_id);
    if (!stream) return 0;
    auto added = stream->response.addField(name, value);
    return added ? 0 : refuse(frame.hd.stream_id, *stream, std::move(added.error()));
  }

  int frameCame(const nghttp2_frame& frame) {
    const Id id = frame.hd.stream_id;
    if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) ready_ = true;
    if (frame.hd.type == NGHTTP2_GOAWAY) goAwayCame(frame.goaway);
    H2OpenStream* stream = listening(id);
    if (!stream) return 0;
    if (frame.hd.type == NGHTTP2_RST_STREAM) stream->resetBy = frame.rst_stream.error_code;
    const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame.hd.type == NGHTTP2_HEADERS) {
      auto passed = stream->response.passFields(*stream->events, ends);
      if (!passed) return refuse(id, *stream, std::move(passed.error()));
    }
    const bool mayEnd = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    if (mayEnd && ends) return responseEnds(id, *stream);
    return 0;
  }

  int responseEnds(Id id, H2OpenStream& stream) {
    std::exchange(stream.events, nullptr)->onEnd();
    if (nghttp2_session_get_stream_local_close(session_, id) != 0) return 0;
    // Nobody needs the rest of the request (RFC 9113 8.1).
    return nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }

  void goAwayCame(const nghttp2_goaway& frame) {
    closing_ = true;
    if (frame.error_code == NGHTTP2_NO_ERROR) return;
    const std::string_view more = viewOf(frame.opaque_data, frame.opaque_data_len);
    goAwayReason_ = std::string{" (it said "} + nghttp2_http2_strerror(frame.error_code) +
                    (more.empty() ? "" : ": " + printable(more)) + ")";
  }

  int dataCame(Id id, std::span<const char> bytes) {
    nghttp2_session_consume_connection(session_, bytes.size());
    H2OpenStream* stream = listening(id);
    if (stream && stream->response.hasHead()) stream->events->onBody(bytes);
    return 0;
  }

  int frameWent(const nghttp2_frame& frame) {
    H2OpenStream* stream = find(frame.hd.stream_id);
    if (stream && frame.hd.type == NGHTTP2_HEADERS) stream->sent = true;
    // What nghttp2 has found wrong, it tells the peer.
    if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR && fault_.empty())
      fault_ = frame.goaway.opaque_data_len > 0 ? viewOf(frame.goaway.opaque_data, frame.goaway.opaque_data_len)
                                                : nghttp2_http2_strerror(frame.goaway.error_code);
    return 0;
  }

  int frameWasWrong(const nghttp2_frame& frame, int code) {
    H2OpenStream* stream = listening(frame.hd.stream_id);
    if (stream && !stream->fault)
      stream->fault = failure(
          stream->response.hasHead() ? ErrorKind::kBrokenBody : ErrorKind::kMalformedResponse,
          "a response that HTTP/2 does not allow: " + (detail_.empty() ? nghttp2_strerror(code) : printable(detail_)));
    detail_.clear();
    return 0;
  }

  int streamCloses(Id id, std::uint32_t code) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return 0;
    H2OpenStream stream = std::move(found->second);
    streams_.erase(found);
    if (stream.events) stream.fail(reasonOf(stream, code));
    return 0;
  }

  Error reasonOf(H2OpenStream& stream, std::uint32_t code) {
    if (stream.fault) return std::move(*stream.fault);
    const bool refused = stream.resetBy.value_or(code) == NGHTTP2_REFUSED_STREAM;
    if (!stream.response.hasBegun() && (refused || !stream.sent)) {
      stream.sent = false;
      return failure(ErrorKind::kClosedEarly, stream.resetBy ? "the backend has refused the stream"
                                                             : "the backend was closing the connection and has not "
                                                               "taken the request");
    }
    if (stream.resetBy)
      return failure(ErrorKind::kStreamReset,
                     std::string{"the backend has reset the stream ("} + nghttp2_http2_strerror(code) + ")");
    return stream.response.brokenBy(nghttp2_http2_strerror(code));
  }

  nghttp2_session* session_ = nullptr;
  std::unordered_map<Id, H2OpenStream> streams_;
  bool ready_ = false;
  bool closing_ = false;
  std::string begun_;         // the first bytes that came
  std::string fault_;         // for which the connection ends
  std::string detail_;        // what nghttp2 says of the fields it refuses
  std::string goAwayReason_;  // the peer's
};

// nghttp2 is C: nothing may be thrown through it. What fails to be allocated ends the connection.
void H2Session::Machine::setCallbacks(nghttp2_session_callbacks* callbacks) {
  using Frame = const nghttp2_frame*;
  using Bytes = const std::uint8_t*;
  static constexpr auto kGuarded = [](void* user, auto call) noexcept {
    try {
      return call(*static_cast<Machine*>(user));
    } catch (...) {
      return static_cast<int>(NGHTTP2_ERR_CALLBACK_FAILURE);
    }
  };
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, [](nghttp2_session*, Frame frame, void* user) {
    return kGuarded(user, [&](Machine& machine) { return machine.headBegins(*frame); });
  });
  constexpr auto kFieldCame = [](nghttp2_session*, Frame frame, Bytes name, std::size_t nameLength, Bytes value,
                                 std::size_t valueLength, std::uint8_t, void* user) {
    return kGuarded(user, [&](Machine& machine) {
      return machine.fieldCame(*frame, viewOf(name, nameLength), viewOf(value, valueLength));
    });
  };
  nghttp2_session_callbacks_set_on_header_callback(callbacks, kFieldCame);
  // Else nghttp2 would leave the field out, and go on.
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, kFieldCame);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, Frame frame, void* user) {
    return kGuarded(user, [&](Machine& machine) { return machine.frameCame(*frame); });
  });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, Id id, Bytes bytes, std::size_t length, void* user) {
        return kGuarded(user, [&](Machine& machine) {
          return machine.dataCame(id, {reinterpret_cast<const char*>(bytes), length});
        });
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, [](nghttp2_session*, Frame frame, void* user) {
    return kGuarded(user, [&](Machine& machine) { return machine.frameWent(*frame); });
  });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      callbacks, [](nghttp2_session*, Frame frame, int code, void* user) {
        return kGuarded(user, [&](Machine& machine) { return machine.frameWasWrong(*frame, code); });
      });
  nghttp2_session_callbacks_set_error_callback2(
      callbacks, [](nghttp2_session*, int, const char* text, std::size_t length, void* user) {
        return kGuarded(user, [&](Machine& machine) {
          machine.detail_.assign(text, length);
          return 0;
        });
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, Id id, std::uint32_t code, void* user) {
        return kGuarded(user, [&](Machine& machine) { return machine.streamCloses(id, code); });
      });
}

H2Session::H2Session() : machine_(std::make_unique<Machine>()) {}
H2Session::~H2Session() = default;

bool H2Session::isReady() const {
  return machine_->isReady();
}
bool H2Session::takesStreams() const {
  return machine_->takesStreams();
}
std::size_t H2Session::freeStreams() const {
  return machine_->takesStreams() && machine_->limit() > machine_->count() ? machine_->limit() - machine_->count() : 0;
}
std::size_t H2Session::openStreams() const {
  return machine_->count();
}
std::size_t H2Session::streamLimit() const {
  return machine_->limit();
}
Result<H2Session::Stream> H2Session::open(const H2Request& request, std::shared_ptr<H2StreamEvents> events) {
  return machine_->open(request, std::move(events));
}
void H2Session::bodyIsReady(Stream stream) {
  machine_->bodyIsReady(stream);
}
void H2Session::consumed(Stream stream, std::size_t bytes) {
  machine_->consumed(stream, bytes);
}
bool H2Session::cancel(Stream stream) {
  return machine_->cancel(stream);
}
void H2Session::ping() {
  machine_->ping();
}
void H2Session::close() {
  machine_->close();
}
Outcome H2Session::feed(std::span<const char> bytes) {
  return machine_->feed(bytes);
}
Outcome H2Session::output(std::string& out, std::size_t enough) {
  return machine_->output(out, enough);
}
bool H2Session::isOver() const {
  return machine_->isOver();
}
Error H2Session::endOf(std::string why) const {
  return machine_->endOf(std::move(why));
}
void H2Session::lost(const std::string& why) {
  machine_->lost(why);
}

}  // namespace proxycommon
