// The response to a client, written through httpd's output filters.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "common/http/header_rules.h"
#include "common/httpd/client_socket.h"
#include "common/httpd/request_io.h"
#include "common/httpd/trailer_filter.h"

namespace proxycommon {
namespace {

constexpr apr_size_t kBlockSize = HeadLimits::kMostBytes;
// Below httpd's FlushMaxThreshold of 65536: its core filter blocks the thread above that.
constexpr apr_size_t kBodyPiece = 60 * 1024;
// How much may go before it is looked whether the client keeps up.
constexpr std::size_t kWorthLooking = 32 * 1024;
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

// For a client to which an orderly close is the end of a whole response: it has no other sign that it is not.
void resetClient(conn_rec& connection) {
  const linger atOnce{1, 0};
  ::setsockopt(clientDescriptor(connection), SOL_SOCKET, SO_LINGER, &atOnce, sizeof atOnce);
  connection.aborted = 1;  // so that httpd does not end it in an orderly way first
}

bool isWritable(conn_rec& connection) {
  pollfd client{clientDescriptor(connection), POLLOUT, 0};
  return ::poll(&client, 1, 0) > 0;
}

// HTTP/2 has no reason phrase, and a client of HTTP/1.1 gets httpd's.
const char* statusLine(const request_rec& request, const ResponseHead& head) {
  if (head.version == 20) return ap_get_status_line_ex(request.pool, head.status);
  return apr_psprintf(request.pool, "%d %s", head.status, pooled(request, head.reason));
}

const core_dir_config& core(const request_rec& request) {
  return *static_cast<const core_dir_config*>(ap_get_core_module_config(request.per_dir_config));
}

Error clientGone() {
  return failure(ErrorKind::kClientGone, "the client has closed its connection");
}

// Events that someone waits for must not wait for each other.
bool wantsNoDelay(const HeaderFields& fields) {
  const HeaderField* type = findField(fields, "Content-Type");
  const HeaderField* buffering = findField(fields, "X-Accel-Buffering");
  return (type && startsWithIgnoringCase(trimmed(type->value), "text/event-stream")) ||
         (buffering && equalsIgnoringCase(trimmed(buffering->value), "no"));
}

}  // namespace

ClientResponse::ClientResponse(request_rec& request, HeadEditor edit, std::uint64_t holdBack)
    : request_(request),
      edit_(std::move(edit)),
      // A stream of HTTP/2 has its own flow control, and no socket to look at.
      holdsOfItsOwn_(request.connection->master ? 0 : holdBack),
      holdBack_(holdsOfItsOwn_),
      brigade_(apr_brigade_create(request.pool, request.connection->bucket_alloc)) {}

void ClientResponse::holdAtLeast(std::uint64_t bytes) {
  if (!request_.connection->master) holdBack_ = std::max(holdBack_, bytes);
}

void ClientResponse::holdIn(int descriptor, std::uint64_t offset, std::uint64_t most) {
  // Of a client that is to have each byte at once nothing is kept.
  if (holdBack_ == 0) return;
  held_.useFile(descriptor, offset, given_ - brigadeLength());
  if (held_.isInFile()) holdAtLeast(most);
}

Outcome ClientResponse::holdApart() {
  Outcome held = hold();
  held_.leaveFile();
  holdBack_ = holdsOfItsOwn_;
  return held;
}

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
  return {block_, hasHead_ ? kBodyPiece : kBlockSize};
}

Outcome ClientResponse::interim(const ResponseHead& head) {
  // One "100 Continue" is enough, and it is for who has asked for it; a stream of HTTP/2 has mod_http2's.
  const bool isUnasked = head.status == HTTP_CONTINUE && (!request_.expecting_100 || request_.connection->master);
  if (isUnasked || request_.proto_num < HTTP_VERSION(1, 1)) return {};
  // Only its own fields go out with it, not those that other modules have made ready for the final response.
  apr_table_t* ofFinal = std::exchange(request_.headers_out, apr_table_make(request_.pool, 4));
  setFields(request_, head.fields);
  apr_table_unset(request_.headers_out, "Content-Length");
  request_.status = head.status;
  request_.status_line = statusLine(request_, head);
  ap_send_interim_response(&request_, 1);
  request_.headers_out = ofFinal;
  forgetStatus();
  return request_.connection->aborted ? clientGone() : Outcome{};
}

