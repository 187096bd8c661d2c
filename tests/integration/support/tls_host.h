// A further port of an httpd at which it speaks TLS, through mod_ssl.
#pragma once

#include <string>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/httpd.h"

namespace proxytest {

class TlsHost {
 public:
  explicit TlsHost(Httpd& httpd);  // before httpd starts

  int port() const { return port_; }
  std::string url(const std::string& path) const { return "https://127.0.0.1:" + std::to_string(port_) + path; }
  // Who has issued its certificate.
  CertificateAuthority& authority() { return authority_; }
  const std::string& configuration() const {
    return configuration_;
  }  // a virtual host, that inherits the server's rest

 private:
  CertificateAuthority authority_;
  int port_;
  std::string configuration_;
};

}  // namespace proxytest
