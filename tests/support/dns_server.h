// A name server on a UDP port of 127.0.0.1 that knows what a test tells it, that hears and never answers, or that
// fails.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/base/file_descriptor.h"
#include "common/reactor/wake.h"

namespace proxytest {

class DnsServer {
 public:
  // The addresses of names, of either family; there are no other names.
  using Zone = std::map<std::string, std::vector<std::string>>;
  enum class Manner { kAnswers, kSilent, kFails };

  explicit DnsServer(Zone zone = {}, Manner manner = Manner::kAnswers);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;

  // From now on. The time to live, in seconds, is that of every address.
  void tell(const std::string& name, std::vector<std::string> addresses);
  // A name that is another's alias, with a time to live of its own.
  void tellAlias(const std::string& name, const std::string& target, unsigned timeToLive);
  // The SRV records of a name (RFC 2782), with the time to live of addresses.
  struct Service {
    unsigned priority;
    unsigned weight;
    unsigned port;
    std::string target;
  };
  void tellServices(const std::string& name, std::vector<Service> services);
  void become(Manner manner) { manner_ = manner; }
  void setTimeToLive(unsigned seconds) { timeToLive_ = seconds; }

  // "127.0.0.1:PORT", as ConnectPlan::nameServers.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // So far. For a name there are two, one for each family of addresses.
  int questions() const { return questions_; }

 private:
  void serve();
  std::string answerTo(std::string_view message);

  std::mutex mutex_;
  struct Alias {
    std::string target;
    unsigned timeToLive;
  };

  Zone zone_;
  std::map<std::string, Alias> aliases_;
  std::map<std::string, std::vector<Service>> services_;
  std::atomic<Manner> manner_;
  std::atomic<unsigned> timeToLive_ = 60;
  proxycommon::FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::atomic<int> questions_ = 0;
  proxycommon::Wake end_;
  std::jthread thread_;
};

}  // namespace proxytest
