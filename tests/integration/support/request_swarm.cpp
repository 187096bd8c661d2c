// See request_swarm.h.
#include "tests/integration/support/request_swarm.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/loop_connection.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

using Clock = std::chrono::steady_clock;

int numberIn(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

// Sends its requests one after the other.
class RequestSwarm::Client {
 public:
  Client(RequestSwarm& swarm, int number) : swarm_(swarm), number_(number) {}
  ~Client();

  void begin();
  void begunBody();
  void answered(std::string_view response, std::size_t bodyBegins);
  void lost(bool beforeAnyByte);

 private:
  void send();
  void connect();
  void next();

  RequestSwarm& swarm_;
  const int number_;
  int request_ = 0;
  std::unique_ptr<Connection> connection_;
  bool waiting_ = false;
  bool reused_ = false;
  bool isPartly_ = false;
  std::string text_ = {};  // of the request
  Clock::time_point sent_;
};

class RequestSwarm::Connection : public LoopConnection {
 public:
  Connection(EventLoop& loop, Client& client, Descriptor socket)
      : LoopConnection(loop, std::move(socket), nullptr, AsyncSocket::Side::kClient), client_(client) {}

 private:
  void received(std::string_view bytes) override {
    response_ += bytes;
    const std::size_t end = response_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const HeaderList headers = parseHeaders(response_.substr(0, end + 4));
    const std::size_t size =
        end + 4 + static_cast<std::size_t>(numberIn(headerValue(headers, "Content-Length").value_or("0")));
    if (response_.size() < size) {
      if (response_.size() > end + 4) client_.begunBody();
      return;
    }
    const std::string whole = response_.substr(0, size);
    response_.erase(0, size);
    client_.answered(whole, end + 4);
  }
  void ended(bool) override {
    close();
    client_.lost(response_.empty());
  }

  Client& client_;
  std::string response_;
};

RequestSwarm::Client::~Client() = default;

void RequestSwarm::Client::begin() {
  if (swarm_.begun_ >= swarm_.toBegin_) return;
  ++swarm_.begun_;
  ++swarm_.running_;
  waiting_ = true;
  sent_ = Clock::now();
  reused_ = connection_ && connection_->open();
  if (!reused_) connect();
  send();
}

void RequestSwarm::Client::connect() {
  connection_ = std::make_unique<Connection>(swarm_.loop_, *this, beginConnectingTo(swarm_.load_.port));
  if (!connection_->open()) swarm_.loop_.post([this] { lost(false); });
}

void RequestSwarm::Client::send() {
  const RequestLoad& load = swarm_.load_;
  text_ = load.text ? load.text(number_, request_++)
                    : "GET " + load.target + " HTTP/1.1\r\nHost: proxytest\r\n" +
                          (load.keepAlive ? "" : "Connection: close\r\n") + "\r\n";
  connection_->send(text_);
}

void RequestSwarm::Client::begunBody() {
  if (!std::exchange(isPartly_, true)) ++swarm_.partly_;
}

void RequestSwarm::Client::answered(std::string_view response, std::size_t bodyBegins) {
  waiting_ = false;
  if (std::exchange(isPartly_, false)) --swarm_.partly_;
  if (!swarm_.isRight(text_, response, bodyBegins)) ++swarm_.result_.wrong;
  swarm_.done(numberIn(response.substr(9, 3)),
              std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent_));
  const HeaderList headers = parseHeaders(response.substr(0, bodyBegins));
  const bool kept = !equalsIgnoringCase(headerValue(headers, "Connection").value_or(""), "close");
  if (!kept || !swarm_.load_.keepAlive) connection_->close();
  next();
}

void RequestSwarm::Client::lost(bool beforeAnyByte) {
  if (!waiting_) return;
  if (reused_ && beforeAnyByte) {
    reused_ = false;
    return swarm_.loop_.post([this] {
      connect();
      send();
    });
  }
  waiting_ = false;
  if (std::exchange(isPartly_, false)) --swarm_.partly_;
  swarm_.done(0, {});
  next();
}

// Later: the connection that calls this may be replaced.
void RequestSwarm::Client::next() {
  if (const auto pause = swarm_.nextPause(); pause.count() > 0) return swarm_.loop_.after(pause, [this] { begin(); });
  swarm_.loop_.post([this] { begin(); });
}

std::chrono::milliseconds RequestSwarm::nextPause() {
  if (load_.pauseSpread.count() == 0) return load_.pause;
  std::uniform_int_distribution<std::chrono::milliseconds::rep> spread(0, load_.pauseSpread.count());
  return load_.pause + std::chrono::milliseconds{spread(random_)};
}

RequestSwarm::RequestSwarm(RequestLoad load) : load_(std::move(load)), toBegin_(load_.total) {
  loop_.call([this] {
    for (int index = 0; index < load_.atOnce; ++index) {
      clients_.push_back(std::make_unique<Client>(*this, index));
      loop_.after(load_.ramp * index / load_.atOnce, [client = clients_.back().get()] { client->begin(); });
    }
  });
}

RequestSwarm::~RequestSwarm() {
  loop_.stop();
}

void RequestSwarm::done(int status, std::chrono::microseconds latency) {
  if (status == 0) {
    ++result_.failures;
  } else {
    ++result_.statuses[status];
    result_.latencies.push_back(latency);
  }
  --running_;
  ++finished_;
}

bool RequestSwarm::isRight(std::string_view request, std::string_view response, std::size_t bodyBegins) const {
  return !load_.judge || load_.judge(request, response.substr(0, bodyBegins), response.substr(bodyBegins));
}

bool RequestSwarm::waitFor(std::chrono::milliseconds limit) {
  return waitUntil([this] { return finished_ >= load_.total; }, limit);
}

LoadResult RequestSwarm::stop(std::chrono::milliseconds limit) {
  loop_.call([this] { toBegin_ = 0; });
  waitUntil([this] { return running_ == 0; }, limit);
  loop_.stop();
  LoadResult result = result_;
  result.failures += running_;
  std::sort(result.latencies.begin(), result.latencies.end());
  return result;
}

int LoadResult::answered(int status) const {
  const auto found = statuses.find(status);
  return found == statuses.end() ? 0 : found->second;
}

bool LoadResult::all(int status) const {
  return failures == 0 && wrong == 0 && statuses.size() == 1 && answered(status) > 0;
}

std::chrono::milliseconds LoadResult::percentile(double part) const {
  if (latencies.empty()) return {};
  const auto place = static_cast<std::size_t>(part * static_cast<double>(latencies.size()));
  return std::chrono::ceil<std::chrono::milliseconds>(latencies[std::min(place, latencies.size() - 1)]);
}

std::string LoadResult::report() const {
  std::string text = std::to_string(failures) + " failed";
  if (wrong > 0) text += ", " + std::to_string(wrong) + " wrong";
  for (const auto& [status, count] : statuses) {
    text += ", " + std::to_string(count) + " with status " + std::to_string(status);
  }
  return text + "; p50 " + std::to_string(percentile(0.5).count()) + " ms, p99 " +
         std::to_string(percentile(0.99).count()) + " ms";
}

}  // namespace proxytest
