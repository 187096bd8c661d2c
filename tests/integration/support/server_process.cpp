// See server_process.h.
#include "tests/integration/support/server_process.h"

#include <signal.h>

#include <stdexcept>
#include <utility>

#include "tests/integration/support/port.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

ServerProcess::ServerProcess(Arguments arguments, std::string question)
    : port_(freePort()), arguments_(arguments), question_(std::move(question)) {
  // As root some of them become a user of their own.
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
  launch();
}

ServerProcess::~ServerProcess() {
  // It keeps nothing that is worth an orderly end, and one that was stopped would not hear SIGTERM.
  kill();
}

void ServerProcess::launch() {
  const auto console = directory_.path() / "console.log";
  CommandLine command{arguments_(port_), {}};
  command.arguments.insert(command.arguments.begin(), {"env", "--chdir=" + directory_.path().string()});
  process_ = std::make_unique<ChildProcess>(command, console);
  const bool ready = waitUntil([this] { return !process_->running() || answers(); });
  if (ready && process_->running()) return;
  throw std::runtime_error(command.arguments.at(2) + " does not start:\n" + readFile(console));
}

bool ServerProcess::answers() const {
  try {
    return !ask(question_).empty();
  } catch (const std::exception&) {
    return false;
  }
}

std::string ServerProcess::ask(const std::string& line, const std::string& end) const {
  RawClient client(port_);
  client.send(line + "\r\n");
  return client.readUntil(end);
}

void ServerProcess::kill() {
  process_->terminate(SIGKILL, kPatience);
}

void ServerProcess::restart() {
  launch();
}

void ServerProcess::stopAnswering() {
  process_->signal(SIGSTOP);
}

void ServerProcess::answerAgain() {
  process_->signal(SIGCONT);
}

}  // namespace proxytest
