/* How another module adds a balancing method to mod_revproxy: it fills in a revproxy_balancer_method and registers it,
 *
 *     ap_register_provider(pool, REVPROXY_BALANCER_GROUP, "mymethod", REVPROXY_BALANCER_VERSION, &my_method);
 *
 * in its register_hooks function. From then on a balancer may say "RevProxySet method=mymethod". The module may be
 * loaded before or after mod_revproxy. tests/integration/modules/mod_example_balancer.c is a whole one.
 *
 * Every structure may grow at its end within a version, and begins with its size: a member that lies beyond the size
 * that the other side has filled in is not there.
 *
 * For C99 and later, and for C++. */
#ifndef REVPROXY_BALANCER_H
#define REVPROXY_BALANCER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The provider group of balancing methods. */
#define REVPROXY_BALANCER_GROUP "revproxy-balancer"

/** The version of this interface. It changes when a module that was built for an earlier one would go wrong. */
#define REVPROXY_BALANCER_VERSION "1"

/** httpd's own; include httpd.h to look into it. */
struct request_rec;

/** A member that may have the request, as of now. Members that are down, drained, at their limit, or on which this
 * request has been tried already are not among the candidates. Read-only; valid until the function it is given to
 * returns. Texts end with a NUL and are never NULL. */
typedef struct revproxy_candidate {
  /** sizeof(revproxy_candidate) where mod_revproxy was built. */
  size_t size;
  /** Made of the name: the same in all children, and after a restart. What a method remembers of a member it keeps by
   * this; the place among the candidates changes from call to call. */
  uint64_t identity;
  /** The member's URL; with its address in parentheses where the name has several. */
  const char* name;
  /** The route of sessions; "" where it has none. */
  const char* route;
  /** In hundredths, at least 1: 100 is a weight of 1. Less than configured while the member starts slowly. */
  uint32_t weight;
  /** Requests in flight, over all children. */
  uint32_t in_flight;
  /** Requests that it has had, over all children. */
  uint64_t requests;
  /** Bytes to and from it, over all children. */
  uint64_t bytes;
  /** Nanoseconds to the head of a response: a moving one, as the method "ewma" has it. 0: none has come yet. */
  int64_t latency;
} revproxy_candidate;

/** What a method may want to know of the request. Read-only; valid until choose() returns. */
typedef struct revproxy_choice {
  /** sizeof(revproxy_choice) where mod_revproxy was built. */
  size_t size;
  /** What the balancer's hash= gives for this request, key_length bytes; may hold any byte, NUL included. */
  const char* key;
  /** 0 where there is no hash=, or where it gives nothing. */
  size_t key_length;
  /** Fresh for each choice, all 64 bits random. */
  uint64_t random;
  /** Of the monotonic clock, in nanoseconds. */
  int64_t now;
  /** The request. The thread that calls has it to itself; nothing in it may be changed. NULL where there is none. */
  const struct request_rec* request;
} revproxy_choice;

/** How a request ended. Read-only; valid until finished() returns. */
typedef struct revproxy_completed {
  /** sizeof(revproxy_completed) where mod_revproxy was built. */
  size_t size;
  /** Of the monotonic clock, in nanoseconds. */
  int64_t now;
  /** Nanoseconds until the response's head had come, or until it failed. */
  int64_t latency;
  /** Of this request, to and from the member. */
  uint64_t bytes;
  /** Not 0: the member failed. */
  int failed;
} revproxy_completed;

/** A method. It must live as long as the configuration: a static variable of the module does. Its functions are called
 * from all threads of all children at a time, must not block, and must not let a C++ exception out. What all children
 * are to know of each other is in shared memory that the module makes itself. */
typedef struct revproxy_balancer_method {
  /** sizeof(revproxy_balancer_method) where the module was built. */
  size_t size;
  /** Passed to the functions as it is; may be NULL. */
  void* context;
  /** Chooses one of the candidates.
   * @param context What stands above
   * @param candidates An array of `count` pointers, none of them NULL, in the order of the configuration
   * @param count At least 1
   * @param choice What is known of the request
   * @return An index below count. Any other is logged, and the first candidate has the request.
   * Must not be NULL. */
  size_t (*choose)(void* context, const revproxy_candidate* const* candidates, size_t count,
                   const revproxy_choice* choice);
  /** Hears once how a request ended for which choose() has chosen; perhaps in another thread, and not for requests
   * whose child died. The candidate's numbers are those of now. There is no request any more. May be NULL. */
  void (*finished)(void* context, const revproxy_candidate* candidate, const revproxy_completed* completed);
} revproxy_balancer_method;

#ifdef __cplusplus
}
#endif

#endif /* REVPROXY_BALANCER_H */
