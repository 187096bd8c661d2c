// See answering_server.h.
#include "tests/unit/support/answering_server.h"

#include "common/base/clock.h"

namespace proxytest {

using proxycommon::FileDescriptor;

AnsweringServer::AnsweringServer(Script script) : script_(std::move(script)), acceptor_([this] { accept(); }) {}

AnsweringServer::AnsweringServer(std::string answer)
    : answer_(std::move(answer)),
      script_([this](const FileDescriptor& caller) { sendAnswer(caller); }),
      acceptor_([this] { accept(); }) {}

AnsweringServer::~AnsweringServer() {
  over_ = true;
  acceptor_.join();
}

void AnsweringServer::accept() {
  while (!over_) {
    if (!listener_.hasCaller()) {
      std::this_thread::sleep_for(proxycommon::milliseconds{1});
      continue;
    }
    ++callers_;
    threads_.emplace_back([this, socket = listener_.accept().release()] { serve(FileDescriptor{socket}); });
  }
}

void AnsweringServer::serve(FileDescriptor caller) {
  script_(std::move(caller));
}

void AnsweringServer::sendAnswer(const FileDescriptor& caller) {
  std::string request = receiveUntil(caller.get(), "\r\n\r\n");
  const std::lock_guard lock(mutex_);
  request_ = std::move(request);
  sendAll(caller.get(), answer_);
}

bool AnsweringServer::awaitCallers(int count) const {
  return eventually([&] { return callers_ >= count; });
}

void AnsweringServer::answer(std::string text) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(text);
}

std::string AnsweringServer::lastRequest() const {
  const std::lock_guard lock(mutex_);
  return request_;
}

void staySilent(FileDescriptor caller) {
  receiveUntilEnd(caller.get());
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = proxycommon::Deadline::after(proxycommon::milliseconds{20'000});
  while (!condition()) {
    if (deadline.expired()) return false;
    std::this_thread::sleep_for(proxycommon::milliseconds{1});
  }
  return true;
}

}  // namespace proxytest
