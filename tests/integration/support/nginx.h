// A real nginx as an origin: plain or TLS, with a document root of its own. One process, kept connections.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "tests/integration/support/child_process.h"
#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

struct Certificate;

class Nginx {
 public:
  // The text goes into its one server block. Starts it, and returns when it answers.
  // `httpLines` go in front of that.
  explicit Nginx(const std::string& serverBlock = "", const std::string& httpLines = "");
  Nginx(const Certificate& certificate, const std::string& serverBlock);
  ~Nginx();

  int port() const { return port_; }
  std::string url(const std::string& path = "") const;
  const TemporaryDirectory& directory() const { return directory_; }
  std::filesystem::path documentRoot() const { return directory_.path() / "html"; }

  // Ends it at once, and starts it again on the same port.
  void kill();
  void restart();

  std::size_t acceptedConnections() const;  // on port(), since the start

 private:
  void start(const std::string& serverBlock, const std::string& listenParameters, const std::string& httpLines = "");
  void launch();

  TemporaryDirectory directory_;
  int port_;
  int statusPort_;
  std::string scheme_ = "http";
  mutable std::size_t statusConnections_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace proxytest
