// What is looked at before anybody relies on the files of an LMDB store.
#include "common/cache/lmdb_check.h"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <memory>

#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(lmdb_check, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLong{30'000};
constexpr LmdbSize kSize{16 << 20, 80};

// A closed store with entries, one of which has a body file, and a body file that nobody knows.
class ClosedStore {
 public:
  ClosedStore() : rig_("lmdb"), folder_(rig_.path()), shared_(std::make_unique<LmdbShared>()) {
    const auto store = rig_.open();
    for (int number = 0; number < 20; ++number)
      BOOST_REQUIRE(*putInto(*store, std::to_string(number), std::string(number == 7 ? 100'000 : 100, 'x')));
    BOOST_REQUIRE(store->removeTagged("a tag"));
    IncomingBody body(store->workFolder(), "");
    BOOST_REQUIRE(body.append("unknown"));
    BOOST_REQUIRE(body.finish());
    BOOST_REQUIRE(folder_.bodies().keep(body));
  }
  Outcome check(milliseconds limit) { return checkFiles(folder_, kSize, *shared_, true, limit); }
  std::size_t bodies() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(rig_.path() + "/bodies"))
      count += entry.is_regular_file();
    return count;
  }
  const LmdbShared& shared() const { return *shared_; }
  std::string path() const { return rig_.path(); }

 private:
  StoreRig rig_;
  LmdbFolder folder_;
  std::unique_ptr<LmdbShared> shared_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_seen_is_told_and_files_that_nobody_knows_go) {
  ClosedStore store;
  BOOST_TEST(store.bodies() == 2u);
  BOOST_TEST(!!store.check(kLong));
  BOOST_TEST(store.shared().removals.load() == 1u);
  BOOST_TEST(store.shared().newestBegan.load() > 0);
  BOOST_TEST(store.bodies() == 1u);
}

// A large store on a slow disk is not damaged.
BOOST_AUTO_TEST_CASE(one_that_is_not_seen_whole_in_time_stays_as_it_is) {
  ClosedStore store;
  BOOST_TEST(!!store.check(milliseconds{0}));
  // Removals hold all the same.
  BOOST_TEST(store.shared().removals.load() == 1u);
  BOOST_TEST(store.bodies() == 2u);
}

BOOST_AUTO_TEST_CASE(a_damaged_one_is_an_error) {
  ClosedStore store;
  {
    std::fstream file(store.path() + "/data.mdb", std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    // The content of entries, in pages that are not used any more as well: the tree stays whole.
    for (std::size_t at = bytes.find("xxxx"); at != std::string::npos; at = bytes.find("xxxx", at + 4)) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put('y');
    }
  }
  BOOST_TEST(!store.check(kLong));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
