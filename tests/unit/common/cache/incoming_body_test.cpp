// Bodies on their way into a store, and who reads them while they grow.
#include "common/cache/incoming_body.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/support/forks.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(incoming_body, *boost::unit_test::timeout(60))

namespace {

// A folder of its own, gone afterwards.
struct Folder {
  Folder() {
    std::string name = "/tmp/incoming-body-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{path}, {}));
  }
  std::string path;
};

FollowedBody follow(const std::string& path) {
  auto followed = FollowedBody::open(path);
  BOOST_REQUIRE_EQUAL(outcomeOf(followed), "done");
  BOOST_REQUIRE(followed->has_value());
  return std::move(**followed);
}

// What has come.
std::string readOf(FollowedBody& body, std::size_t most = 1 << 20) {
  std::string bytes(most, '\0');
  auto got = body.read(bytes);
  BOOST_REQUIRE_EQUAL(outcomeOf(got), "done");
  bytes.resize(*got);
  return bytes;
}

bool isComplete(const FollowedBody& body) {
  auto complete = body.isComplete();
  BOOST_REQUIRE_EQUAL(outcomeOf(complete), "done");
  return *complete;
}

void append(IncomingBody& body, std::string_view bytes) {
  BOOST_REQUIRE_EQUAL(outcomeOf(body.append(bytes)), "done");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_small_body_stays_in_memory_and_makes_no_file) {
  const Folder folder;
  IncomingBody body(folder.path, "record");
  append(body, "hello ");
  append(body, "world");
  BOOST_TEST(outcomeOf(body.finish()) == "done");
  BOOST_TEST(body.memory() == "hello world");
  BOOST_TEST(body.size() == 11u);
  BOOST_TEST(!body.isInFile());
  BOOST_TEST(folder.files() == 0u);
}

BOOST_AUTO_TEST_CASE(a_large_body_is_in_a_file_that_is_gone_with_it) {
  const Folder folder;
  const std::string most(IncomingBody::kInMemory, 'm');
  {
    IncomingBody body(folder.path, "record");
    append(body, most);
    BOOST_TEST(!body.isInFile());
    append(body, "x");
    BOOST_REQUIRE(body.isInFile());
    BOOST_TEST(body.memory().empty());
    BOOST_TEST(body.size() == most.size() + 1);
    BOOST_TEST(std::filesystem::file_size(body.path()) == body.bodyOffset() + body.size());
    auto followed = follow(body.path());
    BOOST_TEST(followed.record() == "record");
    BOOST_TEST((readOf(followed) == most + "x"));
  }
  BOOST_TEST(folder.files() == 0u);
}

BOOST_AUTO_TEST_CASE(who_follows_sees_what_has_come_and_that_it_is_whole_at_the_end_alone) {
  const Folder folder;
  IncomingBody body(folder.path, std::string("a\0b", 3));
  append(body, "one");
  BOOST_REQUIRE_EQUAL(outcomeOf(body.moveToFile()), "done");
  auto followed = follow(body.path());
  BOOST_TEST((followed.record() == std::string("a\0b", 3)));
  BOOST_TEST(readOf(followed, 2) == "on");
  BOOST_TEST(readOf(followed) == "e");
  BOOST_TEST(readOf(followed) == "");
  BOOST_TEST(!isComplete(followed));
  append(body, "two");
  BOOST_TEST(outcomeOf(body.finish()) == "done");
  BOOST_TEST(!isComplete(followed));
  BOOST_TEST(readOf(followed) == "two");
  BOOST_TEST(isComplete(followed));
}

BOOST_AUTO_TEST_CASE(an_empty_body_is_complete_once_it_is_finished) {
  const Folder folder;
  IncomingBody body(folder.path, "");
  BOOST_REQUIRE_EQUAL(outcomeOf(body.moveToFile()), "done");
  auto followed = follow(body.path());
  BOOST_TEST(!isComplete(followed));
  BOOST_TEST(outcomeOf(body.finish()) == "done");
  BOOST_TEST(isComplete(followed));
}

BOOST_AUTO_TEST_CASE(who_has_begun_to_follow_reads_to_the_end_when_the_file_is_taken_over_or_unlinked) {
  const Folder folder;
  auto body = std::make_unique<IncomingBody>(folder.path, "r");
  BOOST_REQUIRE_EQUAL(outcomeOf(body->moveToFile()), "done");
  append(*body, "bytes");
  auto followed = follow(body->path());
  BOOST_REQUIRE_EQUAL(outcomeOf(body->finish()), "done");
  const std::string path = body->path();
  const FileDescriptor taken = body->takeFile();
  BOOST_TEST(static_cast<bool>(taken));
  body.reset();
  BOOST_TEST(std::filesystem::exists(path));
  std::filesystem::remove(path);
  BOOST_TEST(readOf(followed) == "bytes");
  BOOST_TEST(isComplete(followed));
}

BOOST_AUTO_TEST_CASE(where_there_is_no_folder_it_fails_and_stays_failed) {
  IncomingBody body("/nonexistent/folder", "record");
  append(body, "some");
  BOOST_TEST(outcomeOf(body.moveToFile()) != "done");
  BOOST_TEST(!body.isInFile());
  BOOST_TEST(body.memory().empty());
  BOOST_TEST(body.size() == 0u);
  // Else what is missing would be stored as whole.
  BOOST_TEST(outcomeOf(body.append(std::string_view{"more"})) != "done");
  BOOST_TEST(outcomeOf(body.finish()) != "done");
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_gives_the_file_up) {
  const Folder folder;
  const pid_t child = forked([&] {
    // What a write beyond the limit gives is a short write, and then an error, as where no room is left.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    IncomingBody body(folder.path, "record");
    const std::string block(40'000, 'b');
    const bool fits = static_cast<bool>(body.append(block)) && static_cast<bool>(body.append(block));
    if (!fits || !body.isInFile()) return 1;
    if (body.append(block) || body.isInFile() || body.size() != 0) return 2;
    return folder.files() == 0 ? 0 : 3;
  });
  BOOST_TEST(statusOf(child) == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_body_is_not_followed) {
  const Folder folder;
  const std::string path = folder.path + "/file";
  const auto refuses = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return outcomeOf(FollowedBody::open(path)) != "done";
  };
  const auto missing = FollowedBody::open(path);
  BOOST_REQUIRE_EQUAL(outcomeOf(missing), "done");
  BOOST_TEST(!missing->has_value());
  BOOST_TEST(outcomeOf(FollowedBody::open(folder.path)) != "done");
  BOOST_TEST(refuses(""));
  BOOST_TEST(refuses("proxybdy"));
  BOOST_TEST(refuses(std::string(100, 'x')));
  // A record that is longer than the file, and one that is longer than any.
  std::string head = std::string("proxybdy") + std::string("\1\0\0\0\1\0\0\0", 8);
  BOOST_TEST(!refuses(head + std::string("\4\0\0\0\0\0\0\0", 8) + std::string(8, '\0') + "four"));
  BOOST_TEST(refuses(head + std::string("\5\0\0\0\0\0\0\0", 8) + std::string(8, '\0') + "four"));
  BOOST_TEST(refuses(head + std::string(8, '\xff') + std::string(8, '\0') + "four"));
  BOOST_TEST(refuses("Proxybdy" + head.substr(8) + std::string(16, '\0')));
  std::filesystem::create_symlink(path, folder.path + "/link");
  std::ofstream(path, std::ios::binary) << head + std::string(16, '\0');
  BOOST_TEST(outcomeOf(FollowedBody::open(path)) == "done");
  BOOST_TEST(outcomeOf(FollowedBody::open(folder.path + "/link")) != "done");
}

BOOST_AUTO_TEST_CASE(a_body_that_is_shorter_than_what_was_read_is_an_error) {
  const Folder folder;
  IncomingBody body(folder.path, "");
  BOOST_REQUIRE_EQUAL(outcomeOf(body.moveToFile()), "done");
  append(body, "abc");
  auto followed = follow(body.path());
  BOOST_REQUIRE_EQUAL(outcomeOf(body.finish()), "done");
  BOOST_REQUIRE(::pwrite(body.descriptor(), "d", 1, static_cast<off_t>(body.bodyOffset() + 3)) == 1);
  BOOST_TEST(readOf(followed) == "abcd");
  BOOST_TEST(outcomeOf(followed.isComplete()) != "done");
}

BOOST_AUTO_TEST_CASE(what_the_dead_have_left_is_swept_away_and_nothing_else) {
  const Folder folder;
  IncomingBody living(folder.path, "");
  BOOST_REQUIRE_EQUAL(outcomeOf(living.moveToFile()), "done");
  const std::string others[] = {"data.mdb", "0123456789abcdef", "0123456789abcdef.0123456789abcdefg",
                                "0123456789abcdef.0123456789abcdeg"};
  for (const std::string& name : others) std::ofstream(folder.path + '/' + name) << "x";
  const pid_t child = forked([&] {
    auto* body = new IncomingBody(folder.path, "");
    return body->moveToFile() ? 0 : 1;
  });
  BOOST_TEST(statusOf(child) == 0);
  BOOST_TEST(folder.files() == 6u);
  sweepWorkFolder(folder.path);
  BOOST_TEST(folder.files() == 5u);
  BOOST_TEST(std::filesystem::exists(living.path()));
  for (const std::string& name : others) BOOST_TEST(std::filesystem::exists(folder.path + '/' + name));
  sweepWorkFolder("/nonexistent/folder");
}

BOOST_AUTO_TEST_CASE(who_follows_a_writer_at_work_sees_each_byte_once_and_in_order) {
  const Folder folder;
  constexpr std::size_t kBlocks = 2000;
  IncomingBody body(folder.path, "r");
  BOOST_REQUIRE_EQUAL(outcomeOf(body.moveToFile()), "done");
  auto followed = follow(body.path());
  std::string expected;
  for (std::size_t block = 0; block < kBlocks; ++block) expected += std::string(block % 97, static_cast<char>(block));
  std::thread writer([&] {
    std::size_t place = 0;
    for (std::size_t block = 0; block < kBlocks; place += block++ % 97)
      if (!body.append(std::string_view(expected).substr(place, block % 97))) return;
    [[maybe_unused]] const bool finished = static_cast<bool>(body.finish());
  });
  std::string got;
  bool whole = false;
  while (!whole) {
    got += readOf(followed, 1000);
    whole = isComplete(followed);
  }
  writer.join();
  BOOST_TEST((got == expected));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