Outcome ClientResponse::head(ResponseHead& head, bool requestIsComplete) {
  if (edit_)
    if (auto edited = edit_(head); !edited) return edited;
  // Before the head goes out: else httpd would announce keep-alive, and then read a body that nobody wants.
  if (!requestIsComplete) request_.connection->keepalive = AP_CONN_CLOSE;
  if (isErrorPage(request_) && ap_is_HTTP_SUCCESS(head.status)) {
    request_.status = request_.prev->status;  // the page is well, what it tells of is not
  } else {
    request_.status = head.status;
    request_.status_line = statusLine(request_, head);
  }
  before_ = apr_table_copy(request_.pool, request_.headers_out);
  setFields(request_, head.fields);
  hasHead_ = true;
  if (wantsNoDelay(head.fields)) {
    holdBack_ = 0;
    // A compressor keeps back what it has not filled a block with.
    apr_table_setn(request_.subprocess_env, "no-gzip", "1");
    apr_table_setn(request_.subprocess_env, "no-brotli", "1");
  }
  return {};
}

Outcome ClientResponse::switched(ResponseHead& head) {
  const char* protocol = pooled(request_, findField(head.fields, "Upgrade")->value);
  if (edit_)
    if (auto edited = edit_(head); !edited) return edited;
  setFields(request_, head.fields);
  apr_table_setn(request_.headers_out, "Connection", "Upgrade");
  apr_table_setn(request_.headers_out, "Upgrade", protocol);
  apr_table_unset(request_.headers_out, "Content-Length");
  request_.connection->keepalive = AP_CONN_CLOSE;
  request_.status = HTTP_SWITCHING_PROTOCOLS;
  request_.status_line = statusLine(request_, head);
  hasHead_ = started_ = true;
  ap_send_interim_response(&request_, 1);
  return request_.connection->aborted ? clientGone() : Outcome{};
}

