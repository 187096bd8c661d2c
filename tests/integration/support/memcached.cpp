// See memcached.h.
#include "tests/integration/support/memcached.h"

#include <unistd.h>

#include <string>
#include <vector>

namespace proxytest {
namespace {

std::vector<std::string> argumentsFor(int port) {
  std::vector<std::string> arguments{"memcached", "-l", "127.0.0.1", "-p", std::to_string(port), "-U", "0", "-m", "64"};
  // As root it does not run at all without the name of another.
  if (::geteuid() == 0) arguments.insert(arguments.end(), {"-u", "nobody"});
  return arguments;
}

}  // namespace

Memcached::Memcached() : ServerProcess(argumentsFor, "version") {}

std::size_t Memcached::keys() const {
  const std::string name = "STAT curr_items ";
  const std::string figures = ask("stats", "END\r\n");
  return std::stoul(figures.substr(figures.find(name) + name.size()));
}

}  // namespace proxytest
