// The spool: what goes in comes out in the same order, through memory, through the file, and through both.
#include "common/base/spool.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <random>

#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(spool)

namespace {

constexpr std::size_t kMemory = Spool::kInMemory;

// No two parts of it are alike.
std::string pattern(std::size_t size, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string bytes(size, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

void put(Spool& spool, std::string_view bytes) {
  BOOST_REQUIRE_EQUAL(outcomeOf(spool.append(bytes)), "done");
}

// Up to `count` bytes, in reads of at most `step`.
std::string take(Spool& spool, std::size_t count, std::size_t step = 10'000) {
  std::string bytes;
  std::string buffer(step, ' ');
  while (bytes.size() < count && !spool.isEmpty()) {
    const auto got = spool.read(std::span(buffer.data(), std::min(step, count - bytes.size())));
    BOOST_REQUIRE_EQUAL(outcomeOf(got), "done");
    BOOST_REQUIRE(*got > 0u);
    bytes.append(buffer, 0, *got);
  }
  return bytes;
}

}  // namespace

namespace {

// What the open files without a name take of the disk.
long blocksOfNamelessFiles() {
  long blocks = 0;
  for (int descriptor = 3; descriptor < 256; ++descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0)
      blocks += status.st_blocks;
  }
  return blocks;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_spool_gives_nothing) {
  Spool spool;
  char byte;
  BOOST_TEST(spool.isEmpty());
  BOOST_TEST(*spool.read({&byte, 1}) == 0u);
  put(spool, "");
  BOOST_TEST(spool.isEmpty());
}

BOOST_AUTO_TEST_CASE(what_goes_in_comes_out_whatever_its_size) {
  for (const std::size_t size : {std::size_t{1}, kMemory - 1, kMemory, kMemory + 1, 2 * kMemory, 40 * kMemory})
    for (const std::size_t step : {std::size_t{7'777}, kMemory, 3 * kMemory}) BOOST_TEST_CONTEXT(size << ", " << step) {
        Spool spool;
        const std::string bytes = pattern(size);
        put(spool, bytes);
        BOOST_TEST(spool.size() == size);
        BOOST_TEST((take(spool, size, step) == bytes));
        BOOST_TEST(spool.isEmpty());
      }
}

BOOST_AUTO_TEST_CASE(small_amounts_need_no_file) {
  const std::size_t before = countDescriptors();
  Spool spool;
  for (int round = 0; round < 100; ++round) {
    put(spool, pattern(kMemory));
    BOOST_TEST(countDescriptors() == before);
    take(spool, kMemory);
  }
}

BOOST_AUTO_TEST_CASE(large_amounts_are_in_a_file_that_goes_with_the_spool) {
  const std::size_t before = countDescriptors();
  {
    Spool spool;
    put(spool, pattern(kMemory + 1));
    BOOST_TEST(countDescriptors() == before + 1);
  }
  BOOST_TEST(countDescriptors() == before);
}

// What comes later must not overtake what is in the file, although memory has room again.
BOOST_AUTO_TEST_CASE(the_order_holds_from_memory_to_the_file_and_back) {
  Spool spool;
  const std::string all = pattern(6 * kMemory);
  const std::string_view parts = all;
  put(spool, parts.substr(0, kMemory / 2));         // memory
  put(spool, parts.substr(kMemory / 2, kMemory));   // file
  std::string out = take(spool, kMemory / 2 + 10);  // all of memory, a little of the file
  put(spool, parts.substr(3 * kMemory / 2, 10));    // file still
  out += take(spool, 10 * kMemory);
  BOOST_TEST(spool.isEmpty());
  put(spool, parts.substr(3 * kMemory / 2 + 10, 10));  // memory again
  put(spool, parts.substr(3 * kMemory / 2 + 20));      // and the file again
  out += take(spool, 10 * kMemory);
  BOOST_TEST((out == all));
}

BOOST_AUTO_TEST_CASE(any_row_of_appends_and_reads_keeps_every_byte) {
  std::minstd_rand random(7);
  Spool spool;
  std::string model;
  const std::string source = pattern(3 * kMemory);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t size = random() % (random() % 4 == 0 ? source.size() : 5'000);
    if (random() % 5 < 2 && model.size() < 20 * kMemory) {
      const std::size_t start = random() % (source.size() - size);
      put(spool, std::string_view(source).substr(start, size));
      model.append(source, start, size);
    } else {
      const std::string got = take(spool, size);
      BOOST_REQUIRE((got == model.substr(0, size)));
      model.erase(0, got.size());
    }
    BOOST_REQUIRE(spool.size() == model.size());
  }
  BOOST_TEST((take(spool, model.size()) == model));
}

BOOST_AUTO_TEST_CASE(a_directory_that_takes_no_file_is_an_error_and_not_a_loss) {
  ::setenv("TMPDIR", "/nonexistent", 1);
  Spool spool;
  put(spool, "kept");
  const auto full = spool.append(pattern(kMemory));
  ::unsetenv("TMPDIR");
  BOOST_REQUIRE_EQUAL(outcomeOf(full), "internal");
  BOOST_TEST(full.error().detail.find("No such file") != std::string::npos, full.error().detail);
  BOOST_TEST(take(spool, 100) == "kept");
}

// A reader that stays a little behind never comes to the end of the file.
BOOST_AUTO_TEST_CASE(what_was_read_does_not_stay_on_the_disk) {
  const std::string piece(256 * 1024, 'x');
  std::vector<char> into(piece.size());
  Spool spool;
  const auto before = blocksOfNamelessFiles();
  for (int count = 0; count < 4; ++count) BOOST_REQUIRE(spool.append(piece));
  for (int count = 0; count < 80; ++count) {
    BOOST_REQUIRE(spool.append(piece));
    std::size_t taken = 0;
    while (taken < piece.size()) taken += *spool.read(std::span(into).first(piece.size() - taken));
  }
  BOOST_TEST(spool.size() == 4 * piece.size());
  constexpr long kBlock = 512;
  BOOST_TEST((blocksOfNamelessFiles() - before) * kBlock < 4 * 1024 * 1024);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
