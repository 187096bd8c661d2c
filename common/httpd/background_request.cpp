// A request without a client.
#include "common/httpd/background_request.h"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "common/httpd/child.h"
#include "common/httpd/guarded.h"

namespace proxycommon {
namespace {

constexpr const char* kSwallow = "PROXYCOMMON_SWALLOW";
constexpr const char* kNoBody = "PROXYCOMMON_NO_BODY";
// A note of the connection: the scheme of the original request.
constexpr const char* kSchemeNote = "proxycommon-background-scheme";
// Nor is it to bring the part alone that the client wants.
constexpr std::array<const char*, 7> kNotForIt = {"Content-Length", "Transfer-Encoding", "Expect", "Trailer", "Upgrade",
                                                  "Range",          "If-Range"};

// What is sent to a client that is not there.
apr_status_t swallow(ap_filter_t*, apr_bucket_brigade* brigade) {
  apr_brigade_cleanup(brigade);
  return APR_SUCCESS;
}

apr_status_t endAtOnce(ap_filter_t* filter, apr_bucket_brigade* brigade, ap_input_mode_t, apr_read_type_e, apr_off_t) {
  APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(filter->c->bucket_alloc));
  return APR_SUCCESS;
}

apr_sockaddr_t* copied(apr_sockaddr_t* address, apr_pool_t* pool) {
  apr_sockaddr_t* copy = nullptr;
  if (address) apr_sockaddr_info_copy(&copy, address, pool);
  return copy;
}

// Its own memory, which belongs to no pool of httpd's: threads that are none of httpd's use it, and httpd's end would
// take it from under them.
class OwnPool {
 public:
  explicit OwnPool(apr_pool_t& like) {
    apr_allocator_t* allocator = nullptr;
    if (apr_allocator_create(&allocator) != APR_SUCCESS) return;
    if (apr_pool_create_unmanaged_ex(&pool_, apr_pool_abort_get(&like), allocator) != APR_SUCCESS) {
      apr_allocator_destroy(allocator);
      return;
    }
    apr_allocator_owner_set(allocator, pool_);
    apr_pool_tag(pool_, "proxycommon-background");
  }
  ~OwnPool() {
    if (pool_) apr_pool_destroy(pool_);
  }
  OwnPool(const OwnPool&) = delete;

  apr_pool_t* get() const { return pool_; }

