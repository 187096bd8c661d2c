// What the LMDB store promises beyond the contract: limits, crashes, damage, full disks.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "common/base/checksum.h"
#include "tests/unit/support/forks.h"
#include "tests/unit/support/soak.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

namespace {

// Content that tells by itself whether it is whole: its own checksum stands in front.
std::string sealed(std::uint64_t seed, std::size_t bytes) {
  std::string content(bytes, '\0');
  std::mt19937_64 random(seed);
  for (char& byte : content) byte = static_cast<char>(random());
  const std::uint64_t sum = checksumOf(content);
  return std::string(reinterpret_cast<const char*>(&sum), sizeof sum) + content;
}
bool isWhole(std::string_view content) {
  std::uint64_t sum = 0;
  if (content.size() < sizeof sum) return false;
  std::memcpy(&sum, content.data(), sizeof sum);
  return sum == checksumOf(content.substr(sizeof sum));
}

std::uint64_t bytesUnder(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat what {};
    if (entry.is_regular_file() && ::stat(entry.path().c_str(), &what) == 0)
      bytes += static_cast<std::uint64_t>(what.st_blocks) * 512;
  }
  return bytes;
}

std::size_t filesUnder(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) count += entry.is_regular_file();
  return count;
}

// Stores for ever, larger and smaller ones.
[[noreturn]] void storeForEver(Store& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (;;) {
    const std::string key = std::to_string(random() % 200);
    const std::size_t bytes = random() % 4 == 0 ? 20'000 + random() % 60'000 : random() % 3000;
    static_cast<void>(putInto(store, key, sealed(random(), bytes), {}, random() % 2 == 0));
    if (random() % 50 == 0) static_cast<void>(store.remove(digestOf(key)));
    if (random() % 200 == 0) static_cast<void>(store.removeTagged("red"));
  }
}

std::size_t countDamaged(Store& store, std::size_t& hits) {
  std::size_t damaged = 0;
  for (int number = 0; number < 200; ++number) {
    const std::string body = found(store, std::to_string(number));
    if (body == "(none)" || body == "(failed)") continue;
    ++hits;
    damaged += !isWhole(body);
  }
  return damaged;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lmdb_store, *boost::unit_test::timeout(300))

