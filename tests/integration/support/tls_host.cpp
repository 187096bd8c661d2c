// See tls_host.h.
#include "tests/integration/support/tls_host.h"

namespace proxytest {

TlsHost::TlsHost(Httpd& httpd) : port_(httpd.addPort()) {
  const Certificate certificate = authority_.issue("DNS:front.test,IP:127.0.0.1");
  httpd.loadModule("ssl");
  httpd.expectLog("AH01873");  // no session cache: nothing here resumes a session with httpd
  configuration_ = "<VirtualHost 127.0.0.1:" + std::to_string(port_) +
                   ">\nServerName front.test\nSSLEngine On\nSSLCertificateFile \"" +
                   certificate.certificateFile.string() + "\"\nSSLCertificateKeyFile \"" +
                   certificate.keyFile.string() + "\"\n</VirtualHost>\n";
}

}  // namespace proxytest
