// See scripted_origin.h. The connections are OriginSocket's; here they are accepted, counted and ended.
#include "tests/integration/support/scripted_origin.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/integration/support/origin_socket.h"

namespace proxytest {

using boost::asio::ip::tcp;

namespace {

boost::asio::ip::address addressOf(ScriptedOrigin::Loopback loopback) {
  if (loopback == ScriptedOrigin::Loopback::kV6) return boost::asio::ip::address_v6::loopback();
  return boost::asio::ip::address_v4::loopback();
}

}  // namespace

class ScriptedOrigin::Implementation : public RequestRecorder {
 public:
  Implementation(Script script, Loopback loopback)
      : script_(std::move(script)), acceptor_(context_, tcp::endpoint(addressOf(loopback), 0)) {
    acceptor_.listen(1024);
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Implementation() override {
    context_.stop();
    thread_.join();
    for (Session& session : sessions_) session.socket.shutDown();
    for (Session& session : sessions_) session.thread.join();
  }
  Implementation(const Implementation&) = delete;
  Implementation& operator=(const Implementation&) = delete;

  void record(const OriginRequest& request) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }

  int port() const { return acceptor_.local_endpoint().port(); }
  std::size_t connections() const { return connections_; }
  std::vector<OriginRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  struct Session {
    Session(tcp::socket accepted, std::size_t number, RequestRecorder& recorder)
        : socket(std::move(accepted), number, recorder) {}
    OriginSocket socket;
    std::thread thread;
    std::atomic<bool> done = false;
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (!error) begin(std::move(socket));
      accept();
    });
  }

  void begin(tcp::socket socket) {
    sessions_.remove_if([](Session& session) {
      if (session.done) session.thread.join();
      return session.done.load();
    });
    Session& session = sessions_.emplace_back(std::move(socket), connections_++, *this);
    session.thread = std::thread([this, &session] {
      try {
        script_(session.socket);
      } catch (const std::exception&) {  // the peer went away; what that means, the test sees at the other end
      }
      session.socket.close();
      session.done = true;
    });
  }

  Script script_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  std::list<Session> sessions_;  // the acceptor's thread only, until that has ended
  std::atomic<std::size_t> connections_ = 0;
  mutable std::mutex mutex_;
  std::vector<OriginRequest> requests_;
};

ScriptedOrigin::ScriptedOrigin(Script script, Loopback loopback)
    : implementation_(std::make_unique<Implementation>(std::move(script), loopback)) {}

ScriptedOrigin::~ScriptedOrigin() = default;

ScriptedOrigin::Script ScriptedOrigin::answering(Responder responder) {
  return [responder = std::move(responder)](OriginConnection& connection) {
    while (const auto request = connection.readRequest()) connection.write(responder(*request));
  };
}

ScriptedOrigin::Script ScriptedOrigin::answering(std::string response) {
  return answering([response = std::move(response)](const OriginRequest&) { return response; });
}

int ScriptedOrigin::port() const {
  return implementation_->port();
}

std::string ScriptedOrigin::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + path;
}

std::size_t ScriptedOrigin::connections() const {
  return implementation_->connections();
}

std::vector<OriginRequest> ScriptedOrigin::requests() const {
  return implementation_->requests();
}

OriginRequest ScriptedOrigin::onlyRequest() const {
  const std::vector<OriginRequest> all = requests();
  if (all.size() != 1) throw std::runtime_error("the origin saw " + std::to_string(all.size()) + " requests, not 1");
  return all.front();
}

ScriptedOrigin::Script showingHeads() {
  return ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.head); });
}

std::string okResponse(std::string_view body, std::string_view extraHeaders) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(extraHeaders) +
         "\r\n" + std::string(body);
}

}  // namespace proxytest
