// Reading what TLS needs from PEM files, over OpenSSL.
#include "common/net/tls_credentials.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/base/mistake.h"

namespace proxycommon {
namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Bio = std::unique_ptr<BIO, Deleter>;

Result<std::string> contentOf(const std::string& path) {
  constexpr std::size_t kMost = 64 * 1024 * 1024;
  const auto systemError = [] { return mistake(std::system_category().message(errno)); };
  const std::unique_ptr<std::FILE, Deleter> file(std::fopen(path.c_str(), "re"));
  if (!file) return systemError();
  std::string content;
  std::array<char, 16 * 1024> block;
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    content.append(block.data(), count);
    if (content.size() > kMost) return mistake("it has more than 64 MB");
  }
  if (std::ferror(file.get())) return systemError();
  return content;
}

std::string lastReason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason ? reason : "OpenSSL gives no reason";
}

std::string digestOf(const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  EVP_Digest(content.data(), content.size(), bytes.data(), &size, EVP_sha256(), nullptr);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) text.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
  return text;
}

// All that `read` finds in PEM text, whatever else stands there. What is found broken is an error: a list of
// authorities, or of revoked certificates, that is taken by half would be worse than none.
template <class Object, auto kRead>
Result<std::vector<Object>> readAll(const std::string& text, const std::string& wanted) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<Object> objects;
  ERR_clear_error();
  while (Object object{kRead(bio.get(), nullptr, nullptr, nullptr)}) objects.push_back(std::move(object));
  const bool atEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!atEnd) return mistake(lastReason());
  ERR_clear_error();
  if (objects.empty()) return mistake("no " + wanted + " found");
  return objects;
}

int refusePassword(char*, int, int, void* wasAsked) {
  *static_cast<bool*>(wasAsked) = true;
  return -1;
}

Result<TlsKey> readKey(const std::string& text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  bool passwordAsked = false;
  ERR_clear_error();
  // Without a function of ours OpenSSL would ask the terminal.
  TlsKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &refusePassword, &passwordAsked));
  if (key) return key;
  const bool isMissing = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = lastReason();
  if (passwordAsked)
    return mistake(
        "it is encrypted, and nobody is there to type its password: write openssl pkey -in FILE -out "
        "FILE.clear, and let root alone read that");
  return mistake(isMissing ? "no private key found" : reason);
}

}  // namespace

void TlsObjectDeleter::operator()(x509_st* certificate) const {
  X509_free(certificate);
}
void TlsObjectDeleter::operator()(X509_crl_st* list) const {
  X509_CRL_free(list);
}
void TlsObjectDeleter::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<std::shared_ptr<const TlsAuthorities>> TlsAuthorities::fromFile(const std::string& path) {
  const auto fault = [&](const Error& error) {
    return mistake("no certificates can be read from " + path + " (" + error.detail + ")");
  };
  const auto content = contentOf(path);
  if (!content) return fault(content.error());
  auto certificates = readAll<TlsCertificate, &PEM_read_bio_X509_AUX>(*content, "certificate");
  if (!certificates) return fault(certificates.error());
  auto authorities = std::make_shared<TlsAuthorities>();
  authorities->certificates_ = std::move(*certificates);
  authorities->digest_ = digestOf(*content);
  return std::shared_ptr<const TlsAuthorities>(std::move(authorities));
}

bool TlsAuthorities::addTo(x509_store_st* store) const {
  for (const TlsCertificate& certificate : certificates_)
    if (X509_STORE_add_cert(store, certificate.get()) != 1) return false;
  return true;
}

Result<std::shared_ptr<const TlsRevocations>> TlsRevocations::fromFile(const std::string& path) {
  const auto fault = [&](const Error& error) {
    return mistake("no revocation lists can be read from " + path + " (" + error.detail + ")");
  };
  const auto content = contentOf(path);
  if (!content) return fault(content.error());
  auto lists = readAll<TlsRevocationList, &PEM_read_bio_X509_CRL>(*content, "revocation list");
  if (!lists) return fault(lists.error());
  auto revocations = std::make_shared<TlsRevocations>();
  revocations->lists_ = std::move(*lists);
  revocations->digest_ = digestOf(*content);
  return std::shared_ptr<const TlsRevocations>(std::move(revocations));
}

bool TlsRevocations::addTo(x509_store_st* store) const {
  for (const TlsRevocationList& list : lists_)
    if (X509_STORE_add_crl(store, list.get()) != 1) return false;
  return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

Result<std::shared_ptr<const TlsIdentity>> TlsIdentity::fromFiles(const std::string& certificateFile,
                                                                  const std::string& keyFile) {
  const auto fault = [](const std::string& what, const std::string& path, const Error& error) {
    return mistake("no " + what + " can be read from " + path + " (" + error.detail + ")");
  };
  const auto certificateText = contentOf(certificateFile);
  if (!certificateText) return fault("certificate", certificateFile, certificateText.error());
  auto chain = readAll<TlsCertificate, &PEM_read_bio_X509>(*certificateText, "certificate");
  if (!chain) return fault("certificate", certificateFile, chain.error());
  const auto keyText = contentOf(keyFile);
  if (!keyText) return fault("private key", keyFile, keyText.error());
  auto key = readKey(*keyText);
  if (!key) return fault("private key", keyFile, key.error());
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return mistake("the private key in " + keyFile + " is not that of the first certificate in " + certificateFile);
  }
  auto identity = std::make_shared<TlsIdentity>();
  identity->chain_ = std::move(*chain);
  identity->key_ = std::move(*key);
  identity->digest_ = digestOf(*certificateText);
  // What OpenSSL would refuse later, such as a key that is too short, is refused now.
  const std::unique_ptr<SSL_CTX, Deleter> trial(SSL_CTX_new(TLS_client_method()));
  if (!trial || !identity->use(trial.get())) return fault("certificate", certificateFile, mistake(lastReason()));
  return std::shared_ptr<const TlsIdentity>(std::move(identity));
}

bool TlsIdentity::use(ssl_ctx_st* context) const {
  if (SSL_CTX_use_certificate(context, chain_.front().get()) != 1) return false;
  for (std::size_t i = 1; i < chain_.size(); ++i)
    if (SSL_CTX_add1_chain_cert(context, chain_[i].get()) != 1) return false;
  return SSL_CTX_use_PrivateKey(context, key_.get()) == 1;
}

}  // namespace proxycommon
