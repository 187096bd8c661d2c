// See certificate_authority.h.
#include "tests/integration/support/certificate_authority.h"

#include <fstream>

#include "tests/integration/support/child_process.h"

namespace proxytest {
namespace {

std::vector<std::string> selfSigningCommand(const Certificate& files, const std::string& name,
                                            const std::string& extension) {
  return {"openssl",
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-keyout",
          files.keyFile.string(),
          "-out",
          files.certificateFile.string(),
          "-days",
          "2",
          "-subj",
          "/CN=" + name,
          "-addext",
          extension};
}

}  // namespace

CertificateAuthority::CertificateAuthority() : authority_(nextFiles("authority")) {
  runChecked(selfSigningCommand(authority_, "proxytest authority", "keyUsage=critical,keyCertSign,cRLSign"));
}

Certificate CertificateAuthority::nextFiles(const std::string& name) {
  const std::string stem = std::to_string(issued_++) + "-" + name;
  return {directory_.path() / (stem + ".crt"), directory_.path() / (stem + ".key")};
}

Certificate CertificateAuthority::issue(const std::string& name) {
  return issue(name, "2", "proxytest server");
}

Certificate CertificateAuthority::issueExpired(const std::string& name) {
  return issue(name, "-1", "proxytest server");
}

Certificate CertificateAuthority::issueToClient(const std::string& name) {
  return issue("DNS:client.test", "2", name);
}

std::filesystem::path CertificateAuthority::revoke(const std::vector<Certificate>& certificates) {
  const std::string stem = nextFiles("revoked").certificateFile.string();
  const std::string database = stem + ".database";
  const std::string settings = directory_
                                   .write("revocation.cnf", "[ca]\ndefault_ca = here\n[here]\ndatabase = " + database +
                                                                "\ndefault_md = sha256\ndefault_crl_days = 2\n")
                                   .string();
  std::ofstream{database};
  const auto run = [&](std::vector<std::string> what) {
    std::vector<std::string> command{"openssl",  "ca",
                                     "-config",  settings,
                                     "-keyfile", authority_.keyFile.string(),
                                     "-cert",    authority_.certificateFile.string()};
    command.insert(command.end(), what.begin(), what.end());
    runChecked(command);
  };
  for (const Certificate& one : certificates) run({"-revoke", one.certificateFile.string()});
  run({"-gencrl", "-out", stem + ".crl"});
  return stem + ".crl";
}

Certificate CertificateAuthority::makeSelfSigned(const std::string& name) {
  const Certificate files = nextFiles("self-signed");
  runChecked(selfSigningCommand(files, "self-signed", "subjectAltName=" + name));
  return files;
}

Certificate CertificateAuthority::issue(const std::string& name, const std::string& days,
                                        const std::string& commonName) {
  const Certificate files = nextFiles("server");
  const std::string request = files.certificateFile.string() + ".csr";
  const std::string extensions = directory_.write("extensions", "subjectAltName=" + name + "\n").string();
  runChecked({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
              "-keyout", files.keyFile.string(), "-out", request, "-subj", "/CN=" + commonName});
  runChecked({"openssl", "x509", "-req", "-in", request, "-CA", authority_.certificateFile.string(), "-CAkey",
              authority_.keyFile.string(), "-CAcreateserial", "-days", days, "-extfile", extensions, "-out",
              files.certificateFile.string()});
  return files;
}

}  // namespace proxytest
