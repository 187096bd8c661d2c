// Why TLS has failed, as the person needs it who reads the log at night. Between common/net/tls_*.cpp only.
#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/net/tls_notes.h"

struct ssl_st;
struct x509_store_ctx_st;

namespace proxycommon {

// What is worth telling of the certificate that the verification is about to refuse.
std::string describeCertificate(x509_store_ctx_st* verification);

// Of a handshake that has just failed in this thread. Errors: kTlsUntrusted, kTlsWrongName, kTlsExpired, kTlsRevoked,
// kTlsRevocationUnknown, kTlsClientCertificate, kTlsFailed.
Error handshakeFailure(const ssl_st* ssl, const TlsNotes& notes, int systemError);

// Of an established connection whose last call in this thread has failed: where the peer has said that it does not take
// our certificate, which in TLS 1.3 comes behind the handshake.
std::optional<Error> refusalOfOurCertificate(const TlsNotes& notes);

}  // namespace proxycommon