 private:
  apr_pool_t* pool_ = nullptr;
};

conn_rec* copyConnection(const conn_rec& original, apr_pool_t* pool) {
  auto* copy = static_cast<conn_rec*>(apr_pcalloc(pool, sizeof(conn_rec)));
  copy->pool = pool;
  copy->base_server = original.base_server;
  copy->local_addr = copied(original.local_addr, pool);
  copy->client_addr = copied(original.client_addr, pool);
  copy->client_ip = apr_pstrdup(pool, original.client_ip);
  copy->remote_host = apr_pstrdup(pool, original.remote_host);
  copy->local_ip = apr_pstrdup(pool, original.local_ip);
  copy->local_host = apr_pstrdup(pool, original.local_host);
  copy->id = original.id;
  copy->log_id = apr_pstrdup(pool, original.log_id);
  copy->double_reverse = original.double_reverse;
  copy->conn_config = ap_create_conn_config(pool);
  copy->notes = apr_table_make(pool, 2);
  copy->bucket_alloc = apr_bucket_alloc_create(pool);
  copy->keepalive = AP_CONN_CLOSE;
  return copy;
}

// With a master, as streams of HTTP/2 have one.
conn_rec* makeConnection(const request_rec& original, apr_pool_t* pool) {
  conn_rec* connection = copyConnection(*original.connection, pool);
  connection->master = copyConnection(*original.connection, pool);
  apr_table_set(connection->notes, kSchemeNote, ap_http_scheme(const_cast<request_rec*>(&original)));
  ap_add_output_filter(kSwallow, nullptr, nullptr, connection);
  ap_add_input_filter(kNoBody, nullptr, nullptr, connection);
  return connection;
}

apr_uri_t copied(const apr_uri_t& original, apr_pool_t* pool) {
  apr_uri_t copy = original;
  for (char* apr_uri_t::*part :
       {&apr_uri_t::scheme, &apr_uri_t::hostinfo, &apr_uri_t::user, &apr_uri_t::password, &apr_uri_t::hostname,
        &apr_uri_t::port_str, &apr_uri_t::path, &apr_uri_t::query, &apr_uri_t::fragment})
    copy.*part = apr_pstrdup(pool, original.*part);
  copy.hostent = nullptr;
  return copy;
}

void copyTexts(const request_rec& original, request_rec& copy) {
  apr_pool_t* const pool = copy.pool;
  for (char* request_rec::*text :
       {&request_rec::protocol, &request_rec::user, &request_rec::ap_auth_type, &request_rec::unparsed_uri,
        &request_rec::uri, &request_rec::filename, &request_rec::canonical_filename, &request_rec::path_info,
        &request_rec::args, &request_rec::useragent_ip, &request_rec::useragent_host})
    copy.*text = apr_pstrdup(pool, original.*text);
  copy.hostname = apr_pstrdup(pool, original.hostname);
  copy.handler = apr_pstrdup(pool, original.handler);
  copy.log_id = apr_pstrdup(pool, original.log_id);
  copy.parsed_uri = copied(original.parsed_uri, pool);
  copy.useragent_addr = copied(original.useragent_addr, pool);
}

void makeGet(request_rec& copy) {
  copy.method = "GET";
  copy.method_number = M_GET;
  copy.the_request = apr_pstrcat(copy.pool, "GET ", copy.unparsed_uri ? copy.unparsed_uri : copy.uri, " ",
                                 copy.protocol ? copy.protocol : "HTTP/1.1", nullptr);
  for (const char* field : kNotForIt) apr_table_unset(copy.headers_in, field);
}

// As httpd finds them; what the original has found lies in its own memory.
bool findSections(request_rec& copy) {
  copy.per_dir_config = copy.server->lookup_defaults;
  if (ap_location_walk(&copy) != OK || ap_if_walk(&copy) != OK) return false;
  const auto& core = *static_cast<const core_dir_config*>(ap_get_core_module_config(copy.per_dir_config));
  copy.log = core.log;
  return true;
}

// nullptr: its sections cannot be found.
request_rec* copyRequest(const request_rec& original, apr_pool_t* pool) {
  request_rec* copy = ap_create_request(makeConnection(original, pool));
  // httpd's own filters, which it has been given meanwhile, would write a head for nobody.
  copy->output_filters = copy->proto_output_filters = copy->connection->output_filters;
  copy->input_filters = copy->proto_input_filters = copy->connection->input_filters;
  copy->server = original.server;
  copy->request_time = apr_time_now();
  copy->proto_num = original.proto_num;
  copy->proxyreq = original.proxyreq;
  copy->no_cache = original.no_cache;
  copyTexts(original, *copy);
  copy->headers_in = apr_table_clone(copy->pool, original.headers_in);
  copy->subprocess_env = apr_table_clone(copy->pool, original.subprocess_env);
  copy->notes = apr_table_clone(copy->pool, original.notes);
  makeGet(*copy);
  return findSections(*copy) ? copy : nullptr;
}

// What is destroyed first stands last.
struct BackgroundRequest {
  explicit BackgroundRequest(const request_rec& original) : pool(*original.pool) {
    if (pool.get()) request = copyRequest(original, pool.get());
  }

  void run() {
    Task<int> task = serve(*request);
    task.start();
    if (task.isDone())
      task.result();
    else
      logEscaped("a request in the background was parked, and has ended so");
  }

  OwnPool pool;
  request_rec* request = nullptr;
  std::function<Task<int>(request_rec&)> serve;
};

}  // namespace

bool runInBackground(const request_rec& original, std::function<Task<int>(request_rec& copy)> serve) {
  BackgroundThreads& threads = childOf(*original.server).background;
  if (!threads.hasRoom()) return false;
  const auto copy = std::make_shared<BackgroundRequest>(original);
  if (!copy->request) return false;
  copy->serve = std::move(serve);
  return threads.run([copy] { copy->run(); });
}

bool isInBackground(const conn_rec& connection) {
  return connection.master && apr_table_get(connection.notes, kSchemeNote);
}

void registerBackgroundFilters() {
  ap_register_output_filter(kSwallow, guarded<&swallow>, nullptr, AP_FTYPE_NETWORK);
  ap_register_input_filter(kNoBody, guarded<&endAtOnce>, nullptr, AP_FTYPE_NETWORK);
}

const char* backgroundScheme(const request_rec* request) {
  return request->connection->master ? apr_table_get(request->connection->notes, kSchemeNote) : nullptr;
}

apr_port_t backgroundPort(const request_rec* request) {
  const char* const scheme = backgroundScheme(request);
  if (!scheme) return 0;
  return std::string_view{scheme} == "https" ? DEFAULT_HTTPS_PORT : DEFAULT_HTTP_PORT;
}

}  // namespace proxycommon