BOOST_AUTO_TEST_CASE(the_limit_holds) {
  const StoreRig rig("lmdb", "4M");
  const auto store = rig.open();
  for (int number = 0; number < 12'000; ++number)
    BOOST_REQUIRE(putInto(*store, std::to_string(number), std::string(number % 40 == 0 ? 50'000 : 700, 'x')));
  const StoreFigures figures = store->figures();
  BOOST_TEST(figures.limit == 4u << 20);
  BOOST_TEST(figures.bytes <= figures.limit);
  BOOST_TEST(figures.bytes > figures.limit / 2);
  BOOST_TEST(figures.evictions > 5000u);
  // Free pages of the index are within what was asked for, or not far above.
  BOOST_TEST(bytesUnder(rig.path()) <= figures.limit / 10 * 13);
  BOOST_TEST(found(*store, "11999") == std::string(700, 'x'));
}

BOOST_AUTO_TEST_CASE(what_is_used_stays) {
  const StoreRig rig("lmdb", "2M");
  const auto store = rig.open();
  for (int number = 0; number < 20'000; ++number) {
    BOOST_REQUIRE(putInto(*store, "new" + std::to_string(number), std::string(500, 'x')));
    const std::string often = "often" + std::to_string(number % 50);
    if (number < 50) BOOST_REQUIRE(putInto(*store, often, "often"));
    BOOST_TEST(found(*store, often) == "often");
  }
}

BOOST_AUTO_TEST_CASE(no_file_outlives_its_entry) {
  const StoreRig rig("lmdb", "4M");
  const auto store = rig.open();
  for (int number = 0; number < 400; ++number)
    BOOST_REQUIRE(
        putInto(*store, std::to_string(number % 100), std::string(30'000 + number, 'x'), {}, number % 2 == 0));
  BOOST_TEST(filesUnder(rig.path() + "/work") == 0u);
  BOOST_TEST(filesUnder(rig.path() + "/bodies") == store->figures().entries);
  for (int number = 0; number < 100; ++number) BOOST_TEST(!!store->remove(digestOf(std::to_string(number))));
  BOOST_TEST(filesUnder(rig.path() + "/bodies") == 0u);
}

BOOST_AUTO_TEST_CASE(it_survives_a_restart) {
  StoreRig rig("lmdb");
  Kept before;
  {
    const auto store = rig.open();
    BOOST_TEST(*putInto(*store, "small", "content", {.tags = {"red"}}));
    BOOST_TEST(*putInto(*store, "large", std::string(100'000, 'x'), {}, true));
    BOOST_TEST(*putInto(*store, "tagged", "content", {.tags = {"blue"}}));
    BOOST_TEST(!!store->removeTagged("blue"));
    before.tags = {"blue"};
    before.began = wallNow() - milliseconds{1000};
  }
  rig.startAnew();
  BOOST_TEST(rig.warnings.empty());
  const auto store = rig.open();
  BOOST_TEST(found(*store, "small") == "content");
  BOOST_TEST((found(*store, "large") == std::string(100'000, 'x')));
  BOOST_TEST(found(*store, "tagged") == "(none)");
  BOOST_TEST(!*putInto(*store, "tagged", "begun before", before));
  BOOST_TEST(!!store->removeTagged("red"));
  BOOST_TEST(found(*store, "small") == "(none)");
}

// Records of removals go once everything was looked at, and what was begun before does not come back all the same.
BOOST_AUTO_TEST_CASE(removals_are_forgotten_but_hold) {
  const StoreRig rig("lmdb");
  const auto store = rig.open();
  const WallTime before = wallNow() - milliseconds{1};
  for (int number = 0; number < 15'000; ++number)
    BOOST_REQUIRE(store->removePrefix("http://a/" + std::to_string(number)));
  // Fourteen thousand at most, of a hundred bytes; then all are forgotten.
  BOOST_TEST(store->figures().bytes < 300'000u);
  BOOST_TEST(!*putInto(*store, "x", "begun before", {.url = "http://a/77", .began = before}));
  BOOST_TEST(*putInto(*store, "x", "begun after", {.url = "http://a/77"}));
}

// One client that sends many POSTs does not keep the slow answers of others out of the store.
BOOST_AUTO_TEST_CASE(very_many_removals_concern_what_they_name) {
  const StoreRig rig("lmdb", "64M");
  const auto store = rig.open();
  const Kept before{.began = wallNow() - milliseconds{1}};
  for (int number = 0; number < 12'000; ++number)
    BOOST_REQUIRE(store->remove(digestOf("posted" + std::to_string(number))));
  BOOST_TEST(*putInto(*store, "slow", "begun before", before));
  BOOST_TEST(found(*store, "slow") == "begun before");
  BOOST_TEST(!*putInto(*store, "posted1", "begun before", before));
  BOOST_TEST(!*putInto(*store, "posted11999", "begun before", before));
}

BOOST_AUTO_TEST_CASE(writers_that_are_killed_leave_nothing_damaged) {
  StoreRig rig("lmdb", "2M");
  const int rounds = scaled(20, 200);
  std::size_t hits = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<pid_t> children;
    for (std::uint64_t child = 0; child < 2; ++child)
      children.push_back(forked([&]() -> int {
        const auto store = rig.openQuietly();
        if (!store) return 1;
        storeForEver(*store, static_cast<std::uint64_t>(round) * 2 + child);
      }));
    std::this_thread::sleep_for(milliseconds{20 + round % 7 * 5});
    for (const pid_t child : children) killed(child);
    if (round % 5 == 4) rig.startAnew();
    const auto store = rig.open();
    BOOST_TEST(countDamaged(*store, hits) == 0u);
    BOOST_TEST(store->figures().bytes <= store->figures().limit);
    BOOST_TEST(rig.warnings.empty());
  }
  BOOST_TEST(hits > 0u);
}

// After such a death the files are looked at by the next one that opens them.
BOOST_AUTO_TEST_CASE(flipped_bytes_cost_entries_and_never_a_wrong_body) {
  std::mt19937_64 random(1);
  int setAside = 0;
  for (int round = 0; round < scaled(12, 100); ++round) {
    StoreRig rig("lmdb", "2M");
    {
      const auto store = rig.open();
      for (std::uint64_t number = 0; number < 200; ++number)
        BOOST_REQUIRE(putInto(*store, std::to_string(number), sealed(number, 500 + number * 20)));
    }
    {
      std::fstream file(rig.path() + "/data.mdb", std::ios::in | std::ios::out | std::ios::binary);
      const auto size = std::filesystem::file_size(rig.path() + "/data.mdb");
      for (int flip = 0; flip < 20; ++flip) {
        file.seekp(static_cast<std::streamoff>(random() % size));
        file.put(static_cast<char>(random()));
      }
    }
    rig.startAnew();
    setAside += !rig.warnings.empty();
    if (!rig.warnings.empty()) BOOST_TEST(std::filesystem::exists(rig.path() + "/data.mdb.damaged"));
    const auto store = rig.open();
    std::size_t hits = 0;
    BOOST_TEST(countDamaged(*store, hits) == 0u);
    BOOST_TEST(*putInto(*store, "new", "content"));
    BOOST_TEST(found(*store, "new") == "content");
  }
  BOOST_TEST(setAside > 0);
}

// While it is open: who reads may die of it, but what is given is right.
BOOST_AUTO_TEST_CASE(bytes_that_flip_under_a_reader) {
  std::mt19937_64 random(2);
  int wrong = 0;
  std::size_t deaths = 0;
  const int rounds = scaled(10, 100);
  for (int round = 0; round < rounds; ++round) {
    StoreRig rig("lmdb", "2M");
    const auto reads = [&rig](bool flips, std::uint64_t seed) {
      return statusOf(forked([&]() -> int {
        for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(signal, SIG_DFL);
        const auto store = rig.openQuietly();
        if (!store) return 2;
        if (flips) {
          std::mt19937_64 places(seed);
          const int file = ::open((rig.path() + "/data.mdb").c_str(), O_WRONLY);
          const auto size = std::filesystem::file_size(rig.path() + "/data.mdb");
          for (int flip = 0; flip < 20; ++flip) {
            const char byte = static_cast<char>(places());
            if (::pwrite(file, &byte, 1, static_cast<off_t>(places() % size)) != 1) return 2;
          }
        }
        for (int number = 0; number < 200; ++number) {
          const std::string body = found(*store, std::to_string(number));
          if (body != "(none)" && body != "(failed)" && !isWhole(body)) return 3;
        }
        return 0;
      }));
    };
    {
      const auto store = rig.open();
      for (std::uint64_t number = 0; number < 200; ++number)
        BOOST_REQUIRE(putInto(*store, std::to_string(number), sealed(number, 500 + number * 20)));
    }
    const int first = reads(true, random());
    wrong += first == 3;
    deaths += first == -1;
    // It was inside when it died: whoever opens next has the files looked at.
    const int second = reads(false, 0);
    wrong += second == 3;
    if (first == -1) BOOST_TEST(second == 0);
  }
  BOOST_TEST(wrong == 0);
  BOOST_TEST_MESSAGE(deaths << " of " << rounds << " readers died");
}

// One that is open is told that the files were set aside.
BOOST_AUTO_TEST_CASE(all_children_go_on_with_new_files_after_damage) {
  StoreRig rig("lmdb", "2M");
  const auto store = rig.open();
  for (std::uint64_t number = 0; number < 50; ++number)
    BOOST_REQUIRE(putInto(*store, std::to_string(number), sealed(number, 1000)));
  const pid_t child = forked([&]() -> int {
    const auto mine = rig.openQuietly();
    if (!mine) return 1;
    storeForEver(*mine, 7);
  });
  std::this_thread::sleep_for(milliseconds{100});
  killed(child);
  // Zeros in place of all that is below the first two pages, as after a disk that lies.
  {
    std::fstream file(rig.path() + "/data.mdb", std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(rig.path() + "/data.mdb");
    file.seekp(8192);
    file << std::string(size - 8192, '\0');
  }
  BOOST_TEST(statusOf(forked([&] {
               const auto other = rig.openQuietly();
               return other && *putInto(*other, "new", "content") ? 0 : 1;
             })) == 0);
  BOOST_TEST(found(*store, "new") == "content");
  BOOST_TEST(*putInto(*store, "mine", "content"));
  BOOST_TEST(found(*store, "mine") == "content");
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_and_not_the_end) {
  StoreRig rig("lmdb", "8M");
  const int status = statusOf(forked([&]() -> int {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto store = rig.openQuietly();
    if (!store) return 1;
    // What a file may have takes the part of what a disk has.
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    int stored = 0;
    int failed = 0;
    for (std::uint64_t number = 0; number < 4000; ++number) {
      const auto put = putInto(*store, std::to_string(number % 3000), sealed(number, 1000));
      put&&* put ? ++stored : ++failed;
    }
    std::size_t hits = 0;
    if (countDamaged(*store, hits) != 0) return 2;
    // It goes on storing within what there is.
    if (!putInto(*store, "last", "content") || found(*store, "last") != "content") return 3;
    return stored > failed ? 0 : 4;
  }));
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(folders_of_others_are_refused) {
  const TemporaryFolder folder;
  const StoreParent parent(folder.path());
  const auto prepared = [&] {
    auto definition = (*storeKinds().find("lmdb"))({{"path", folder.path() + "/store"}});
    BOOST_REQUIRE(definition);
    return static_cast<bool>((*definition)->prepare(parent.place()));
  };
  const std::string path = folder.path() + "/store";
  const TemporaryFolder elsewhere;
  BOOST_REQUIRE(::symlink(elsewhere.path().c_str(), path.c_str()) == 0);
  BOOST_TEST(!prepared());
  ::unlink(path.c_str());
  std::ofstream(path) << "a file";
  BOOST_TEST(!prepared());
  ::unlink(path.c_str());
  if (::geteuid() == 0) {
    BOOST_REQUIRE(::mkdir(path.c_str(), 0777) == 0);
    BOOST_REQUIRE(::chown(path.c_str(), 4711, 4711) == 0);
    BOOST_TEST(!prepared());
    ::rmdir(path.c_str());
  }
  BOOST_TEST(prepared());
  struct stat what {};
  BOOST_REQUIRE(::stat(path.c_str(), &what) == 0);
  BOOST_TEST((what.st_mode & 07777) == 0700);
}

// Such a server's children have its user, and a User in its configuration means nothing.
BOOST_AUTO_TEST_CASE(a_server_that_is_not_roots_has_its_folders) {
  constexpr uid_t kNobody = 65534;
  const TemporaryFolder folder;
  const StoreParent parent(folder.path());
  if (::geteuid() == 0) BOOST_REQUIRE(::chown(folder.path().c_str(), kNobody, kNobody) == 0);
  const int status = statusOf(forked([&]() -> int {
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) return 2;
    StorePlace place = parent.place();
    place.user = place.group = 4711;
    auto definition = (*storeKinds().find("lmdb"))({{"path", folder.path() + "/store"}});
    // The folder is made, and then found.
    for (int start = 0; start < 2; ++start)
      if (!definition || !(*definition)->prepare(place)) return 1;
    return 0;
  }));
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(options_that_are_none_are_refused) {
  const auto reads = [](StoreOptions options) { return static_cast<bool>((*storeKinds().find("lmdb"))(options)); };
  BOOST_TEST(reads({}));
  BOOST_TEST(reads({{"path", "x"}, {"size", "512M"}}));
  BOOST_TEST(reads({{"size", "2g"}}));
  for (const char* size : {"", "M", "0", "1K", "12X", "-5M", "99999999999G", "5 M"})
    BOOST_TEST(!reads({{"size", size}}), size);
  BOOST_TEST(!reads({{"path", ""}}));
  BOOST_TEST(!reads({{"colour", "red"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
