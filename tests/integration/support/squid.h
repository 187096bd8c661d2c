// A real Squid as a parent proxy that wants credentials. It alone knows names: those that a test gives it.
#pragma once

#include <memory>
#include <string>

#include "tests/integration/support/child_process.h"
#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

class Squid {
 public:
  // `names` are its lines of /etc/hosts. Starts it, and returns when it answers.
  Squid(const std::string& user, const std::string& password, const std::string& names);
  ~Squid();

  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  // A line for each tunnel that has ended.
  std::string accessLog() const { return readFile(directory_.path() / "access.log"); }

 private:
  TemporaryDirectory directory_;
  int port_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace proxytest
