// What the cache makes of its own end: children and the whole server that are killed while they store, a disk that is
// full, a file that is damaged while nobody looks and while it is in use. Bodies follow from their URLs, so that any
// one that is wrong is seen.
#include <signal.h>

#include <chrono>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/cache_library.h"
#include "tests/integration/support/client.h"
#include "tests/integration/support/disk_use.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/request_swarm.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(cache_survival)

namespace {

constexpr std::size_t kMegabyte = 1024 * 1024;
constexpr std::size_t kStoreSize = 8 * kMegabyte;
constexpr int kClients = 12;
constexpr HttpdLimits kChildren{.children = 3, .threadsPerChild = 10, .preforkStart = 16};
constexpr const char* kStoreSpeaks = "store (\"disk\"|in [^ ]*/cache)";

std::filesystem::path folderOf(const Httpd& httpd) {
  return httpd.directory().path() / "cache";
}

std::string configuration(const Httpd& httpd, const CacheLibrary& library, std::size_t size = kStoreSize) {
  return "RevProxyCacheStore disk lmdb path=" + folderOf(httpd).string() + " size=" + std::to_string(size / kMegabyte) +
         "M\nRevProxyPass / " + library.url() + "\nRevProxyCache on store=disk\n";
}

bool isHit(const Response& response) {
  return response.header("Cache-Status").value_or("").find("; hit") != std::string::npos;
}

void expectStored(const Httpd& httpd, const CacheLibrary& library, int object) {
  Response response;
  const bool hit = waitUntil([&] {
    response = Client().get(httpd.url(CacheLibrary::target(object)));
    return isHit(response);
  });
  BOOST_TEST(hit, response.header("Cache-Status").value_or("no Cache-Status"));
  BOOST_TEST((response.body == library.body(object)));
}

// Each object twice: what is wrong in the store is found out, and what is mended is right as well.
void expectAllRight(const Httpd& httpd, const CacheLibrary& library) {
  Client client;
  for (int time = 0; time < 2; ++time)
    for (int object = 0; object < library.size(); ++object) {
      const Response response = client.get(httpd.url(CacheLibrary::target(object)));
      BOOST_TEST(response.status == 200);
      BOOST_TEST((response.body == library.body(object)), "object " << object << " is wrong");
    }
}

RequestLoad load(const Httpd& httpd, const CacheLibrary& library) {
  RequestLoad load;
  load.port = httpd.port();
  load.atOnce = kClients;
  load.keepAlive = true;
  load.pause = std::chrono::milliseconds{2};
  load.text = [&library, random = std::mt19937{5}](int, int) mutable {
    const int object = static_cast<int>(random() % static_cast<unsigned>(library.size()));
    return "GET " + CacheLibrary::target(object) + " HTTP/1.1\r\nHost: proxytest\r\n\r\n";
  };
  load.judge = [&library](std::string_view request, std::string_view, std::string_view body) {
    return body == library.bodyFor(request.substr(4, request.find(' ', 4) - 4));
  };
  return load;
}

// Flips so many bits of a file, wherever they are.
void damage(const std::filesystem::path& file, int flips, unsigned seed) {
  std::mt19937 random{seed};
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = std::filesystem::file_size(file);
  for (int flip = 0; flip < flips; ++flip) {
    const auto place = static_cast<std::streamoff>(random() % size);
    stream.seekg(place);
    const int byte = stream.get();
    stream.seekp(place);
    stream.put(static_cast<char>(byte ^ 1 << random() % 8));
  }
  BOOST_TEST_REQUIRE(stream.good());
}

// Flips a bit in the middle of each of the bodies that the file holds as they are; how many those were.
int damageBodies(const std::filesystem::path& file, const CacheLibrary& library) {
  const std::string content = readFile(file);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  int damaged = 0;
  for (int object = 0; object < library.size(); ++object) {
    const std::string body = library.body(object);
    const std::size_t place = content.find(body.substr(0, 64));
    if (place == std::string::npos) continue;
    const std::size_t middle = place + 32;
    stream.seekp(static_cast<std::streamoff>(middle));
    stream.put(static_cast<char>(content[middle] ^ 4));
    ++damaged;
  }
  BOOST_TEST_REQUIRE(stream.good());
  return damaged;
}

}  // namespace

