/* How another module adds a kind of store to the cache of mod_revproxy: it fills in a revproxy_cache_kind and registers
 * it,
 *
 *     ap_register_provider(pool, REVPROXY_CACHE_GROUP, "mykind", REVPROXY_CACHE_VERSION, &my_kind);
 *
 * in its register_hooks function. From then on "RevProxyCacheStore NAME mykind ..." makes a store of it. The module may
 * be loaded before or after mod_revproxy. tests/integration/modules/mod_example_cache.c is a whole one.
 *
 * A store keeps values under keys, and no more. What is fresh, what was purged, whether a value is damaged: all of that
 * is seen to by mod_revproxy, which keeps records of its own beside the responses. A store may lose any value at any
 * time: that costs a request to the backend. It must not give a value that was replaced or removed before get() was
 * called, in any child: then a purge would not hold.
 *
 * Every structure may grow at its end within a version, and begins with its size: a member that lies beyond the size
 * that the other side has filled in is not there.
 *
 * For C99 and later, and for C++. */
#ifndef REVPROXY_CACHE_H
#define REVPROXY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The provider group of kinds of stores. */
#define REVPROXY_CACHE_GROUP "revproxy-cache"

/** The version of this interface. It changes when a module that was built for an earlier one would go wrong. */
#define REVPROXY_CACHE_VERSION "1"

/** What the functions return. Anything else counts as REVPROXY_CACHE_FAILED. */
#define REVPROXY_CACHE_OK 0
/** There is no such value; of set(): there is no place for a value of that size. Nothing is wrong. */
#define REVPROXY_CACHE_NONE 1
/** The store has failed, and `why` says how. It is left alone for a while then, the log says so, and requests go on
 * without it. */
#define REVPROXY_CACHE_FAILED 2

/** Bytes at `why`, where functions write why they have failed, with a NUL at the end. It comes to them as "". */
#define REVPROXY_CACHE_WHY 256

/** A call may wait: for another machine, a disk, a lock that is held for long. All calls in children are made by
 * threads of mod_revproxy then, while requests are parked, and are given up after a quarter of a second. Without it
 * get(), set() and remove() are called by the workers of httpd, and must take microseconds. */
#define REVPROXY_CACHE_MAY_BLOCK 0x1u

/** One word of the directive behind name and kind: "path=/x" is "path" and "/x". Texts end with a NUL and are never
 * NULL. */
typedef struct revproxy_cache_option {
  const char* key;
  const char* value;
} revproxy_cache_option;

/** A store of the configuration. Read-only; valid until the function it is given to returns. */
typedef struct revproxy_cache_place {
  /** sizeof(revproxy_cache_place) where mod_revproxy was built. */
  size_t size;
  /** The store's name in the configuration. */
  const char* name;
  /** Tells this httpd from others of the machine: for names in shared places. */
  const char* instance;
  /** A folder for what is not to be named by the configuration; httpd's own, and absolute. */
  const char* runtime_folder;
  /** The user and the group that children run as. create() may run as root. */
  uint32_t user;
  uint32_t group;
  /** What the directive says, option_count of them, in its order. */
  const revproxy_cache_option* options;
  size_t option_count;
} revproxy_cache_place;

/** Takes a value; see get(). It copies the bytes before it returns, and may be called once. */
typedef void revproxy_cache_take(void* taker, const void* value, size_t length);

/** A kind of store. It must live as long as the module is loaded: a static variable does. No function may let a C++
 * exception out. `why` is where to write what has gone wrong: REVPROXY_CACHE_WHY bytes.
 *
 * Keys are 8 to 17 bytes, and may hold any byte, NUL included; the first bytes differ most. Values may hold any byte.
 */
typedef struct revproxy_cache_kind {
  /** sizeof(revproxy_cache_kind) where the module was built. */
  size_t size;
  /** Passed to create() and check() as it is; may be NULL. */
  void* context;
  /** REVPROXY_CACHE_MAY_BLOCK or 0. */
  uint32_t flags;
  /** The most bytes that a value may have. At least 4096; a response takes some kB more than its body. */
  size_t most_value;
  /** Whether the options are good: while the configuration is read, so that configtest tells. Of `place` there
   * are the options alone yet; the other members are "" or 0. May be NULL: create() looks then.
   * @return REVPROXY_CACHE_OK, or REVPROXY_CACHE_FAILED: the server is not to start. */
  int (*check)(void* context, const revproxy_cache_place* place, char* why);
  /** Makes the store: in the parent, before there are children, once for each store of the configuration, and anew for
   * each generation of it while children of the last one still run. What children are to share is made here.
   * @param instance Where to write what is passed to the functions below; may stay NULL
   * @return REVPROXY_CACHE_OK, or REVPROXY_CACHE_FAILED: the server is not to start.
   * Must not be NULL. */
  int (*create)(void* context, const revproxy_cache_place* place, void** instance, char* why);
  /** In each child, once, before any of the next three: connections and threads are made from here on, not before. May
   * be NULL.
   * @return REVPROXY_CACHE_OK, or REVPROXY_CACHE_FAILED: this child has no such store. */
  int (*child_init)(void* instance, char* why);
  /** Finds a value, and gives it to take() within the call. Called by many threads of all children at a time, as the
   * two below are. The bytes are the store's; take() has copied them when it returns.
   * @return REVPROXY_CACHE_OK after it has called take() once; REVPROXY_CACHE_NONE; REVPROXY_CACHE_FAILED.
   * Must not be NULL. */
  int (*get)(void* instance, const void* key, size_t key_length, revproxy_cache_take* take, void* taker, char* why);
  /** Puts a value in place of what is there. Key and value are the caller's: what is to be kept is copied.
   * @param expiry Milliseconds since 1970; nobody asks for it afterwards, and it may go
   * @return REVPROXY_CACHE_OK; REVPROXY_CACHE_NONE: it is too large; REVPROXY_CACHE_FAILED.
   * Must not be NULL. */
  int (*set)(void* instance, const void* key, size_t key_length, const void* value, size_t value_length, int64_t expiry,
             char* why);
  /** Removes what is there.
   * @return REVPROXY_CACHE_OK; REVPROXY_CACHE_NONE; REVPROXY_CACHE_FAILED.
   * Must not be NULL. */
  int (*remove)(void* instance, const void* key, size_t key_length, char* why);
  /** In the parent, when the configuration goes: children of it may still run, and have what they have mapped or
   * opened. Not called in children, which end without it. May be NULL. */
  void (*destroy)(void* instance);
} revproxy_cache_kind;

#ifdef __cplusplus
}
#endif

#endif /* REVPROXY_CACHE_H */
