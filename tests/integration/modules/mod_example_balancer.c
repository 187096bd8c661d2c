/* A balancing method for mod_revproxy, as another module adds one: "lastbyte" sends a client to the member that the
 * last byte of its address names, so that a client stays where it is while members do; with hash= it is the last byte
 * of what that gives. It also counts the requests that are over, and says so in the log at level debug.
 *
 *     LoadModule example_balancer_module mod_example_balancer.so
 *     <RevProxyBalancer app>
 *         RevProxySet method=lastbyte
 *         …
 *
 * To build and install it:  apxs -i -c mod_example_balancer.c */
#include <httpd.h>

#include <ap_provider.h>
#include <apr_atomic.h>
#include <http_config.h>
#include <http_log.h>
#include <http_main.h>
#include <revproxy_balancer.h>

APLOG_USE_MODULE(example_balancer);

/* Of this child. The functions below are called by many threads at once, so what they change is atomic. */
static volatile apr_uint32_t requests_over;

static size_t choose_by_last_byte(void* context, const revproxy_candidate* const* candidates, size_t count,
                                  const revproxy_choice* choice) {
  const apr_sockaddr_t* client;
  const unsigned char* bytes;
  (void)context;
  (void)candidates;
  if (choice->key_length > 0) return (unsigned char)choice->key[choice->key_length - 1] % count;
  if (choice->request == NULL) return choice->random % count;
  /* The client's own address, as mod_remoteip may have found it, not that of a proxy in front. */
  client = choice->request->useragent_addr;
  bytes = client->ipaddr_ptr;
  return bytes[client->ipaddr_len - 1] % count;
}

static void count_finished(void* context, const revproxy_candidate* candidate, const revproxy_completed* completed) {
  /* It gives the value before. Not among what is logged: that is computed only where the level asks for it. */
  const apr_uint32_t over = apr_atomic_inc32(&requests_over) + 1;
  (void)context;
  ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, ap_server_conf,
               "lastbyte: request %u of this child is over: %s, %" APR_UINT64_T_FMT " bytes, %s", over, candidate->name,
               completed->bytes, completed->failed ? "failed" : "well");
}

/* It lives as long as the module is loaded. With "size" first, mod_revproxy knows which members there are. */
static const revproxy_balancer_method last_byte = {
    sizeof(revproxy_balancer_method),
    NULL, /* context: this method has nothing that it needs */
    choose_by_last_byte,
    count_finished,
};

static void register_hooks(apr_pool_t* pool) {
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "lastbyte", REVPROXY_BALANCER_VERSION, &last_byte);
}

module AP_MODULE_DECLARE_DATA example_balancer_module = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL,
                                                         register_hooks,          0};
