// See redis.h.
#include "tests/integration/support/redis.h"

#include <string>
#include <string_view>
#include <vector>

namespace proxytest {
namespace {

std::vector<std::string> argumentsFor(int port) {
  return {"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
          "--dir",        ".",      "--daemonize",        "no"};
}

}  // namespace

Redis::Redis() : ServerProcess(argumentsFor, "PING") {}

std::size_t Redis::keys() const {
  return std::stoul(ask("DBSIZE").substr(1));  // ":12"
}

std::size_t Redis::reads() const {
  constexpr std::string_view kName = "cmdstat_get:calls=";
  const std::string figures = ask("INFO commandstats\r\nPING", "+PONG");
  const std::size_t place = figures.find(kName);
  return place == std::string::npos ? 0 : std::stoul(figures.substr(place + kName.size()));
}

}  // namespace proxytest
