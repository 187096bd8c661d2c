// Certificates for TLS origins, good and bad ones, made by the openssl program in a directory of the test's own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

struct Certificate {
  std::filesystem::path certificateFile;
  std::filesystem::path keyFile;
};

class CertificateAuthority {
 public:
  CertificateAuthority();

  const std::filesystem::path& certificateFile() const { return authority_.certificateFile; }

  // The name is what goes into subjectAltName: "IP:127.0.0.1", "DNS:localhost".
  Certificate issue(const std::string& name);
  Certificate issueExpired(const std::string& name);
  // For a client, with that common name.
  Certificate issueToClient(const std::string& name);
  Certificate makeSelfSigned(const std::string& name);  // not by this authority
  // A list of what this authority has taken back, in PEM.
  std::filesystem::path revoke(const std::vector<Certificate>& certificates);

 private:
  Certificate nextFiles(const std::string& name);
  Certificate issue(const std::string& name, const std::string& days, const std::string& commonName);

  TemporaryDirectory directory_;
  Certificate authority_;
  int issued_ = 0;
};

}  // namespace proxytest