PROXY_TEST(kills_while_it_stores_harm_no_body) {
  const CacheLibrary library(CacheLibrary::Bodies::kAllSizes, 300);
  Httpd httpd(mpm, kChildren);
  httpd.expectLog("exit signal Killed");
  httpd.expectLog("AH10392|AH00098");  // several in a row; a server that could not tidy up
  httpd.expectLog(kStoreSpeaks);
  httpd.expectLog(kAllTaken);
  httpd.configure(configuration(httpd, library));
  httpd.start();
  RequestSwarm swarm(load(httpd, library));
  std::mt19937 random{11};
  std::size_t most = 0;
  const int rounds = scaled(4, 200);
  for (int round = 0; round < rounds; ++round) {
    const int finished = swarm.finished();
    BOOST_TEST(waitUntil([&] { return swarm.finished() > finished + 20 * kClients; }));
    if (round % 2 == 0) {
      const std::vector<pid_t> children = httpd.children();
      BOOST_TEST_REQUIRE(!children.empty());
      ::kill(children[random() % children.size()], SIGKILL);
    } else {
      httpd.kill();
      httpd.start();
    }
    most = std::max(most, diskUse(folderOf(httpd)));
  }
  const LoadResult result = swarm.stop(kPatience);
  BOOST_TEST_MESSAGE("killed while it stores: " << result.report() << "; at most " << most / 1024 << " kB on disk");
  BOOST_TEST(result.wrong == 0, result.report());
  BOOST_TEST(result.statuses.size() == 1u, result.report());
  BOOST_TEST(result.answered(200) > 0, result.report());
  // Bodies that are on their way are not in the store yet.
  BOOST_TEST(most <= kStoreSize + kClients * CacheLibrary::kLargest);
  expectStored(httpd, library, 0);
  httpd.stop();
  BOOST_TEST(diskUse(folderOf(httpd)) <= kStoreSize);
}

PROXY_TEST_EVENT(what_is_stored_is_there_after_a_stop_and_after_a_kill) {
  const CacheLibrary library(CacheLibrary::Bodies::kAllSizes, 4);
  Httpd httpd(mpm, kChildren);
  httpd.expectLog("AH00098");
  httpd.configure(configuration(httpd, library));
  httpd.start();
  for (int object = 0; object < library.size(); ++object) expectStored(httpd, library, object);
  const auto expectThere = [&] {
    httpd.start();
    for (int object = 0; object < library.size(); ++object) {
      const Response response = Client().get(httpd.url(CacheLibrary::target(object)));
      BOOST_TEST(isHit(response), response.header("Cache-Status").value_or("no Cache-Status"));
      BOOST_TEST((response.body == library.body(object)));
    }
  };
  httpd.stop();
  expectThere();
  httpd.kill();
  expectThere();
}

// Somebody else takes all the room while it is in use.
PROXY_TEST(a_full_disk_costs_no_request) {
  const CacheLibrary library(CacheLibrary::Bodies::kAllSizes, 60);
  Httpd httpd(mpm, kChildren);
  std::filesystem::create_directories(folderOf(httpd));
  const SmallDisk disk(folderOf(httpd), 2 * kStoreSize);
  if (!disk.isMounted()) {
    BOOST_TEST_MESSAGE("not tested: mounting a small disk needs root, and a kernel that lets it");
    return;
  }
  httpd.configure(configuration(httpd, library));
  httpd.start();
  expectStored(httpd, library, 0);
  disk.fill();
  expectAllRight(httpd, library);
  httpd.requireLog(kStoreSpeaks);
  disk.drain();
  expectAllRight(httpd, library);
  httpd.stop();
}

PROXY_TEST(a_file_that_was_damaged_costs_no_request) {
  const CacheLibrary library(CacheLibrary::Bodies::kSmall, 150);
  Httpd httpd(mpm, kChildren);
  httpd.expectLog(kStoreSpeaks);
  httpd.configure(configuration(httpd, library));
  const int rounds = scaled(2, 50);
  for (int round = 0; round < rounds; ++round) {
    httpd.start();
    expectAllRight(httpd, library);
    httpd.stop();
    // Many at first, which cannot go unnoticed.
    damage(folderOf(httpd) / "data.mdb", round % 2 == 0 ? 300 : 1 + round, static_cast<unsigned>(round));
  }
  httpd.start();
  expectAllRight(httpd, library);
  httpd.requireLog(kStoreSpeaks);
}

PROXY_TEST(a_file_that_is_damaged_in_use_costs_no_request) {
  const CacheLibrary library(CacheLibrary::Bodies::kSmall, 50);
  Httpd httpd(mpm, kChildren);
  httpd.configure(configuration(httpd, library));
  httpd.start();
  expectAllRight(httpd, library);
  BOOST_TEST(damageBodies(folderOf(httpd) / "data.mdb", library) > 0);
  expectAllRight(httpd, library);
  httpd.requireLog(kStoreSpeaks);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
