// An output filter in front of httpd's chunk filter: it lets everything through but the end, which it writes itself.
#include "common/httpd/trailer_filter.h"

#include <string_view>

#include "common/httpd/guarded.h"

namespace proxycommon {
namespace {

constexpr const char* kName = "PROXYCOMMON_TRAILERS";
// httpd stores names in lower case.
constexpr std::string_view kChunkFilter = "chunk";

ap_filter_t* chunkFilterBelow(const ap_filter_t& filter) {
  for (ap_filter_t* next = filter.next; next && next->r == filter.r; next = next->next)
    if (next->frec->name == kChunkFilter) return next;
  return nullptr;
}

// The bucket that ends the response; nullptr: it does not end here, or it ends broken.
apr_bucket* endOf(apr_bucket_brigade* brigade) {
  for (apr_bucket* bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
       bucket = APR_BUCKET_NEXT(bucket)) {
    if (AP_BUCKET_IS_ERROR(bucket)) return nullptr;
    if (APR_BUCKET_IS_EOS(bucket)) return bucket;
  }
  return nullptr;
}

int appendTrailer(void* brigade, const char* name, const char* value) {
  apr_brigade_putstrs(static_cast<apr_bucket_brigade*>(brigade), nullptr, nullptr, name, ": ", value, "\r\n", nullptr);
  return 1;
}

apr_status_t endWithTrailers(ap_filter_t* filter, apr_bucket_brigade* brigade) {
  apr_bucket* end = endOf(brigade);
  ap_filter_t* chunk = end ? chunkFilterBelow(*filter) : nullptr;
  if (!end) return ap_pass_brigade(filter->next, brigade);
  ap_remove_output_filter(filter);
  if (!chunk || apr_is_empty_table(filter->r->trailers_out)) return ap_pass_brigade(filter->next, brigade);
  // The end does not pass the chunk filter, which would write a last chunk of its own.
  apr_bucket_brigade* last = apr_brigade_split_ex(brigade, end, nullptr);
  apr_bucket_brigade* lines = apr_brigade_create(filter->r->pool, brigade->bucket_alloc);
  apr_brigade_puts(lines, nullptr, nullptr, "0\r\n");
  apr_table_do(&appendTrailer, lines, filter->r->trailers_out, nullptr);
  apr_brigade_puts(lines, nullptr, nullptr, "\r\n");
  APR_BRIGADE_PREPEND(last, lines);
  const apr_status_t status = APR_BRIGADE_EMPTY(brigade) ? APR_SUCCESS : ap_pass_brigade(filter->next, brigade);
  return status == APR_SUCCESS ? ap_pass_brigade(chunk->next, last) : status;
}

}  // namespace

void registerTrailerFilter() {
  // Behind the one that writes the head, and in front of the chunk filter.
  constexpr auto kType = static_cast<ap_filter_type>(AP_FTYPE_TRANSCODE - 1);
  ap_register_output_filter(kName, guarded<&endWithTrailers>, nullptr, kType);
}

void sendTrailers(request_rec& request) {
  ap_add_output_filter(kName, nullptr, &request, request.connection);
}

}  // namespace proxycommon
