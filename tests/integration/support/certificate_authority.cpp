// See certificate_authority.h.
#include "tests/integration/support/certificate_authority.h"

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
  runChecked(selfSigningCommand(authority_, "proxytest authority", "keyUsage=critical,keyCertSign"));
}

Certificate CertificateAuthority::nextFiles(const std::string& name) {
  const std::string stem = std::to_string(issued_++) + "-" + name;
  return {directory_.path() / (stem + ".crt"), directory_.path() / (stem + ".key")};
}

Certificate CertificateAuthority::issue(const std::string& name) {
  return issue(name, "2");
}

Certificate CertificateAuthority::issueExpired(const std::string& name) {
  return issue(name, "-1");
}

Certificate CertificateAuthority::makeSelfSigned(const std::string& name) {
  const Certificate files = nextFiles("self-signed");
  runChecked(selfSigningCommand(files, "self-signed", "subjectAltName=" + name));
  return files;
}

Certificate CertificateAuthority::issue(const std::string& name, const std::string& days) {
  const Certificate files = nextFiles("server");
  const std::string request = files.certificateFile.string() + ".csr";
  const std::string extensions = directory_.write("extensions", "subjectAltName=" + name + "\n").string();
  runChecked({"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
              "-keyout", files.keyFile.string(), "-out", request, "-subj", "/CN=proxytest server"});
  runChecked({"openssl", "x509", "-req", "-in", request, "-CA", authority_.certificateFile.string(), "-CAkey",
              authority_.keyFile.string(), "-CAcreateserial", "-days", days, "-extfile", extensions, "-out",
              files.certificateFile.string()});
  return files;
}

}  // namespace proxytest
