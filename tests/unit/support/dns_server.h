// A name server on a UDP port of 127.0.0.1 that knows what a test tells it, or that hears and never answers.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "common/base/file_descriptor.h"
#include "common/reactor/wake.h"

namespace proxytest {

class DnsServer {
 public:
  // The addresses of names, of either family; there are no other names.
  using Zone = std::map<std::string, std::vector<std::string>>;
  enum class Manner { kAnswers, kSilent };

  explicit DnsServer(Zone zone = {}, Manner manner = Manner::kAnswers);
  ~DnsServer();

  // "127.0.0.1:PORT", as ConnectPlan::nameServers.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int questions() const { return questions_; }

 private:
  void serve();

  Zone zone_;
  Manner manner_;
  proxycommon::FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_ = 0;
  proxycommon::Wake end_;
  std::jthread thread_;
};

}  // namespace proxytest
