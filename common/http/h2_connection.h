// H2Connection: one HTTP/2 connection to a backend on its loop: reads, feeds the session, writes what it has to say.
// Between http/h2_* only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/http/h2_session.h"
#include "common/http/h2_stream.h"
#include "common/net/connection.h"
#include "common/net/event_loop.h"

namespace proxycommon {

// On the thread of its loop. What waits on the loop keeps it alive until it is over.
class H2Connection : public std::enable_shared_from_this<H2Connection> {
 public:
  // `changed` is called when streams have become free, or it is ready, or over; not from within any other call.
  H2Connection(boost::asio::io_context& context, std::unique_ptr<Connection> connection, milliseconds idleTime,
               std::function<void()> changed);
  ~H2Connection();

  // The peer has that long to show that it speaks HTTP/2.
  void start(milliseconds limit);

  bool isReady() const { return session_.isReady(); }
  bool isOver() const { return over_.has_value(); }
  // Why. Precondition: isOver().
  const Error& error() const { return *over_; }
  bool takesStreams() const { return !isOver() && session_.takesStreams(); }
  std::size_t freeStreams() const { return isOver() ? 0 : session_.freeStreams(); }
  std::size_t streamLimit() const { return session_.streamLimit(); }

  // Precondition: freeStreams() > 0.
  void open(const std::shared_ptr<H2Stream>& stream);
  // Does what the request asks of one that it carries.
  void attend(H2Stream& stream);
  // Opens no more streams, and ends with the last.
  void close();

 private:
  void awaitReadable();
  void readAll();
  void writeSoon();
  void writeAll();
  void awaitWritable(IoState state);
  void armTimer(milliseconds limit);
  void timeIsUp();
  void looksIdle();
  void noteGivenUp();
  void probe();
  void end(Error why);
  void tellChanged();

  boost::asio::io_context& context_;
  std::unique_ptr<Connection> connection_;
  AsioDescriptor descriptor_;
  AsioTimer timer_;  // first for start()'s limit, then for the idle time
  AsioTimer probeTimer_;
  const milliseconds idleTime_;
  const std::function<void()> changed_;
  H2Session session_;
  std::vector<char> buffer_;
  std::string out_;
  std::size_t outTaken_ = 0;
  std::optional<Error> over_;
  milliseconds startLimit_{0};
  bool writeIsPosted_ = false;
  bool changeIsPosted_ = false;
  bool awaitsWrite_ = false;
  bool isIdle_ = false;
  bool hasCarried_ = false;  // a stream
  Clock::time_point lastRead_ = Clock::now();
  int givenUp_ = 0;         // streams
  bool isProbing_ = false;  // nothing has come since the PING
};

}  // namespace proxycommon
