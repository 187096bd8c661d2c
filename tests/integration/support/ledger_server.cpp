// See ledger_server.h.
#include "tests/integration/support/ledger_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "tests/integration/support/http_text.h"

namespace proxytest {

class LedgerServer::Connection : public LoopConnection {
 public:
  Connection(LedgerServer& server, Descriptor socket, std::uint64_t number)
      : LoopConnection(server.loop(), std::move(socket), nullptr, AsyncSocket::Side::kServer),
        server_(server),
        number_(number) {}

  // Closes when nothing has come since that request.
  void closeIfIdle(int request) {
    if (request != requests_ || !input_.empty()) return;
    ++server_.closedIdle_;
    close();
  }

 private:
  void received(std::string_view bytes) override {
    input_ += bytes;
    while (open() && takeRequest()) {
    }
  }
  void ended(bool) override { close(); }

  bool takeRequest() {
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const HeaderList fields = parseHeaders(input_.substr(0, end + 4));
    std::size_t length = 0;
    const std::string announced = headerValue(fields, "Content-Length").value_or("0");
    std::from_chars(announced.data(), announced.data() + announced.size(), length);
    if (input_.size() < end + 4 + length) return false;
    input_.erase(0, end + 4 + length);
    ++server_.seen_[headerValue(fields, "X-Id").value_or("")];
    ++requests_;
    const LedgerRules& rules = server_.rules_;
    const bool isReset = rules.resetEvery > 0 && requests_ > 1 && ++server_.reusedRequests_ % rules.resetEvery == 0;
    if (isReset) {
      reset();
    } else {
      answer();
    }
    return !isReset;
  }

  void reset() {
    ++server_.resets_;
    resetWhenClosed();
    close();
  }

  void answer() {
    const LedgerRules& rules = server_.rules_;
    send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + rules.extraFields + "\r\nok\n");
    if (rules.idleLimit.count() == 0) return;
    server_.loop().after(rules.idleLimit, [&server = server_, number = number_, request = requests_] {
      if (auto* connection = static_cast<Connection*>(server.find(number))) connection->closeIfIdle(request);
    });
  }

  LedgerServer& server_;
  std::uint64_t number_;
  int requests_ = 0;
  std::string input_;
};

LedgerServer::LedgerServer(LedgerRules rules) : rules_(std::move(rules)) {
  start();
}

std::unique_ptr<LoopConnection> LedgerServer::makeConnection(Descriptor socket, std::uint64_t number) {
  return std::make_unique<Connection>(*this, std::move(socket), number);
}

LedgerServer::Count LedgerServer::count(const std::string& prefix) {
  return loop().call([&] {
    Count count;
    for (const auto& [id, times] : seen_) {
      if (!id.starts_with(prefix)) continue;
      ++count.ids;
      count.sum += times;
      count.most = std::max(count.most, times);
    }
    return count;
  });
}

}  // namespace proxytest
