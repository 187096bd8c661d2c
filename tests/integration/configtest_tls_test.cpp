// What `apachectl configtest` says of TLS to backends.
#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(authority_file_that_is_none) {
  expectMessages("RevProxyTLSCACertificateFile",
                 {{"RevProxyTLSCACertificateFile /nowhere/ca.pem", {"/nowhere/ca\\.pem", "No such file"}},
                  {"RevProxyTLSCACertificateFile site.conf", {"site\\.conf", "PEM|certificate"}}});
}

BOOST_AUTO_TEST_CASE(tls_settings) {
  expectMessages("RevProxyTLSCARevocationFile",
                 {{"RevProxyTLSCARevocationFile /nowhere/list.pem", {"/nowhere/list\\.pem", "No such file", "None"}},
                  {"RevProxyTLSCARevocationFile site.conf", {"site\\.conf", "revocation list", "PEM"}}});
  expectMessages("RevProxyTLSMinVersion", {{"RevProxyTLSMinVersion TLSv1.1", {"TLSv1\\.1", "TLSv1\\.2", "TLSv1\\.3"}},
                                           {"RevProxyTLSMinVersion", {"one argument"}}});
  expectMessages("RevProxyTLSCiphers",
                 {{"RevProxyTLSCiphers NONSENSE", {"NONSENSE", "ECDHE", "openssl ciphers"}},
                  {"RevProxyTLSCiphers aNULL", {"aNULL"}},
                  {"RevProxyTLSCiphers TLS_AES_128_GCM_SHA256", {"TLS_AES_128_GCM_SHA256", "TLS 1\\.2"}}});
  expectMessages("RevProxyTLSCipherSuites",
                 {{"RevProxyTLSCipherSuites HIGH", {"HIGH", "TLS 1\\.3", "TLS_AES_256_GCM_SHA384"}},
                  {"RevProxyTLSCipherSuites TLS_AES_128_GCM_SHA256:TLS_NONSENSE", {"TLS_NONSENSE"}}});
  expectMessages("RevProxyTLSServerName", {{"RevProxyTLSServerName .example.test", {"\\.example\\.test", "name"}},
                                           {"RevProxyTLSServerName *.example.test", {"\\*\\.example\\.test"}},
                                           {"RevProxyTLSServerName [::1]", {"\\[::1\\]", "brackets"}},
                                           {"RevProxyTLSServerName example.test:443", {"example\\.test:443"}},
                                           {"RevProxyTLSServerName \"\"", {"name"}}});
}

BOOST_AUTO_TEST_CASE(client_certificates) {
  CertificateAuthority authority;
  const Certificate ours = authority.issueToClient("us");
  const Certificate others = authority.issueToClient("others");
  const TemporaryDirectory files;
  const auto locked = files.path() / "locked.key";
  runChecked(
      {"openssl", "pkey", "-in", ours.keyFile.string(), "-aes128", "-passout", "pass:secret", "-out", locked.string()});
  const std::string certificate = "RevProxyTLSCertificateFile \"" + ours.certificateFile.string() + "\"\n";
  const auto key = [](const std::filesystem::path& file) {
    return "RevProxyTLSCertificateKeyFile \"" + file.string() + "\"\n";
  };
  expectMessages("RevProxyTLSCertificateFile",
                 {{"RevProxyTLSCertificateFile /nowhere/us.pem", {"/nowhere/us\\.pem", "No such file"}},
                  {"RevProxyTLSCertificateFile", {"PEM"}},
                  {"RevProxyTLSCertificateFile a.pem b.pem", {"b\\.pem", "too many"}},
                  {certificate, {"server\\.crt", "no private key", "RevProxyTLSCertificateKeyFile"}},
                  {certificate + key(others.keyFile), {"server\\.key", "not that of"}},
                  {certificate + key(locked), {"locked\\.key", "encrypted", "openssl pkey"}},
                  {certificate + key("/nowhere/us.key"), {"/nowhere/us\\.key", "No such file"}}});
  expectMessages("RevProxyTLSCertificateKeyFile", {{key(ours.keyFile), {"RevProxyTLSCertificateFile", "section"}},
                                                   {"RevProxyTLSCertificateKeyFile", {"PEM"}}});
  // The one of another section is not beside it.
  expectMessage(certificate + key(ours.keyFile) + "<Location /a>\n" + key(ours.keyFile) + "</Location>\n", 4,
                {"RevProxyTLSCertificateKeyFile", "RevProxyTLSCertificateFile", "section"});
  Httpd httpd(Mpm::kEvent);
  const std::string right = key(ours.keyFile) + certificate + "RevProxyTLSCARevocationFile \"" +
                            authority.revoke({}).string() +
                            "\"\nRevProxyTLSMinVersion TLSv1.2\nRevProxyTLSServerName backend.test\n"
                            "RevProxyTLSServerName 2001:db8::1\nRevProxyTLSCiphers HIGH:!SHA1\n"
                            "RevProxyTLSCipherSuites TLS_AES_256_GCM_SHA384\n";
  httpd.configure(right + "<Location /a>\n" + right + "</Location>\n<Location /b>\nRevProxyTLSCertificateFile None\n" +
                  "RevProxyTLSCARevocationFile None\n</Location>\n<IfModule revproxy_module>\n" + right +
                  "</IfModule>\n");
  const CommandResult result = httpd.configtest();
  BOOST_TEST(result.output == "Syntax OK\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
