// Reading and merging of what the RevProxyTLS directives set.
#include "mod_revproxy/tls_settings.h"

#include "common/base/mistake.h"
#include "common/base/registry.h"
#include "common/base/text.h"
#include "common/httpd/directive.h"
#include "common/net/ip_address.h"

namespace revproxy {
namespace {

using proxycommon::mistake;
using proxycommon::TlsAuthorities;
using proxycommon::TlsIdentity;
using proxycommon::TlsRevocations;
using proxycommon::TlsVersion;
namespace directive = proxycommon::directive;

constexpr const char* kCertificateFile = "RevProxyTLSCertificateFile";
constexpr const char* kKeyFile = "RevProxyTLSCertificateKeyFile";

bool isNone(std::string_view text) {
  return proxycommon::equalsIgnoringCase(text, "none");
}

// The argument of the last directive of that name in the section where `command` stands.
std::optional<std::string> besides(const cmd_parms& command, std::string_view name) {
  const ap_directive_t* section = command.directive->parent;
  std::optional<std::string> found;
  for (const ap_directive_t* one = section ? section->first_child : ap_conftree; one; one = one->next) {
    if (!proxycommon::equalsIgnoringCase(one->directive, name)) continue;
    std::string_view line = one->args ? one->args : "";
    found = directive::nextWord(command, line).value_or("");
  }
  return found;
}

Result<std::string> onlyWord(const cmd_parms& command, std::string_view line) {
  const std::string word = directive::nextWord(command, line).value_or("");
  if (word.empty()) return mistake("a file is missing: write the path of a PEM file");
  if (const auto more = directive::remainingWords(command, line); !more.empty())
    return mistake("\"" + more.front() + "\" is one argument too many");
  return word;
}

// Labels of letters, digits, hyphens and underscores (RFC 1123 2.1, and what is used besides).
bool isHostName(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  constexpr std::size_t kLongest = 253;
  return !name.empty() && name.size() <= kLongest && name.find_first_not_of(kAllowed) == std::string_view::npos &&
         name.front() != '.' && name.back() != '.' && name.find("..") == std::string_view::npos;
}

}  // namespace

TlsSettings TlsSettings::merged(const TlsSettings& outer, const TlsSettings& inner) {
  TlsSettings result;
  result.verify = decltype(verify)::merged(outer.verify, inner.verify);
  result.authorities = decltype(authorities)::merged(outer.authorities, inner.authorities);
  result.revocations = decltype(revocations)::merged(outer.revocations, inner.revocations);
  result.identity = decltype(identity)::merged(outer.identity, inner.identity);
  result.serverName = decltype(serverName)::merged(outer.serverName, inner.serverName);
  result.oldest = decltype(oldest)::merged(outer.oldest, inner.oldest);
  result.ciphers = decltype(ciphers)::merged(outer.ciphers, inner.ciphers);
  result.cipherSuites = decltype(cipherSuites)::merged(outer.cipherSuites, inner.cipherSuites);
  return result;
}

proxycommon::TlsOptions TlsSettings::options() const {
  proxycommon::TlsOptions options;
  options.authorities = authorities.valueOr(nullptr);
  options.verify = verify.valueOr(true);
  options.revocations = revocations.valueOr(nullptr);
  options.identity = identity.valueOr(nullptr);
  options.oldest = oldest.valueOr(TlsVersion::k12);
  options.ciphers = ciphers.valueOr("");
  options.cipherSuites = cipherSuites.valueOr("");
  return options;
}

Result<std::shared_ptr<const TlsAuthorities>> readAuthorities(std::string_view file) {
  auto authorities = TlsAuthorities::fromFile(directive::absolutePath(file));
  if (!authorities)
    authorities.error().detail += ": name a PEM file with the certificates of the authorities that sign the backends'";
  return authorities;
}

Result<std::shared_ptr<const TlsRevocations>> readRevocations(std::string_view file) {
  if (isNone(file)) return std::shared_ptr<const TlsRevocations>();
  auto revocations = TlsRevocations::fromFile(directive::absolutePath(file));
  if (!revocations) revocations.error().detail += ": name a PEM file with a list of each authority, or write None";
  return revocations;
}

Result<std::string> readServerName(std::string_view name) {
  if (isHostName(name) || proxycommon::IpAddress::parse(name)) return std::string{name};
  return mistake("\"" + proxycommon::printable(name) +
                 "\" is no name that a certificate can bear: write a host's name, such as backend.example, or an "
                 "address without brackets");
}

Result<TlsVersion> readTlsVersion(std::string_view version) {
  if (proxycommon::equalsIgnoringCase(version, "TLSv1.2")) return TlsVersion::k12;
  if (proxycommon::equalsIgnoringCase(version, "TLSv1.3")) return TlsVersion::k13;
  return mistake("\"" + std::string{version} + "\" is none of TLSv1.2, TLSv1.3");
}

Result<std::string> readCiphers(std::string_view ciphers) {
  const std::string list{ciphers};
  if (auto checked = proxycommon::checkCiphers(list); !checked) return std::move(checked.error());
  return list;
}

Result<std::string> readCipherSuites(std::string_view suites) {
  const std::string list{suites};
  if (auto checked = proxycommon::checkCipherSuites(list); !checked) return std::move(checked.error());
  return list;
}

Result<std::shared_ptr<const TlsIdentity>> readIdentity(const cmd_parms& command, std::string_view line) {
  const auto file = onlyWord(command, line);
  if (!file) return file.error();
  const auto keyFile = besides(command, kKeyFile);
  if (isNone(*file)) return std::shared_ptr<const TlsIdentity>();
  auto identity =
      TlsIdentity::fromFiles(directive::absolutePath(*file), directive::absolutePath(keyFile.value_or(*file)));
  if (!identity && !keyFile)
    identity.error().detail +=
        std::string{": where the key has a file of its own, name that with "} + kKeyFile + " in the same section";
  return identity;
}

Outcome checkKeyFile(cmd_parms& command, void*, std::string_view line) {
  const auto file = onlyWord(command, line);
  if (!file) return file.error();
  const auto certificateFile = besides(command, kCertificateFile);
  if (certificateFile && !isNone(*certificateFile)) return {};
  return mistake(std::string{"it has no certificate: write "} + kCertificateFile +
                 " FILE beside it, in the same section");
}

}  // namespace revproxy
