// See child_process.h.
#include "tests/integration/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>
#include <system_error>

#include "tests/integration/support/temporary_directory.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

class SpawnActions {
 public:
  explicit SpawnActions(const std::filesystem::path& output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environmentWith(const std::vector<std::string>& additions) {
  std::vector<std::string> result = additions;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view variable(*entry);
    const std::string_view name = variable.substr(0, variable.find('=') + 1);
    bool replaced = false;
    for (const std::string& addition : additions) replaced = replaced || addition.starts_with(name);
    if (!replaced) result.emplace_back(variable);
  }
  return result;
}

}  // namespace

ChildProcess::ChildProcess(const CommandLine& command, const std::filesystem::path& output) {
  // A test that crashes or is interrupted must not leave servers behind.
  std::vector<std::string> arguments{"setpriv", "--pdeathsig", "TERM", "--"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = environmentWith(command.environment);
  const SpawnActions spawn(output);
  const int error = posix_spawnp(&pid_, arguments.front().c_str(), spawn.actions(), spawn.attributes(),
                                 pointers(arguments).data(), pointers(environment).data());
  if (error != 0) throw std::system_error(error, std::generic_category(), "cannot start " + command.arguments.front());
}

ChildProcess::~ChildProcess() {
  terminate(SIGTERM, std::chrono::seconds(5));
}

bool ChildProcess::running() {
  return !waitFor(std::chrono::milliseconds(0));
}

void ChildProcess::signal(int number) {
  if (!status_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::waitFor(std::chrono::milliseconds limit) {
  waitUntil(
      [this] {
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
          status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return status_.has_value();
      },
      limit);
  return status_;
}

bool ChildProcess::terminate(int number, std::chrono::milliseconds limit) {
  if (status_) return true;
  signal(number);
  if (waitFor(limit)) return true;
  ::kill(-pid_, SIGKILL);
  waitFor(limit);
  return false;
}

CommandResult runCommand(const CommandLine& command) {
  const TemporaryDirectory directory;
  const auto output = directory.path() / "output";
  ChildProcess process(command, output);
  const std::optional<int> status = process.waitFor(kPatience);
  if (!status) throw std::runtime_error(command.arguments.front() + " does not end");
  return {*status, readFile(output)};
}

std::string runChecked(const std::vector<std::string>& arguments) {
  CommandResult result = runCommand({arguments, {}});
  if (result.exitStatus == 0) return std::move(result.output);
  std::string line;
  for (const std::string& argument : arguments) line += argument + " ";
  throw std::runtime_error(line + "failed: " + result.output);
}

}  // namespace proxytest
