// See nghttpd.h.
#include "tests/integration/support/nghttpd.h"

#include <signal.h>

#include <fstream>
#include <regex>
#include <set>
#include <stdexcept>

#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

Nghttpd::Nghttpd(Options options) : port_(freePort()), scheme_("h2c") {
  command_.arguments = {"nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", documentRoot().string()};
  command_.arguments.insert(command_.arguments.end(), options.begin(), options.end());
  command_.arguments.push_back(std::to_string(port_));
  std::filesystem::create_directories(documentRoot());
  startAgain();
}

Nghttpd::Nghttpd(const Certificate& certificate, Options options) : port_(freePort()), scheme_("h2") {
  command_.arguments = {"nghttpd", "-a", "127.0.0.1", "-d", documentRoot().string()};
  command_.arguments.insert(command_.arguments.end(), options.begin(), options.end());
  command_.arguments.insert(command_.arguments.end(), {std::to_string(port_), certificate.keyFile.string(),
                                                       certificate.certificateFile.string()});
  std::filesystem::create_directories(documentRoot());
  startAgain();
}

Nghttpd::~Nghttpd() {
  if (process_) process_->terminate(SIGTERM, kPatience);
}

std::string Nghttpd::url(const std::string& path) const {
  return scheme_ + "://127.0.0.1:" + std::to_string(port_) + path;
}

void Nghttpd::kill() {
  process_->terminate(SIGKILL, kPatience);
  process_.reset();
}

void Nghttpd::startAgain() {
  process_ = std::make_unique<ChildProcess>(command_, log());
  waitUntil([&] { return !process_->running() || connectTo(port_); });
  if (!process_->running()) throw std::runtime_error("nghttpd does not start:\n" + readFile(log()));
}

std::size_t Nghttpd::connections() const {
  // A connection that only tried the port says nothing of a request.
  static const std::regex kRequest(R"(\[id=(\d+)\].*recv \(stream_id=)");
  std::ifstream log_(log());
  std::set<std::string> numbers;
  std::smatch found;
  for (std::string line; std::getline(log_, line);)
    if (std::regex_search(line, found, kRequest)) numbers.insert(found[1]);
  return numbers.size();
}

}  // namespace proxytest
