// Whose a store's folder is, and what stays of it when its server has ended.
#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/integration/support/cache_library.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_folders)

namespace {

constexpr HttpdLimits kOneChild{.children = 1, .threadsPerChild = 4};

std::string statusOf(const Httpd& httpd) {
  const Response response = Client().get(httpd.url(CacheLibrary::target(0)));
  BOOST_TEST(response.status == 200);
  return response.header("Cache-Status").value_or("none");
}

bool isHit(const Httpd& httpd) {
  return statusOf(httpd).find("; hit") != std::string::npos;
}

void expectStored(const Httpd& httpd) {
  BOOST_TEST(waitUntil([&] { return isHit(httpd); }), statusOf(httpd));
}

// Where its store is, as the kernel has it mapped.
std::filesystem::path folderOf(const Httpd& httpd) {
  for (const pid_t child : httpd.children()) {
    std::ifstream maps("/proc/" + std::to_string(child) + "/maps");
    for (std::string line; std::getline(maps, line);)
      if (line.ends_with("/data.mdb")) return std::filesystem::path(line.substr(line.find('/'))).parent_path();
  }
  return {};
}

}  // namespace

PROXY_TEST_EVENT(one_folder_is_for_one_server) {
  const CacheLibrary library(CacheLibrary::Bodies::kSmall, 1);
  Httpd one(mpm, kOneChild);
  Httpd other(mpm, kOneChild);
  const std::string folder = (one.directory().path() / "cache").string();
  for (Httpd* httpd : {&one, &other})
    httpd->configure("RevProxyCacheStore disk lmdb path=" + folder + "\nRevProxyPass / " + library.url() +
                     "\nRevProxyCache on store=disk\n");
  one.start();
  expectStored(one);
  BOOST_TEST(one.configtest().exitStatus == 0);
  other.start();
  other.requireLog("\"disk\": another server that runs has the folder " + folder);
  BOOST_TEST(statusOf(other) == "none");
  one.graceful();
  one.requireLog("AH00493");
  BOOST_TEST(isHit(one));
  one.stop();
  other.graceful();
  expectStored(other);
}

PROXY_TEST_EVENT(what_is_in_memory_ends_with_the_server) {
  const CacheLibrary library(CacheLibrary::Bodies::kSmall, 1);
  Httpd httpd(mpm, kOneChild);
  httpd.expectLog("AH00098");  // its process number was there already
  httpd.configure("RevProxyPass / " + library.url() + "\nRevProxyCache on\n");
  httpd.start();
  expectStored(httpd);
  const std::filesystem::path folder = folderOf(httpd);
  BOOST_TEST(folder.parent_path() == "/dev/shm");
  httpd.kill();
  BOOST_TEST(std::filesystem::exists(folder));
  httpd.start();
  BOOST_TEST(isHit(httpd));
  BOOST_TEST(folderOf(httpd) == folder);
  httpd.stop();
  BOOST_TEST(!std::filesystem::exists(folder));
}

BOOST_AUTO_TEST_CASE(two_names_for_one_folder_are_a_mistake) {
  expectMessage(
      "RevProxyCacheStore b lmdb path=/tmp/none/x\nRevProxyCacheStore a lmdb path=/tmp/none/../none/x/ size=2M\n", 2,
      {"\"a\"", "\"b\" at .*site\\.conf:1", "path="});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
