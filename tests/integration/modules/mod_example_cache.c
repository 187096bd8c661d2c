/* A kind of cache store for mod_revproxy, as another module adds one: "slots" keeps values in shared memory that the
 * parent makes, in so many slots of 16 kB each. A value goes into one of the four slots that its key names: into an
 * empty one, or in place of the one that would end first.
 *
 *     LoadModule example_cache_module mod_example_cache.so
 *     RevProxyCacheStore shared slots slots=4096
 *     RevProxyCache on store=shared
 *
 * To build and install it:  apxs -i -c mod_example_cache.c */
#include <httpd.h>

#include <ap_provider.h>
#include <errno.h>
#include <http_config.h>
#include <pthread.h>
#include <revproxy_cache.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KEY_MOST 17
#define VALUE_MOST (16 * 1024 - 64)
#define WAYS 4

typedef struct slot {
  int64_t expiry; /* 0: it is empty */
  uint32_t value_length;
  unsigned char key_length;
  unsigned char key[KEY_MOST];
  unsigned char value[VALUE_MOST];
} slot;

/* In shared memory; the parent and all children have it at the same address. */
typedef struct store {
  pthread_mutex_t mutex;
  size_t mapped;
  size_t count;
  slot slots[];
} store;

/* 0: there is no such option, or it is no number in its range. */
static size_t slots_wanted(const revproxy_cache_place* place, char* why) {
  unsigned long wanted = 1024;
  size_t at;
  for (at = 0; at < place->option_count; ++at) {
    char* end = NULL;
    wanted = strtoul(place->options[at].value, &end, 10);
    if (strcmp(place->options[at].key, "slots") == 0 && *end == '\0' && wanted >= WAYS && wanted <= 1000000) continue;
    snprintf(why, REVPROXY_CACHE_WHY, "\"%s=%s\" is not slots= with a number from 4 to 1000000",
             place->options[at].key, place->options[at].value);
    return 0;
  }
  return wanted;
}

static int check(void* context, const revproxy_cache_place* place, char* why) {
  (void)context;
  return slots_wanted(place, why) > 0 ? REVPROXY_CACHE_OK : REVPROXY_CACHE_FAILED;
}

static int create(void* context, const revproxy_cache_place* place, void** instance, char* why) {
  pthread_mutexattr_t attributes;
  store* made;
  const size_t count = slots_wanted(place, why);
  const size_t mapped = sizeof(store) + count * sizeof(slot);
  (void)context;
  if (count == 0) return REVPROXY_CACHE_FAILED;
  made = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (made == MAP_FAILED) {
    snprintf(why, REVPROXY_CACHE_WHY, "%lu bytes cannot be mapped: %s", (unsigned long)mapped, strerror(errno));
    return REVPROXY_CACHE_FAILED;
  }
  made->mapped = mapped;
  made->count = count;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  /* A child may be killed while it has it. */
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&made->mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  *instance = made;
  return REVPROXY_CACHE_OK;
}

static int lock(store* at, char* why) {
  const int status = pthread_mutex_lock(&at->mutex);
  if (status == 0) return 1;
  if (status == EOWNERDEAD) {
    /* What it has left half written is found out by mod_revproxy, which has a checksum in each value. */
    pthread_mutex_consistent(&at->mutex);
    return 1;
  }
  snprintf(why, REVPROXY_CACHE_WHY, "its lock is of no use: %s", strerror(status));
  return 0;
}

static size_t first_slot(const store* at, const void* key, size_t key_length) {
  const unsigned char* bytes = key;
  uint64_t hash = 14695981039346656037u;
  size_t index;
  for (index = 0; index < key_length; ++index) hash = (hash ^ bytes[index]) * 1099511628211u;
  return hash % at->count;
}

/* The slot of that key; NULL: it has none. */
static slot* find(store* at, const void* key, size_t key_length) {
  const size_t first = first_slot(at, key, key_length);
  size_t way;
  for (way = 0; way < WAYS; ++way) {
    slot* looked_at = &at->slots[(first + way) % at->count];
    if (looked_at->expiry != 0 && looked_at->key_length == key_length && !memcmp(looked_at->key, key, key_length))
      return looked_at;
  }
  return NULL;
}

/* The one to write over. */
static slot* find_place(store* at, const void* key, size_t key_length) {
  const size_t first = first_slot(at, key, key_length);
  slot* place = find(at, key, key_length);
  size_t way;
  if (place) return place;
  place = &at->slots[first];
  for (way = 1; way < WAYS; ++way) {
    slot* looked_at = &at->slots[(first + way) % at->count];
    if (looked_at->expiry < place->expiry) place = looked_at;
  }
  return place;
}

static int get(void* instance, const void* key, size_t key_length, revproxy_cache_take* take, void* taker, char* why) {
  store* at = instance;
  const slot* found;
  if (!lock(at, why)) return REVPROXY_CACHE_FAILED;
  found = find(at, key, key_length);
  /* It copies: another child may write over the slot as soon as the lock is given back. */
  if (found) take(taker, found->value, found->value_length <= VALUE_MOST ? found->value_length : 0);
  pthread_mutex_unlock(&at->mutex);
  return found ? REVPROXY_CACHE_OK : REVPROXY_CACHE_NONE;
}

static int set(void* instance, const void* key, size_t key_length, const void* value, size_t value_length,
               int64_t expiry, char* why) {
  store* at = instance;
  slot* place;
  if (value_length > VALUE_MOST || key_length > KEY_MOST) return REVPROXY_CACHE_NONE;
  if (!lock(at, why)) return REVPROXY_CACHE_FAILED;
  place = find_place(at, key, key_length);
  memcpy(place->key, key, key_length);
  place->key_length = (unsigned char)key_length;
  memcpy(place->value, value, value_length);
  place->value_length = (uint32_t)value_length;
  place->expiry = expiry > 0 ? expiry : 1;
  pthread_mutex_unlock(&at->mutex);
  return REVPROXY_CACHE_OK;
}

static int remove_value(void* instance, const void* key, size_t key_length, char* why) {
  store* at = instance;
  slot* found;
  if (!lock(at, why)) return REVPROXY_CACHE_FAILED;
  found = find(at, key, key_length);
  if (found) found->expiry = 0;
  pthread_mutex_unlock(&at->mutex);
  return found ? REVPROXY_CACHE_OK : REVPROXY_CACHE_NONE;
}

/* In the parent; children that still run keep their mapping. */
static void destroy(void* instance) {
  store* at = instance;
  munmap(at, at->mapped);
}

/* It lives as long as the module is loaded. With "size" first, mod_revproxy knows which members there are. */
static const revproxy_cache_kind slots = {
    sizeof(revproxy_cache_kind),
    NULL, /* context: this kind has nothing that it needs */
    0,    /* flags: it never waits for long */
    VALUE_MOST,
    check,
    create,
    NULL, /* child_init: children have all they need */
    get,
    set,
    remove_value,
    destroy,
};

static void register_hooks(apr_pool_t* pool) {
  ap_register_provider(pool, REVPROXY_CACHE_GROUP, "slots", REVPROXY_CACHE_VERSION, &slots);
}

module AP_MODULE_DECLARE_DATA example_cache_module = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL,
                                                      register_hooks,          0};
