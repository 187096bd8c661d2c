// What the RevProxyTLS directives set: whom backends must be, and who the proxy says it is. Files are read with the
// configuration, as root, and are const from then on.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/setting.h"
#include "common/httpd/httpd_api.h"
#include "common/net/tls_context.h"

namespace revproxy {

using proxycommon::Outcome;
using proxycommon::Result;
using proxycommon::Setting;

// A field has one line in merged(), one in options(), and one row in the table of directives.
struct TlsSettings {
  Setting<bool> verify;
  Setting<std::shared_ptr<const proxycommon::TlsAuthorities>> authorities;
  Setting<std::shared_ptr<const proxycommon::TlsRevocations>> revocations;  // nullptr: None
  Setting<std::shared_ptr<const proxycommon::TlsIdentity>> identity;        // nullptr: None
  Setting<std::string> serverName;
  Setting<proxycommon::TlsVersion> oldest;
  Setting<std::string> ciphers;
  Setting<std::string> cipherSuites;

  static TlsSettings merged(const TlsSettings& outer, const TlsSettings& inner);
  proxycommon::TlsOptions options() const;
  // The name that a backend at `host` is asked for by SNI, and that its certificate must bear.
  std::string nameFor(const std::string& host) const { return serverName.valueOr(host); }
};

// How arguments are read. The error's detail says what to write instead.
Result<std::shared_ptr<const proxycommon::TlsAuthorities>> readAuthorities(std::string_view file);
Result<std::shared_ptr<const proxycommon::TlsRevocations>> readRevocations(std::string_view file);
Result<std::string> readServerName(std::string_view name);
Result<proxycommon::TlsVersion> readTlsVersion(std::string_view version);
Result<std::string> readCiphers(std::string_view ciphers);
Result<std::string> readCipherSuites(std::string_view suites);
// RevProxyTLSCertificateFile FILE|None, with the key of a RevProxyTLSCertificateKeyFile in the same section.
Result<std::shared_ptr<const proxycommon::TlsIdentity>> readIdentity(const cmd_parms& command, std::string_view line);
// RevProxyTLSCertificateKeyFile FILE: the other one reads it; this looks whether there is one.
Outcome checkKeyFile(cmd_parms& command, void* directory, std::string_view line);

}  // namespace revproxy
