// A real nghttpd as an HTTP/2 backend: in clear with prior knowledge, or over TLS. It serves files, and with
// --echo-upload gives back what is uploaded.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/child_process.h"
#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

class Nghttpd {
 public:
  using Options = std::vector<std::string>;

  // In clear. Starts it, and returns when it listens.
  explicit Nghttpd(Options options = {});
  Nghttpd(const Certificate& certificate, Options options = {});
  ~Nghttpd();

  int port() const { return port_; }
  // For RevProxyPass: h2c, or h2 over TLS.
  std::string url(const std::string& path = "/") const;
  std::filesystem::path documentRoot() const { return directory_.path() / "html"; }
  const TemporaryDirectory& directory() const { return directory_; }

  void kill();
  void startAgain();

  // On which HTTP/2 was spoken, since the start: nghttpd's log numbers them. Only with the option "-v".
  std::size_t connections() const;

 private:
  std::filesystem::path log() const { return directory_.path() / "nghttpd.log"; }

  TemporaryDirectory directory_;
  int port_;
  std::string scheme_;
  CommandLine command_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace proxytest
