// A server with a port that clients speak lines to, such as a store's for many machines: in a folder of its own, ready
// when it answers, ended with the object. It can be killed, started again, and made to hang. What it keeps is in its
// memory, and gone with the process. Used by the main thread alone.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/child_process.h"
#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

class ServerProcess {
 public:
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }

  void kill();     // at once; connections to its port are refused
  void restart();  // after kill(), on the same port, and empty
  // It takes connections and bytes, as the kernel does for it, and answers nothing.
  void stopAnswering();
  void answerAgain();

  // Sends the line, and gives what comes back up to and with `end`. Throws when that does not come.
  std::string ask(const std::string& line, const std::string& end = "\r\n") const;

 protected:
  // `arguments` are the program's for that port; `question` is a line that is answered as soon as it is ready.
  using Arguments = std::vector<std::string> (*)(int port);
  ServerProcess(Arguments arguments, std::string question);
  ~ServerProcess();

 private:
  void launch();
  bool answers() const;

  TemporaryDirectory directory_;
  int port_;
  Arguments arguments_;
  std::string question_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace proxytest
