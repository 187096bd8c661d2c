// A process that lives no longer than the object that started it, and no longer than this program. It leads a process
// group of its own, so that what it forked can be ended with it; nothing is ever looked up by name.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace proxytest {

struct CommandLine {
  std::vector<std::string> arguments;    // the first one is the program, looked up in PATH
  std::vector<std::string> environment;  // NAME=value, beside what this program has
};

class ChildProcess {
 public:
  // Starts it, with stdout and stderr into a file. Only from the main thread: the kernel ends the child with the
  // thread that started it.
  ChildProcess(const CommandLine& command, const std::filesystem::path& output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);

  // The exit status (128 + signal for one that a signal ended) once it is over; nothing if it still runs.
  std::optional<int> waitFor(std::chrono::milliseconds limit);

  // Sends the signal, waits, and kills the group if that did not end it. True when the signal was enough.
  bool terminate(int number, std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

struct CommandResult {
  int exitStatus = 0;
  std::string output;  // stdout and stderr
};

// Runs a program to its end.
CommandResult runCommand(const CommandLine& command);

// The same for one that must succeed; throws with its output when it does not.
std::string runChecked(const std::vector<std::string>& arguments);

}  // namespace proxytest
