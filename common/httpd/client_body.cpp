// The body of a client's request, read through httpd's input filters.
#include <limits>
#include <string>

#include "common/base/text.h"
#include "common/httpd/client_socket.h"
#include "common/httpd/request_io.h"

namespace proxycommon {
namespace {

constexpr apr_off_t kReadSize = 64 * 1024;

std::uint64_t bodyLimit(const request_rec& request) {
  const auto& core = *static_cast<const core_dir_config*>(ap_get_core_module_config(request.per_dir_config));
  // Unset is -1, and 0 means no limit.
  return core.limit_req_body > 0 ? static_cast<std::uint64_t>(core.limit_req_body)
                                 : std::numeric_limits<std::uint64_t>::max();
}

bool isChunkedAlone(std::string_view codings) {
  const auto first = nextListMember(codings);
  return first && equalsIgnoringCase(*first, "chunked") && !nextListMember(codings);
}

}  // namespace

ClientBody::ClientBody(request_rec& request)
    : request_(request),
      brigade_(apr_brigade_create(request.pool, request.connection->bucket_alloc)),
      lastArrival_(apr_time_now()),
      limit_(bodyLimit(request)),
      blocks_(request.connection->master && streamDescriptor(*request.connection) < 0) {}

ClientBody::~ClientBody() {
  apr_brigade_destroy(brigade_);
}

Outcome ClientBody::admit(const BodyFraming& framing) const {
  if (framing.kind == BodyFraming::Kind::kLength && framing.length > limit_) return tooLarge();
  const char* coding = apr_table_get(request_.headers_in, "Transfer-Encoding");
  if (framing.kind == BodyFraming::Kind::kChunked && coding && !isChunkedAlone(coding))
    return failure(ErrorKind::kUnsupportedCoding, "transfer coding \"" + printable(coding) + "\"");
  return {};
}

Error ClientBody::tooLarge() const {
  return failure(ErrorKind::kClientTooLarge,
                 "the request's body has more than the " + std::to_string(limit_) + " bytes of LimitRequestBody");
}

Result<BodyPiece> ClientBody::next() {
  if (current_) apr_bucket_delete(current_);
  current_ = nullptr;
  while (true) {
    if (APR_BRIGADE_EMPTY(brigade_)) {
      auto fetched = fetch();
      if (!fetched || fetched->state != BodyPiece::State::kBytes) return fetched;
    }
    apr_bucket* bucket = APR_BRIGADE_FIRST(brigade_);
    if (APR_BUCKET_IS_EOS(bucket)) return BodyPiece{};
    const char* bytes = nullptr;
    apr_size_t length = 0;
    if (!APR_BUCKET_IS_METADATA(bucket)) {
      const apr_status_t status = apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
      if (status != APR_SUCCESS) return readError(status);
    }
    if (length > 0) {
      current_ = bucket;
      count_ += length;
      if (count_ > limit_) return tooLarge();
      return BodyPiece{BodyPiece::State::kBytes, {bytes, length}};
    }
    apr_bucket_delete(bucket);
  }
}

HeaderFields ClientBody::trailers() const {
  return request_.trailers_in ? fieldsOf(request_.trailers_in) : HeaderFields{};
}

// Fills the brigade; kBytes says that it is filled.
Result<BodyPiece> ClientBody::fetch() {
  if (!blocks() && request_.expecting_100) sendContinue();
  const apr_status_t status = ap_get_brigade(request_.input_filters, brigade_, AP_MODE_READBYTES,
                                             blocks() ? APR_BLOCK_READ : APR_NONBLOCK_READ, kReadSize);
  const bool nothing = APR_STATUS_IS_EAGAIN(status) || (status == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade_));
  if (nothing && !blocks()) {
    // Silence counts from when it was first asked for in vain: before, it may have been the backend that was slow.
    if (std::exchange(isAsked_, true) == false) lastArrival_ = apr_time_now();
    if (apr_time_now() - lastArrival_ > request_.server->timeout)
      return failure(ErrorKind::kClientTimeout, "the client stopped sending the request's body");
    return BodyPiece{BodyPiece::State::kNotYet, {}};
  }
  if (status != APR_SUCCESS) return readError(status);
  isAsked_ = false;
  return BodyPiece{BodyPiece::State::kBytes, {}};
}

// httpd itself sends "100 Continue" from a read that blocks alone, and without it the client sends nothing.
void ClientBody::sendContinue() {
  request_.status = HTTP_CONTINUE;
  ap_send_interim_response(&request_, 0);
  request_.status = HTTP_OK;
  request_.expecting_100 = 0;
}

Error ClientBody::readError(int status) const {
  if (status == AP_FILTER_ERROR)
    return failure(ErrorKind::kClientAnswered, "an input filter of httpd has answered the client already");
  switch (ap_map_http_request_error(status, HTTP_BAD_REQUEST)) {
    case HTTP_REQUEST_TIME_OUT:
      return failure(ErrorKind::kClientTimeout, "the client took too long over the request's body");
    case HTTP_REQUEST_ENTITY_TOO_LARGE:
      return tooLarge();
    default:
      return failure(request_.connection->aborted || APR_STATUS_IS_EOF(status) || status == APR_INCOMPLETE ||
                             APR_STATUS_IS_ECONNRESET(status) || APR_STATUS_IS_ECONNABORTED(status)
                         ? ErrorKind::kClientGone
                         : ErrorKind::kClientMalformed,
                     "the request's body cannot be read");
  }
}

}  // namespace proxycommon
