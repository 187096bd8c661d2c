// Who has a folder for itself, when a server ends, is killed, or leaves children behind.
#include "common/cache/held_folders.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "tests/unit/support/forks.h"
#include "tests/unit/support/store_rig.h"

namespace proxytest {

using namespace proxycommon;
using Hold = HeldFolders::Hold;

namespace {

constexpr milliseconds kAtOnce{0};

bool holds(HeldFolders& held, const std::string& folder, Hold expected) {
  const auto got = held.hold(folder, kAtOnce);
  return got && *got == expected;
}

// An lmdb store of one server, and what it was warned of.
struct Server {
  explicit Server(const std::string& folder, StoreOptions options = {}, std::string name = "tried") : parent(folder) {
    auto read = (*storeKinds().find("lmdb"))(options);
    BOOST_REQUIRE(read);
    definition = std::move(*read);
    StorePlace place = parent.place();
    place.name = std::move(name);
    place.instance = "unit-" + std::to_string(::getpid());
    auto prepared = definition->prepare(place);
    if (!prepared) BOOST_FAIL(prepared.error().detail);
    warnings = *prepared;
  }
  StoreParent parent;
  std::unique_ptr<StoreDefinition> definition;
  std::vector<std::string> warnings;
};

std::string readAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string memoryFolder() {
  return "/dev/shm/revproxy-unit-" + std::to_string(::getpid()) + "-cache";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(held_folders, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(one_has_it_until_it_ends) {
  const TemporaryFolder folder;
  std::optional<HeldFolders> one(std::in_place);
  HeldFolders other;
  BOOST_TEST(holds(*one, folder.path(), Hold::kOurs));
  BOOST_TEST(holds(*one, folder.path(), Hold::kOurs));  // as after a graceful restart
  BOOST_TEST(holds(other, folder.path(), Hold::kOthers));
  one.reset();
  BOOST_TEST(holds(other, folder.path(), Hold::kOurs));
}

BOOST_AUTO_TEST_CASE(children_that_are_left_behind_hold_it) {
  const TemporaryFolder folder;
  std::optional<HeldFolders> one(std::in_place);
  HeldFolders other;
  BOOST_TEST(holds(*one, folder.path(), Hold::kOurs));
  const pid_t child = forked([]() -> int {
    ::pause();
    return 0;
  });
  one.reset();
  BOOST_TEST(holds(other, folder.path(), Hold::kOthers));
  killed(child);
  BOOST_TEST(holds(other, folder.path(), Hold::kOurs));
}

BOOST_AUTO_TEST_CASE(one_that_was_killed_leaves_nothing) {
  const TemporaryFolder folder;
  const pid_t server = forked([&]() -> int {
    HeldFolders own;
    static_cast<void>(own.hold(folder.path(), kAtOnce));
    ::kill(::getpid(), SIGKILL);
    return 0;
  });
  BOOST_TEST(statusOf(server) == -1);
  HeldFolders other;
  BOOST_TEST(holds(other, folder.path(), Hold::kOurs));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_made_anew_is_taken_anew) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/in";
  HeldFolders one;
  BOOST_TEST(holds(one, path, Hold::kGone));
  for (int time = 0; time < 2; ++time) {
    BOOST_REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    BOOST_TEST(holds(one, path, Hold::kOurs));
    HeldFolders other;
    BOOST_TEST(holds(other, path, Hold::kOthers));
    std::filesystem::remove_all(path);
  }
}

BOOST_AUTO_TEST_CASE(what_is_for_the_end_is_done_by_the_one_who_began) {
  int done = 0;
  {
    HeldFolders held;
    held.atEnd("a", [&done] { done += 100; });
    held.atEnd("a", [&done] { done += 1; });
    held.atEnd("b", [&done] { done += 10; });
    const pid_t child = forked([&]() -> int {
      held.~HeldFolders();
      return done;
    });
    BOOST_TEST(statusOf(child) == 0);
    BOOST_TEST(done == 0);
  }
  BOOST_TEST(done == 11);
}

BOOST_AUTO_TEST_CASE(a_second_server_goes_on_without_the_store) {
  const TemporaryFolder folder;
  const StoreOptions options{{"path", folder.path() + "/store"}};
  std::optional<Server> one(std::in_place, folder.path(), options);
  BOOST_TEST(!one->definition->isLeftOut());
  BOOST_TEST(one->warnings.empty());
  {
    // However it writes the path.
    const Server other(folder.path(), {{"path", folder.path() + "/./store/"}});
    BOOST_TEST(other.definition->isLeftOut());
    BOOST_REQUIRE(other.warnings.size() == 1u);
    BOOST_TEST(other.warnings.front().find("path=") != std::string::npos);
  }
  one.reset();
  BOOST_TEST(!Server(folder.path(), options).definition->isLeftOut());
}

BOOST_AUTO_TEST_CASE(the_store_in_memory_ends_with_the_server_and_others_stay) {
  const TemporaryFolder folder;
  const std::string named = folder.path() + "/store";
  {
    const Server server(folder.path(), {}, "memory");
    BOOST_TEST(std::filesystem::exists(memoryFolder()));
    const Server disk(folder.path(), {{"path", named}});
    const auto store = disk.definition->open();
    BOOST_REQUIRE(store);
    BOOST_TEST(*putInto(**store, "a", "content"));
  }
  BOOST_TEST(!std::filesystem::exists(memoryFolder()));
  const Server again(folder.path(), {{"path", named}});
  BOOST_TEST(again.warnings.empty());
  const auto store = again.definition->open();
  BOOST_REQUIRE(store);
  BOOST_TEST(found(**store, "a") == "content");
}

// As after the machine has begun anew.
BOOST_AUTO_TEST_CASE(what_was_closed_in_good_order_is_believed_later) {
  const TemporaryFolder folder;
  const StoreOptions options{{"path", folder.path() + "/store"}};
  const std::string state = folder.path() + "/store/state";
  for (const bool inOrder : {true, false}) {
    {
      const Server server(folder.path(), options);
      const auto store = server.definition->open();
      BOOST_REQUIRE(store);
      BOOST_TEST(*putInto(**store, "a", "content"));
      BOOST_TEST(readAll(state).ends_with(" open\n"));
    }
    BOOST_TEST(readAll(state).ends_with(" closed\n"));
    std::ofstream(state) << "another boot" << (inOrder ? " closed\n" : " open\n");
    const Server server(folder.path(), options);
    const auto store = server.definition->open();
    BOOST_REQUIRE(store);
    BOOST_TEST(found(**store, "a") == (inOrder ? "content" : "(none)"));
  }
}

// Containers that share /dev/shm and have the same paths.
BOOST_AUTO_TEST_CASE(memory_that_is_anothers_is_in_the_runtime_folder) {
  const TemporaryFolder folder;
  const TemporaryFolder otherFolder;
  const Server one(folder.path(), {}, "memory");
  const std::string own = otherFolder.path() + "/revproxy-unit-" + std::to_string(::getpid()) + "-cache";
  {
    const Server other(otherFolder.path(), {}, "memory");
    BOOST_TEST(!other.definition->isLeftOut());
    BOOST_REQUIRE(other.warnings.size() == 1u);
    BOOST_TEST(std::filesystem::exists(own));
  }
  BOOST_TEST(!std::filesystem::exists(own));
  BOOST_TEST(std::filesystem::exists(memoryFolder()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
