// H2Stream: one request on a connection that many share, between the thread that serves the request and the loop that
// carries the connection. It keeps what either side has for the other, and both amounts are bounded: what the request
// has not taken is the stream's window full at most, what the loop has not sent is kOutbound.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/base/export.h"
#include "common/http/h2_session.h"

namespace proxycommon {

// A head, or trailers, with memory of their own.
class H2Message {
 public:
  H2Message(int status, const HeaderFields& fields);
  // Views into it, which hold as long as it is not moved.
  ResponseHead head() const;

 private:
  int status_;
  H2Fields fields_;
};

// Where a request has its place.
struct H2Place {
  std::string address;    // what was dialled, for logs
  bool isReused = false;  // the connection has carried others before
};

class H2Connection;

class PROXYCOMMON_API H2Stream final : public H2StreamEvents, public std::enable_shared_from_this<H2Stream> {
 public:
  // Bytes of the request's body that wait for the loop.
  static constexpr std::size_t kOutbound = 64 * 1024;
  using Attention = std::function<void(std::shared_ptr<H2Stream>)>;

  // `wake` ends a wait of the request's thread; `attention` has the loop call settle(). Both may be called by any
  // thread.
  H2Stream(H2Request request, std::function<void()> wake, Attention attention)
      : request_(std::move(request)), wake_(std::move(wake)), attention_(std::move(attention)) {}

  // Of the request's thread: what has come since the last call, in this order.
  struct News {
    bool isOpen = false;  // the request has a place on a connection
    H2Place place;        // then
    std::deque<H2Message> heads;
    std::string body;
    std::optional<H2Message> trailers;
    bool ended = false;
    std::optional<Error> error;
    bool sent = false;  // a part of the request's body has gone out
  };
  // `news` is overwritten, and its memory used again.
  void take(News& news);
  // What add() takes now; where that is nothing, the request is woken when there is some.
  std::size_t room();
  // Precondition: there is room for them.
  void add(std::span<const char> bytes);
  void finishBody(H2Fields trailers);
  // So much of the response's body is kept no longer: the peer may send as much again.
  void consumed(std::size_t bytes);
  // Nobody waits for it any more.
  void leave();

  // Of the loop's thread: what it is to do for the request.
  struct Tasks {
    bool left = false;
    bool bodyIsReady = false;
    std::size_t consumed = 0;
  };
  Tasks settle();
  bool isLeft() const;
  const H2Request& request() const { return request_; }
  // Which connection carries it, and as what.
  void setPlace(std::weak_ptr<H2Connection> connection, H2Session::Stream id, H2Place place);
  std::shared_ptr<H2Connection> connection() const { return connection_.lock(); }
  H2Session::Stream id() const { return id_; }

  void onHead(const ResponseHead& head, bool ends) override;
  void onBody(std::span<const char> bytes) override;
  void onTrailers(const HeaderFields& fields) override;
  void onEnd() override;
  void onFailed(Error error) override;
  H2BodyPart takeBody(std::span<char> into) override;
  H2Fields takeTrailers() override;

 private:
  template <class Change>
  void tell(Change change);
  template <class Change>
  void ask(Change change);

  const H2Request request_;
  const std::function<void()> wake_;
  const Attention attention_;
  // Of the loop's thread.
  std::weak_ptr<H2Connection> connection_;
  H2Session::Stream id_ = 0;

  mutable std::mutex mutex_;  // for what follows
  News news_;                 // for the request
  bool told_ = false;         // and it has been woken for them
  std::string outbound_;
  std::size_t outboundTaken_ = 0;
  H2Fields requestTrailers_;
  bool bodyIsWhole_ = false;
  bool roomIsWanted_ = false;
  Tasks tasks_;
  bool asked_ = false;  // attention has been called for them
};

// The request's end of a stream: who drops it leaves the stream.
class PROXYCOMMON_API H2StreamHandle {
 public:
  explicit H2StreamHandle(std::shared_ptr<H2Stream> stream) : stream_(std::move(stream)) {}
  ~H2StreamHandle() {
    if (stream_) stream_->leave();
  }
  H2StreamHandle(H2StreamHandle&&) = default;
  H2StreamHandle& operator=(H2StreamHandle&&) = delete;

  H2Stream* operator->() const { return stream_.get(); }

 private:
  std::shared_ptr<H2Stream> stream_;
};

}  // namespace proxycommon
