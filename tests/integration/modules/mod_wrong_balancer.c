/* Balancing methods that are wrong, each in one way. */
#include <httpd.h>

#include <ap_provider.h>
#include <http_config.h>
#include <revproxy_balancer.h>

static size_t choose_beyond(void* context, const revproxy_candidate* const* candidates, size_t count,
                            const revproxy_choice* choice) {
  (void)context;
  (void)candidates;
  (void)choice;
  return count;
}

static const revproxy_balancer_method beyond = {sizeof(revproxy_balancer_method), NULL, choose_beyond, NULL};
static const revproxy_balancer_method without_choose = {sizeof(revproxy_balancer_method), NULL, NULL, NULL};
static const revproxy_balancer_method without_size = {0, NULL, choose_beyond, NULL};

static void register_hooks(apr_pool_t* pool) {
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "beyond", REVPROXY_BALANCER_VERSION, &beyond);
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "withoutchoose", REVPROXY_BALANCER_VERSION, &without_choose);
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "withoutsize", REVPROXY_BALANCER_VERSION, &without_size);
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "fromthefuture", "99", &beyond);
  /* A name of mod_revproxy's stays its own. */
  ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "byrequests", REVPROXY_BALANCER_VERSION, &beyond);
}

AP_DECLARE_MODULE(wrong_balancer) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0};
