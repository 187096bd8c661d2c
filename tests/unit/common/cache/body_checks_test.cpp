// Bodies in files whose bytes change behind the store's back.
#include "common/cache/body_checks.h"

#include <fcntl.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <thread>

#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

namespace {

std::string content(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t at = 0; at < bytes; ++at) text[at] = static_cast<char>(at * 31 >> 3);
  return text;
}

std::vector<std::string> bodyFiles(const StoreRig& rig) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(rig.path() + "/bodies"))
    if (entry.is_regular_file()) paths.push_back(entry.path());
  return paths;
}

// One bit of the last byte; its size stays. Not in the moment in which it was written: times of files are coarse.
void flip(const std::string& path) {
  std::this_thread::sleep_for(milliseconds{30});
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const int byte = file.get();
  file.seekp(-1, std::ios::end);
  file.put(static_cast<char>(byte ^ 1));
  BOOST_REQUIRE(file.good());
}

struct OpenFile {
  explicit OpenFile(const std::string& bytes) : path(folder.path() + "/body") {
    std::ofstream(path) << bytes;
    std::uint64_t size = 0;
    body.file = FileDescriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    body.stamp = stampOf(body.file.get(), size).value_or(0);
    BOOST_TEST(size == bytes.size());
    BOOST_TEST(body.stamp != 0u);
  }
  TemporaryFolder folder;
  std::string path;
  BodyFile body;
};

const auto kSizes = boost::unit_test::data::make({16'385u, 65'536u, 65'537u, 300'000u});
const auto kEither = boost::unit_test::data::make({false, true});

}  // namespace

BOOST_AUTO_TEST_SUITE(body_checks, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(a_part_of_a_file_has_the_sum_of_its_bytes) {
  const std::string bytes = content(200'000);
  const OpenFile open(bytes);
  for (const std::size_t offset : {0u, 1u, 70'000u})
    for (const std::size_t length : {0u, 1u, 65'536u, 65'537u, 130'000u})
      BOOST_TEST(checksumOfBody(open.body.file.get(), offset, length).value() ==
                 checksumOfBody(std::string_view(bytes).substr(offset, length)));
  BOOST_TEST(!checksumOfBody(open.body.file.get(), 1, bytes.size()));
  BOOST_TEST(!checksumOfBody(-1, 0, 1));
}

BOOST_AUTO_TEST_CASE(it_is_read_once_until_it_is_written_to) {
  const std::string bytes = content(100'000);
  const OpenFile open(bytes);
  const auto marks = std::make_unique<BodyMarks>();
  BodyChecks checks(*marks);
  BodyChecks other(*marks);
  const BodySum right{0, bytes.size(), checksumOfBody(bytes)};
  BodySum wrong = right;
  ++wrong.checksum;
  BOOST_TEST(!checks.isSound(open.body, wrong));
  BOOST_TEST(checks.isSound(open.body, right));
  // Not read any more, by nobody who shares the marks.
  BOOST_TEST(checks.isSound(open.body, wrong));
  BOOST_TEST(other.isSound(open.body, wrong));
  flip(open.path);
  std::uint64_t size = 0;
  const BodyFile again{FileDescriptor{::open(open.path.c_str(), O_RDONLY | O_CLOEXEC)},
                       stampOf(open.body.file.get(), size).value_or(0)};
  BOOST_TEST(again.stamp != open.body.stamp);
  BOOST_TEST(!checks.isSound(again, right));
}

BOOST_AUTO_TEST_CASE(more_files_than_places_cost_reading_and_nothing_else) {
  const std::string bytes = content(100);
  const OpenFile open(bytes);
  const auto marks = std::make_unique<BodyMarks>();
  BodyChecks checks(*marks);
  for (std::uint64_t stamp = 1; stamp < 8 * BodyMarks::kPlaces; ++stamp) checks.note(stamp * 0x9e3779b97f4a7c15 | 1);
  const BodySum sum{0, bytes.size(), checksumOfBody(bytes)};
  BOOST_TEST(checks.isSound(open.body, sum));
  BOOST_TEST(checks.isSound(open.body, {0, bytes.size(), 0}));
}

BOOST_DATA_TEST_CASE(flipped_bytes_are_never_served, kSizes* kEither* kEither, size, inFile, anew) {
  StoreRig rig("lmdb");
  auto store = rig.open();
  const std::string body = content(size);
  BOOST_TEST(*putInto(*store, "a", body, {}, inFile));
  BOOST_TEST((found(*store, "a") == body));
  const auto files = bodyFiles(rig);
  BOOST_REQUIRE(files.size() == 1u);
  flip(files.front());
  if (anew) {
    store.reset();
    rig.startAnew();
    store = rig.open();
  }
  BOOST_TEST(found(*store, "a") == "(failed)");
  // It is thrown away, and makes room for a right one.
  BOOST_TEST(found(*store, "a") == "(none)");
  BOOST_TEST(bodyFiles(rig).empty());
  BOOST_TEST(*putInto(*store, "a", body, {}, inFile));
  BOOST_TEST((found(*store, "a") == body));
}

// One that is mapped is looked at again after a while.
BOOST_AUTO_TEST_CASE(flipped_bytes_of_a_mapped_body_are_found_out) {
  const StoreRig rig("lmdb");
  const auto store = rig.open();
  const std::string body = content(100'000);
  BOOST_TEST(*putInto(*store, "a", body));
  const auto isMapped = [&] {
    const auto entry = store->find(digestOf("a"));
    return entry && *entry && (*entry)->mapped;
  };
  for (int time = 0; time < 100 && !isMapped(); ++time) std::this_thread::sleep_for(milliseconds{1});
  BOOST_TEST(isMapped());
  std::this_thread::sleep_for(MappedBodies::kTrusted + milliseconds{100});
  BOOST_TEST((found(*store, "a") == body));
  flip(bodyFiles(rig).front());
  std::this_thread::sleep_for(MappedBodies::kTrusted + milliseconds{100});
  BOOST_TEST(found(*store, "a") == "(failed)");
  BOOST_TEST(found(*store, "a") == "(none)");
}

BOOST_AUTO_TEST_CASE(files_that_are_cut_or_grown_are_not_served) {
  const StoreRig rig("lmdb");
  const auto store = rig.open();
  for (const int change : {-1, 1}) {
    BOOST_TEST(*putInto(*store, "a", content(20'000)));
    const auto files = bodyFiles(rig);
    BOOST_REQUIRE(files.size() == 1u);
    std::filesystem::resize_file(files.front(), std::filesystem::file_size(files.front()) + change);
    BOOST_TEST(found(*store, "a") == "(none)");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
