// See h2_origin.h.
#include "tests/integration/support/h2_origin.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "tests/integration/support/descriptor.h"
#include "tests/integration/support/port.h"

namespace proxytest {
namespace {

using Frame = const nghttp2_frame*;
using Bytes = const std::uint8_t*;
constexpr int kLookAround = 20;  // milliseconds, to see whether the test is over

std::vector<nghttp2_nv> entriesOf(const H2OriginFields& fields) {
  std::vector<nghttp2_nv> entries;
  const auto bytes = [](const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  for (const auto& [name, value] : fields)
    entries.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return entries;
}

}  // namespace

class H2Origin::Implementation {
 public:
  Implementation(Answering answering, std::uint32_t streams)
      : answering_(std::move(answering)), streams_(streams), listener_(listenOnLoopback(port_)) {
    acceptor_ = std::thread([this] { accept(); });
  }
  ~Implementation() {
    over_ = true;
    acceptor_.join();
    for (std::thread& one : threads_) one.join();
  }

  int port() const { return port_; }
  const Answering& answering() const { return answering_; }
  std::uint32_t streams() const { return streams_; }
  bool isOver() const { return over_; }

  void note(const H2OriginRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  void noteLeft(const std::string& path) {
    const std::lock_guard lock(mutex_);
    left_.push_back(path);
  }
  std::vector<H2OriginRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t requestCount() const {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  std::vector<std::string> left() const {
    const std::lock_guard lock(mutex_);
    return left_;
  }

 private:
  void accept();

  const Answering answering_;
  const std::uint32_t streams_;
  int port_ = 0;
  Descriptor listener_;
  std::atomic<bool> over_ = false;
  std::thread acceptor_;
  std::list<std::thread> threads_;
  mutable std::mutex mutex_;
  std::vector<H2OriginRequest> requests_;
  std::vector<std::string> left_;
};

namespace {

// One connection, in its own thread.
template <class Home>
class H2OriginConnection {
 public:
  H2OriginConnection(Home& home, Descriptor socket, std::size_t number)
      : home_(home), socket_(std::move(socket)), number_(number) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    setCallbacks(callbacks);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, home.streams()};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
  }
  ~H2OriginConnection() { nghttp2_session_del(session_); }

  void run() {
    std::array<std::uint8_t, 64 * 1024> buffer{};
    while (!home_.isOver() && (nghttp2_session_want_read(session_) != 0 || nghttp2_session_want_write(session_) != 0)) {
      if (frozen_) {
        std::this_thread::sleep_for(std::chrono::milliseconds{kLookAround});
        continue;
      }
      answerHeld();
      if (!write()) return;
      pollfd readable{socket_.get(), POLLIN, 0};
      if (::poll(&readable, 1, pending_.empty() ? kLookAround : 1) <= 0) continue;
      const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN)) return;
      if (count > 0 && nghttp2_session_mem_recv(session_, buffer.data(), static_cast<std::size_t>(count)) < 0) return;
    }
  }

 private:
  struct Stream {
    H2OriginRequest request;
    H2Answer answer;
    std::size_t sent = 0;
    bool echoes = false;
    bool isWhole = false;
  };

  static H2OriginConnection& of(void* user) { return *static_cast<H2OriginConnection*>(user); }