Outcome ClientResponse::body(std::span<const char> bytes) {
  given_ += bytes.size();
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

Outcome ClientResponse::file(int descriptor, std::uint64_t offset, std::uint64_t length) {
  apr_pool_t* pool = request_.pool;
  apr_file_t* borrowed = nullptr;
  apr_file_t* own = nullptr;
  const bool maySendfile = core(request_).enable_sendfile != ENABLE_SENDFILE_OFF;
  const apr_int32_t flags = APR_FOPEN_READ | (maySendfile ? APR_FOPEN_SENDFILE_ENABLED : 0);
  apr_status_t status = apr_os_file_put(&borrowed, &descriptor, flags, pool);
  // What is duplicated is closed with the pool, or with whatever takes the bucket over.
  if (status == APR_SUCCESS) status = apr_file_dup(&own, borrowed, pool);
  if (status != APR_SUCCESS) return failure(ErrorKind::kInternal, "no descriptor is left for a stored body");
  apr_brigade_insert_file(brigade_, own, static_cast<apr_off_t>(offset), static_cast<apr_off_t>(length), pool);
  return {};
}

void ClientResponse::lasting(std::string_view bytes) {
  // Not copied either where it has to wait: the request's pool goes when the last of its bytes has been written.
  APR_BRIGADE_INSERT_TAIL(brigade_,
                          apr_bucket_immortal_create(bytes.data(), bytes.size(), request_.connection->bucket_alloc));
}

Result<bool> ClientResponse::isTaken() {
  if (auto passed = passWith(nullptr); !passed) return std::move(passed.error());
  return !request_.connection->data_in_output_filters;
}

Outcome ClientResponse::trailers(const HeaderFields& fields) {
  // mod_http2 sends them itself; an HTTP/1.0 client knows none.
  for (const HeaderField& field : fields)
    apr_table_addn(request_.trailers_out, pooled(request_, field.name), pooled(request_, field.value));
  if (request_.connection->master || request_.proto_num < HTTP_VERSION(1, 1)) return {};
  sendTrailers(request_);
  // What has not left before its end is known would get a length, and behind that is no place for trailers.
  return flush();
}

Outcome ClientResponse::push() {
  if (APR_BRIGADE_EMPTY(brigade_)) return {};
  const bool couldBlock = !request_.connection->master && passed_ + brigadeLength() > kBodyPiece;
  const bool couldHold = holdBack_ > 0 && passed_ >= kWorthLooking;
  if (held_.isEmpty() && !couldBlock && !couldHold) return passWith(nullptr);
  auto behind = isBehind();
  if (!behind) return std::move(behind.error());
  const bool mustHold = *behind || !held_.isEmpty() || (couldBlock && !isWritable(*request_.connection));
  return mustHold ? hold() : passWith(nullptr);
}

// A flush blocks until the client has everything: so only where it is sure to be taken.
Outcome ClientResponse::flush() {
  conn_rec& connection = *request_.connection;
  if (!connection.master) {
    auto behind = isBehind();
    if (!behind) return std::move(behind.error());
    flushIsDue_ = *behind || !held_.isEmpty() || !isWritable(connection);
    if (flushIsDue_) return {};
  }
  return passWith(apr_bucket_flush_create(connection.bucket_alloc));
}

Outcome ClientResponse::finish() {
  return passWith(apr_bucket_eos_create(request_.connection->bucket_alloc));
}

// Moves what the client takes, and tells whether anything is left.
Result<bool> ClientResponse::isBehind() {
  conn_rec& connection = *request_.connection;
  const bool keptBack = !connection.master && connection.data_in_output_filters;
  if (keptBack && !drainOutput(connection)) return clientGone();
  if (keptBack && connection.data_in_output_filters) return true;
  passed_ = 0;
  return false;
}

Result<bool> ClientResponse::isFull() {
  if (!keepsBack() && passed_ < kWorthLooking) return false;
  if (auto passed = passHeld(); !passed) return std::move(passed.error());
  auto behind = isBehind();
  if (!behind) return behind;
  if (!*behind && flushIsDue_)
    if (auto flushed = flush(); !flushed) return std::move(flushed.error());
  return (*behind || !held_.isEmpty()) && held_.size() >= holdBack_;
}

// What is in the brigade goes behind what is kept already.
Outcome ClientResponse::hold() {
  std::uint64_t position = given_ - brigadeLength();
  for (apr_bucket* bucket = APR_BRIGADE_FIRST(brigade_); bucket != APR_BRIGADE_SENTINEL(brigade_);
       bucket = APR_BUCKET_NEXT(bucket)) {
    const char* bytes = nullptr;
    apr_size_t length = 0;
    apr_bucket_read(bucket, &bytes, &length, APR_BLOCK_READ);
    if (auto kept = held_.append({bytes, length}, position); !kept) return kept;
    position += length;
  }
  apr_brigade_cleanup(brigade_);
  return {};
}

Outcome ClientResponse::passHeld() {
  std::array<char, 32 * 1024> piece;
  while (!held_.isEmpty()) {
    auto behind = isBehind();
    if (!behind) return std::move(behind.error());
    if (*behind) return {};
    auto got = held_.read(piece);
    if (!got) return std::move(got.error());
    APR_BRIGADE_INSERT_TAIL(brigade_,
                            apr_bucket_transient_create(piece.data(), *got, request_.connection->bucket_alloc));
    if (auto passed = passWith(nullptr); !passed) return passed;
  }
  return {};
}

std::size_t ClientResponse::brigadeLength() const {
  apr_off_t length = 0;
  apr_brigade_length(brigade_, 0, &length);
  return static_cast<std::size_t>(std::max<apr_off_t>(length, 0));
}

Outcome ClientResponse::passWith(apr_bucket* last) {
  passed_ += brigadeLength();
  if (last) APR_BRIGADE_INSERT_TAIL(brigade_, last);
  started_ = true;
  const apr_status_t status = ap_pass_brigade(request_.output_filters, brigade_);
  apr_brigade_cleanup(brigade_);
  // A filter has answered in its own way, as httpd's does to ranges that cannot be.
  if (status == AP_FILTER_ERROR && !request_.connection->aborted)
    return failure(ErrorKind::kClientAnswered, "a filter of httpd has answered instead");
  return status != APR_SUCCESS || request_.connection->aborted ? clientGone() : Outcome{};
}

void ClientResponse::breakOff() {
  conn_rec& connection = *request_.connection;
  connection.keepalive = AP_CONN_CLOSE;
  // Also of HTTP/1.1: a head that went out before the request was read has said that the connection closes, and then
  // httpd does not chunk.
  const bool endsByClosing =
      !request_.chunked && !connection.master && !apr_table_get(request_.headers_out, "Content-Length");
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
