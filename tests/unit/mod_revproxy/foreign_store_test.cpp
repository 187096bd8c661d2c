// Stores of other modules, good ones and bad ones.
#include "mod_revproxy/foreign_store.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>

namespace proxytest {

using namespace proxycommon;
using revproxy::makeForeignStore;

BOOST_AUTO_TEST_SUITE(foreign_store, *boost::unit_test::timeout(60))

namespace {

// What the module of the tests has: its functions find it by their context and instance.
struct Module {
  std::map<std::string, std::string> values;
  std::string seen;  // what create() was told
  std::string how;   // how get() misbehaves
  int destroyed = 0;
};

int create(void* context, const revproxy_cache_place* place, void** instance, char* why) {
  auto& module = *static_cast<Module*>(context);
  module.seen = std::string(place->name) + "," + place->instance;
  for (std::size_t at = 0; at < place->option_count; ++at)
    module.seen.append(",").append(place->options[at].key).append("=").append(place->options[at].value);
  if (module.how == "create") {
    std::strcpy(why, "no memory\n");
    return REVPROXY_CACHE_FAILED;
  }
  *instance = &module;
  return REVPROXY_CACHE_OK;
}

int get(void* instance, const void* key, std::size_t length, revproxy_cache_take* take, void* taker, char* why) {
  const auto& module = *static_cast<Module*>(instance);
  const auto found = module.values.find(std::string(static_cast<const char*>(key), length));
  if (module.how == "throw") throw std::runtime_error("of the module");
  if (module.how == "fail") std::memset(why, 'w', REVPROXY_CACHE_WHY);
  if (module.how == "fail") return REVPROXY_CACHE_FAILED;
  if (module.how == "silent") return 99;
  if (module.how == "nothing") return REVPROXY_CACHE_OK;
  if (found == module.values.end()) return REVPROXY_CACHE_NONE;
  if (module.how == "null") take(taker, nullptr, 5);
  if (module.how == "null") return REVPROXY_CACHE_OK;
  take(taker, found->second.data(), module.how == "large" ? std::size_t{1} << 62 : found->second.size());
  if (module.how == "twice") take(taker, found->second.data(), found->second.size());
  return REVPROXY_CACHE_OK;
}

int set(void* instance, const void* key, std::size_t length, const void* value, std::size_t valueLength, std::int64_t,
        char*) {
  static_cast<Module*>(instance)->values[std::string(static_cast<const char*>(key), length)] =
      std::string(static_cast<const char*>(value), valueLength);
  return REVPROXY_CACHE_OK;
}

int removeValue(void* instance, const void* key, std::size_t length, char*) {
  return static_cast<Module*>(instance)->values.erase(std::string(static_cast<const char*>(key), length)) > 0
             ? REVPROXY_CACHE_OK
             : REVPROXY_CACHE_NONE;
}

void destroy(void* instance) {
  ++static_cast<Module*>(instance)->destroyed;
}

int refuse(void*, const revproxy_cache_place* place, char* why) {
  std::strcpy(why, place->options[0].key);
  return REVPROXY_CACHE_FAILED;
}

revproxy_cache_kind kindOf(Module& module) {
  return {
      sizeof(revproxy_cache_kind), &module, 0, 100'000, nullptr, &create, nullptr, &get, &set, &removeValue, &destroy};
}

// A module, and a store of it as httpd would make it.
struct Rig {
  Rig() : folder("/tmp/foreign-store-XXXXXX") {
    BOOST_REQUIRE(::mkdtemp(folder.data()));
    auto made = SharedState::make(4);
    BOOST_REQUIRE(!!made);
    shared = *made;
  }
  ~Rig() { std::filesystem::remove_all(folder); }

  StorePlace place() { return {"mine", folder, "try", ::geteuid(), ::getegid(), *shared, 8, held}; }
  std::unique_ptr<Store> open() {
    auto made = makeForeignStore("kind", kind, {{"slots", "7"}});
    BOOST_REQUIRE(!!made);
    definition = std::move(*made);
    BOOST_REQUIRE(!!definition->prepare(place()));
    auto store = definition->open();
    BOOST_REQUIRE(!!store);
    return std::move(*store);
  }

  std::string folder;
  SharedState* shared;
  HeldFolders held;
  Module module;
  revproxy_cache_kind kind = kindOf(module);
  std::unique_ptr<StoreDefinition> definition;
};

const Digest kKey = digestOf("key");

Result<bool> put(Store& store, std::string_view text) {
  IncomingBody body(store.workFolder(), "record");
  BOOST_REQUIRE(!!body.append(text));
  BOOST_REQUIRE(!!body.finish());
  return store.put(kKey, NewEntry{"record", "https://a.test/", {}, wallNow(), WallTime::max()}, body);
}

std::string refusal(const revproxy_cache_kind& kind) {
  const auto made = makeForeignStore("kind", kind, {{"slots", "7"}});
  return made ? "" : made.error().detail;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_put_is_found_and_removed) {
  Rig rig;
  const auto store = rig.open();
  BOOST_TEST(rig.module.seen == "mine,try,slots=7");
  BOOST_TEST(!store->mayBlock());
  BOOST_TEST(*put(*store, "body"));
  BOOST_TEST((*store->find(kKey))->body == "body");
  BOOST_TEST(*store->remove(kKey));
  BOOST_TEST(!*store->find(kKey));
  BOOST_TEST(!*put(*store, std::string(100'000, 'x')));
}

BOOST_AUTO_TEST_CASE(kinds_that_are_of_no_use_are_refused) {
  Module module;
  auto kind = kindOf(module);
  BOOST_TEST(refusal(kind).empty());
  kind.size = 0;
  BOOST_TEST(refusal(kind).find("`size`") != std::string::npos);
  kind = kindOf(module);
  kind.get = nullptr;
  BOOST_TEST(refusal(kind).find("get()") != std::string::npos);
  kind = kindOf(module);
  kind.most_value = 4095;
  BOOST_TEST(refusal(kind).find("4096") != std::string::npos);
  kind = kindOf(module);
  kind.check = &refuse;
  BOOST_TEST(refusal(kind).find("slots") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_store_that_cannot_be_made_says_why) {
  Rig rig;
  rig.module.how = "create";
  const auto made = makeForeignStore("kind", rig.kind, {});
  BOOST_REQUIRE(!!made);
  const auto prepared = (*made)->prepare(rig.place());
  BOOST_REQUIRE(!prepared);
  BOOST_TEST(prepared.error().detail.find("no memory\\x0a") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whatever_a_module_does_is_an_error_and_no_more) {
  for (const char* how : {"throw", "fail", "silent", "nothing", "null", "large", "twice"}) {
    Rig rig;
    const auto store = rig.open();
    BOOST_REQUIRE(*put(*store, "body"));
    rig.module.how = how;
    const auto found = store->find(kKey);
    BOOST_TEST(!found, how);
    if (!found) BOOST_TEST(!found.error().detail.empty());
  }
}

// A structure of an earlier day has no destroy().
BOOST_AUTO_TEST_CASE(members_that_are_not_there_are_not_called) {
  for (const bool isThere : {true, false}) {
    Rig rig;
    if (!isThere) rig.kind.size = offsetof(revproxy_cache_kind, destroy);
    rig.open().reset();
    rig.definition.reset();
    BOOST_TEST(rig.module.destroyed == (isThere ? 1 : 0));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
