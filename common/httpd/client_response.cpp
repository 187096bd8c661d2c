// The response to a client, written through httpd's output filters.
#include <sys/socket.h>

#include <string>
#include <utility>

#include "common/http/header_rules.h"
#include "common/httpd/request_io.h"

namespace proxycommon {
namespace {

constexpr apr_size_t kBlockSize = ResponseParser::kMaximumHead + 16 * 1024;
// Smaller parts are cheaper to copy than to keep a block for.
constexpr std::size_t kWorthSharing = 4096;

const char* pooled(const request_rec& request, std::string_view text) {
  return apr_pstrmemdup(request.pool, text.data(), text.size());
}

void setFields(request_rec& request, const HeaderFields& fields) {
  const ConnectionOptions options(fields);
  for (const HeaderField& field : fields) {
    if (options.removes(field.name)) continue;
    const char* value = pooled(request, field.value);
    if (equalsIgnoringCase(field.name, "content-type")) {
      // httpd keeps it apart, for the filters that look at it.
      ap_set_content_type(&request, value);
    } else {
      apr_table_addn(request.headers_out, pooled(request, field.name), value);
    }
  }
}

// For a client to which an orderly close is the end of a whole response: HTTP/1.0 has no other sign that it is not.
void resetClient(conn_rec& connection) {
  apr_os_sock_t descriptor = -1;
  apr_os_sock_get(&descriptor, ap_get_conn_socket(&connection));
  const linger atOnce{1, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
  connection.aborted = 1;  // so that httpd does not end it in an orderly way first
}

}  // namespace

ClientResponse::ClientResponse(request_rec& request, HeadEditor edit)
    : request_(request),
      edit_(std::move(edit)),
      brigade_(apr_brigade_create(request.pool, request.connection->bucket_alloc)) {}

ClientResponse::~ClientResponse() {
  apr_brigade_destroy(brigade_);
  giveUpBlock();
}

void ClientResponse::giveUpBlock() {
  if (shared_) {
    apr_bucket_destroy(shared_);
  } else if (block_) {
    apr_bucket_free(block_);
  }
  shared_ = nullptr;
  block_ = nullptr;
}

std::span<char> ClientResponse::readBuffer() {
  if (shared_) giveUpBlock();
  if (!block_) block_ = static_cast<char*>(apr_bucket_alloc(kBlockSize, request_.connection->bucket_alloc));
  return {block_, kBlockSize};
}

Outcome ClientResponse::interim(const ResponseHead& head) {
  // "100 Continue" is between us and the backend: httpd has sent the client its own when the body was read.
  if (head.status == HTTP_CONTINUE || request_.proto_num < HTTP_VERSION(1, 1)) return {};
  // Only its own fields go out with it, not those that other modules have made ready for the final response.
  apr_table_t* ofFinal = std::exchange(request_.headers_out, apr_table_make(request_.pool, 4));
  setFields(request_, head.fields);
  apr_table_unset(request_.headers_out, "Content-Length");
  request_.status = head.status;
  request_.status_line = apr_psprintf(request_.pool, "%d %s", head.status, pooled(request_, head.reason));
  ap_send_interim_response(&request_, 1);
  request_.headers_out = ofFinal;
  forgetStatus();
  return {};
}

Outcome ClientResponse::head(ResponseHead& head, bool requestIsComplete) {
  // Before the head goes out: else httpd would announce keep-alive, and then read a body that nobody wants.
  if (!requestIsComplete) request_.connection->keepalive = AP_CONN_CLOSE;
  if (edit_) edit_(head);
  if (isErrorPage(request_) && ap_is_HTTP_SUCCESS(head.status)) {
    request_.status = request_.prev->status;  // the page is well, what it tells of is not
  } else {
    request_.status = head.status;
    request_.status_line = apr_psprintf(request_.pool, "%d %s", head.status, pooled(request_, head.reason));
  }
  before_ = apr_table_copy(request_.pool, request_.headers_out);
  setFields(request_, head.fields);
  hasHead_ = true;
  return {};
}

Outcome ClientResponse::body(std::span<const char> bytes) {
  apr_bucket_alloc_t* allocator = request_.connection->bucket_alloc;
  if (bytes.size() < kWorthSharing) {
    APR_BRIGADE_INSERT_TAIL(brigade_, apr_bucket_transient_create(bytes.data(), bytes.size(), allocator));
    return {};
  }
  if (!shared_) shared_ = apr_bucket_heap_create(block_, kBlockSize, apr_bucket_free, allocator);
  apr_bucket* part = nullptr;
  apr_bucket_copy(shared_, &part);
  part->start = bytes.data() - block_;
  part->length = bytes.size();
  APR_BRIGADE_INSERT_TAIL(brigade_, part);
  return {};
}

Outcome ClientResponse::push() {
  return APR_BRIGADE_EMPTY(brigade_) ? Outcome{} : passWith(nullptr);
}
Outcome ClientResponse::flush() {
  return passWith(apr_bucket_flush_create(request_.connection->bucket_alloc));
}
Outcome ClientResponse::finish() {
  return passWith(apr_bucket_eos_create(request_.connection->bucket_alloc));
}

Outcome ClientResponse::passWith(apr_bucket* last) {
  if (last) APR_BRIGADE_INSERT_TAIL(brigade_, last);
  started_ = true;
  const apr_status_t status = ap_pass_brigade(request_.output_filters, brigade_);
  apr_brigade_cleanup(brigade_);
  if (status != APR_SUCCESS || request_.connection->aborted)
    return failure(ErrorKind::kClientGone, "the client has closed its connection");
  return {};
}

void ClientResponse::breakOff() {
  conn_rec& connection = *request_.connection;
  connection.keepalive = AP_CONN_CLOSE;
  const bool endsByClosing = request_.proto_num < HTTP_VERSION(1, 1) && !connection.master &&
                             !apr_table_get(request_.headers_out, "Content-Length");
  apr_bucket_alloc_t* allocator = request_.connection->bucket_alloc;
  // httpd's chunk filter leaves out the last chunk when it sees this.
  APR_BRIGADE_INSERT_TAIL(brigade_, ap_bucket_error_create(HTTP_BAD_GATEWAY, nullptr, request_.pool, allocator));
  (void)finish();
  if (endsByClosing) resetClient(connection);
}

void ClientResponse::withdraw() {
  apr_brigade_cleanup(brigade_);
  request_.headers_out = before_;
  forgetStatus();
  hasHead_ = false;
}

void ClientResponse::forgetStatus() {
  ap_set_content_type(&request_, nullptr);
  request_.status = HTTP_OK;
  request_.status_line = nullptr;
}

}  // namespace proxycommon
