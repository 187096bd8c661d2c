// From OpenSSL's reasons to words. Names in certificates are the peer's: they are printed with care.
#include "common/net/tls_failure.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>
#include <system_error>

#include "common/base/text.h"

namespace proxycommon {
namespace {

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

template <class Print>
std::string printed(Print print) {
  const std::unique_ptr<BIO, Deleter> bio(BIO_new(BIO_s_mem()));
  if (!bio) return {};
  print(bio.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return printable({text, static_cast<std::size_t>(size)});
}

std::string nameIn(const X509_NAME* name) {
  return printed([&](BIO* bio) { X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253); });
}

std::string timeIn(const ASN1_TIME* time) {
  return printed([&](BIO* bio) { ASN1_TIME_print(bio, time); });
}

std::string addressIn(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return ::inet_ntop(family, bytes.data(), text.data(), text.size()) ? text.data() : "";
}

// The names that a certificate is for, or as many of them as a log line bears.
std::string namesOf(const X509* certificate) {
  constexpr int kMost = 5;
  const std::unique_ptr<GENERAL_NAMES, Deleter> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return nameIn(X509_get_subject_name(certificate));
  std::string text;
  const int count = sk_GENERAL_NAME_num(names.get());
  for (int i = 0; i < count && i < kMost; ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    const std::string_view bytes{reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 static_cast<std::size_t>(ASN1_STRING_length(value))};
    text.append(text.empty() ? "" : ", ").append(type == GEN_DNS ? printable(bytes) : addressIn(bytes));
  }
  return count > kMost ? text + ", and more" : text;
}

ErrorKind kindOf(long verdict) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return ErrorKind::kTlsWrongName;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return ErrorKind::kTlsExpired;
    case X509_V_ERR_CERT_REVOKED:
      return ErrorKind::kTlsRevoked;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
      return ErrorKind::kTlsRevocationUnknown;
    default:
      return ErrorKind::kTlsUntrusted;
  }
}

// The alert that the peer has sent (RFC 8446 6), or 0.
int alertIn(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  const bool isAlert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET;
  return isAlert && reason <= SSL_AD_REASON_OFFSET + 255 ? reason - SSL_AD_REASON_OFFSET : 0;
}

// Ours is the only certificate that a peer of ours can speak of. Up to TLS 1.2 one that gets none says no more than
// that the handshake has failed.
bool refusesOurCertificate(int alert, const TlsNotes& notes) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_DECRYPT_ERROR:
      return notes.certificateAsked;
    default:
      return false;
  }
}

// In place of OpenSSL's reason, where that tells too little.
std::string_view meaningOf(int alert) {
  switch (alert) {
    case SSL_AD_PROTOCOL_VERSION:
      return "the backend speaks no TLS version that is allowed here";
    case SSL_AD_HANDSHAKE_FAILURE:
      return "the backend finds no cipher in common, or demands what it does not name";
    case SSL_AD_UNRECOGNIZED_NAME:
      return "the backend has no server of that name";
    default:
      return {};
  }
}

std::string reasonIn(unsigned long code, int systemError) {
  if (const char* reason = code ? ERR_reason_error_string(code) : nullptr) return reason;
  return systemError ? std::system_category().message(systemError) : "the connection was closed";
}

// For a person.
std::string protocolName(const std::string& protocol) {
  return protocol == "h2" ? "HTTP/2 (ALPN h2)" : "\"" + protocol + "\" (ALPN)";
}

}  // namespace

std::string describeCertificate(x509_store_ctx_st* verification) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(verification);
  if (!certificate) return {};
  switch (X509_STORE_CTX_get_error(verification)) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "it is for " + namesOf(certificate);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return nameIn(X509_get_subject_name(certificate)) + ", on " + timeIn(X509_get0_notAfter(certificate));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return nameIn(X509_get_subject_name(certificate)) + ", before " + timeIn(X509_get0_notBefore(certificate));
    default:
      return nameIn(X509_get_subject_name(certificate)) + ", issued by " + nameIn(X509_get_issuer_name(certificate));
  }
}

std::optional<Error> refusalOfOurCertificate(const TlsNotes& notes) {
  const unsigned long code = ERR_peek_error();
  if (!refusesOurCertificate(alertIn(code), notes)) return {};
  const std::string refused = notes.context->hasIdentity()
                                  ? "the backend does not accept the proxy's certificate"
                                  : "the backend demands a certificate of the proxy, and none is configured";
  return failure(ErrorKind::kTlsClientCertificate, refused + " (" + reasonIn(code, 0) + ")");
}

Error handshakeFailure(const ssl_st* ssl, const TlsNotes& notes, int systemError) {
  const unsigned long code = ERR_peek_error();
  // A peer that speaks none of what is offered says nothing of it, or refuses the handshake (RFC 7301 3.2).
  if (SSL_is_init_finished(ssl) || alertIn(code) == SSL_AD_NO_APPLICATION_PROTOCOL)
    return failure(ErrorKind::kTlsFailed,
                   "the backend does not speak " + protocolName(notes.context->alpn()) + " on this port");
  const long verdict = SSL_get_verify_result(ssl);
  if (notes.context->verifies() && verdict != X509_V_OK)
    return failure(kindOf(verdict), "the certificate for \"" + notes.name + "\" is not accepted (" +
                                        X509_verify_cert_error_string(verdict) +
                                        (notes.judged.empty() ? "" : ": " + notes.judged) + ")");
  if (auto refusal = refusalOfOurCertificate(notes)) return std::move(*refusal);
  const std::string_view meaning = meaningOf(alertIn(code));
  return failure(ErrorKind::kTlsFailed, "TLS handshake for \"" + notes.name + "\" failed (" +
                                            reasonIn(code, systemError) + ")" + (meaning.empty() ? "" : ": ") +
                                            std::string{meaning});
}

}  // namespace proxycommon