  static void setCallbacks(nghttp2_session_callbacks* callbacks) {
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, Frame frame, Bytes name, std::size_t nameLength, Bytes value,
                      std::size_t valueLength, std::uint8_t, void* user) {
          of(user).streams_[frame->hd.stream_id].request.fields[{reinterpret_cast<const char*>(name), nameLength}] = {
              reinterpret_cast<const char*>(value), valueLength};
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, Bytes bytes, std::size_t length, void* user) {
          Stream& stream = of(user).streams_[id];
          stream.request.body.append(reinterpret_cast<const char*>(bytes), length);
          if (stream.echoes) nghttp2_session_resume_data(of(user).session_, id);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, Frame frame, void* user) {
      of(user).frameCame(*frame);
      return 0;
    });
  }

  void frameCame(const nghttp2_frame& frame) {
    const std::int32_t id = frame.hd.stream_id;
    if (frame.hd.type == NGHTTP2_RST_STREAM) home_.noteLeft(streams_[id].request.path());
    const bool mayEnd = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
    if (!mayEnd) return;
    Stream& stream = streams_[id];
    stream.isWhole = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame.hd.type == NGHTTP2_HEADERS && stream.request.path().ends_with("/echo")) {
      stream.echoes = true;
      respond(id, stream);
    } else if (stream.echoes) {
      nghttp2_session_resume_data(session_, id);
    } else if (stream.isWhole) {
      answer(id, stream);
    }
  }

  void answer(std::int32_t id, Stream& stream) {
    stream.request.connection = number_;
    home_.note(stream.request);
    const H2Answer& chosen = stream.answer = home_.answering()(stream.request);
    frozen_ = chosen.freezes;
    if (chosen.goAway)
      nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, std::max(id - 2, 0), NGHTTP2_NO_ERROR, nullptr, 0);
    else if (chosen.reset)
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, *chosen.reset);
    else if (!chosen.silent && !chosen.freezes)
      held_.push_back(id);
  }

  void answerHeld() {
    const std::size_t count = held_.empty() ? 0 : home_.requestCount();
    std::erase_if(held_, [&](std::int32_t id) {
      const bool isDue = count >= streams_[id].answer.afterRequests;
      if (isDue) respond(id, streams_[id]);
      return isDue;
    });
  }

  void respond(std::int32_t id, Stream& stream) {
    const auto entries = entriesOf(stream.answer.fields);
    nghttp2_data_provider body{};
    body.source.ptr = &stream;
    body.read_callback = [](nghttp2_session* session, std::int32_t stream_, std::uint8_t* into, std::size_t room,
                            std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
      return passBody(session, stream_, *static_cast<Stream*>(source->ptr), into, room, *flags);
    };
    nghttp2_submit_response(session_, id, entries.data(), entries.size(), stream.answer.headOnly ? nullptr : &body);
  }

  static ssize_t passBody(nghttp2_session* session, std::int32_t id, Stream& stream, std::uint8_t* into,
                          std::size_t room, std::uint32_t& flags) {
    if (stream.echoes) return passEcho(stream, into, room, flags);
    const H2Answer& answer = stream.answer;
    const std::size_t size = std::min(room, answer.body.size() - stream.sent);
    std::memcpy(into, answer.body.data() + stream.sent, size);
    stream.sent += size;
    if (stream.sent < answer.body.size()) return static_cast<ssize_t>(size);
    if (answer.endless) {
      stream.sent = 0;
      return static_cast<ssize_t>(size);
    }
    if (answer.resetsBehind && size == 0) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // RST_STREAM
    if (answer.resetsBehind) return static_cast<ssize_t>(size);
    flags |= NGHTTP2_DATA_FLAG_EOF;
    const auto trailers = entriesOf(answer.trailers);
    if (!trailers.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(size);
  }

  static ssize_t passEcho(Stream& stream, std::uint8_t* into, std::size_t room, std::uint32_t& flags) {
    std::string& body = stream.request.body;
    const std::size_t size = std::min(room, body.size());
    if (size == 0 && !stream.isWhole) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(into, body.data(), size);
    body.erase(0, size);
    if (body.empty() && stream.isWhole) flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  // As far as the peer takes it, so that what it sends meanwhile is read.
  bool write() {
    while (true) {
      if (pending_.empty()) {
        Bytes bytes = nullptr;
        const ssize_t length = nghttp2_session_mem_send(session_, &bytes);
        if (length < 0) return false;
        pending_.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
        if (pending_.empty()) return true;
      }
      const ssize_t count = ::send(socket_.get(), pending_.data(), pending_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) return errno == EAGAIN;
      pending_.erase(0, static_cast<std::size_t>(count));
    }
  }

  Home& home_;
  Descriptor socket_;
  const std::size_t number_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  std::vector<std::int32_t> held_;
  bool frozen_ = false;
  std::string pending_;
};

}  // namespace

void H2Origin::Implementation::accept() {
  std::size_t number = 0;
  while (!over_) {
    pollfd readable{listener_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kLookAround) <= 0) continue;
    const int accepted = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) continue;
    threads_.emplace_back([this, accepted, current = number++] {
      H2OriginConnection<Implementation>(*this, Descriptor(accepted), current).run();
    });
  }
}

H2Origin::H2Origin(Answering answering, std::uint32_t streams)
    : implementation_(std::make_unique<Implementation>(std::move(answering), streams)) {}
H2Origin::~H2Origin() = default;

std::string H2Origin::url(const std::string& path) const {
  return "h2c://127.0.0.1:" + std::to_string(implementation_->port()) + path;
}

std::vector<H2OriginRequest> H2Origin::requests() const {
  return implementation_->requests();
}

std::vector<std::string> H2Origin::left() const {
  return implementation_->left();
}

std::size_t H2Origin::connections() const {
  std::size_t count = 0;
  for (const H2OriginRequest& request : requests()) count = std::max(count, request.connection + 1);
  return count;
}

}  // namespace proxytest
