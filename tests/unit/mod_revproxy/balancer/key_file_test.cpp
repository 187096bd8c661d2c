// Key files: what is refused and why, and that several that make one at a time end with the same.
#include "mod_revproxy/balancer/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(key_file)

namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "keys.XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no directory for keys");
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string file(std::string_view name = "the.key") const { return (path_ / name).string(); }
  std::string write(std::string_view name, std::string_view bytes, mode_t mode = 0600) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    if (::chmod(file(name).c_str(), mode) != 0) throw std::runtime_error("no mode for a key");
    return file(name);
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

const std::string kKey = std::string(31, 'k') + '\n';

bool says(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

mode_t modeOf(const std::string& path) {
  struct stat attributes {};
  return ::stat(path.c_str(), &attributes) == 0 ? attributes.st_mode & 07777 : 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_key_is_all_of_the_files_bytes) {
  const Directory directory;
  for (const std::string& bytes : {kKey, std::string(32, '\0'), std::string(64 * 1024, 'x')}) {
    const auto key = readKeyFile(directory.write("a", bytes));
    BOOST_TEST_REQUIRE(static_cast<bool>(key));
    BOOST_TEST((*key == bytes));
  }
  BOOST_TEST(static_cast<bool>(readKeyFile(directory.write("b", kKey, 0640))));
  BOOST_TEST(static_cast<bool>(readKeyFile(directory.write("c", kKey, 0400))));
}

BOOST_AUTO_TEST_CASE(what_is_no_key_is_refused_with_what_to_do) {
  const Directory directory;
  struct Row {
    std::string path;
    std::string_view says;
  };
  const Row rows[] = {
      {directory.file("none"), "No such file"},
      {directory.file(""), "no regular file"},
      {directory.write("short", std::string(31, 'k')), "openssl rand 32"},
      {directory.write("empty", ""), "openssl rand 32"},
      {directory.write("long", std::string(64 * 1024 + 1, 'k')), "64 kB"},
      {directory.write("read", kKey, 0604), "chmod 600"},
      {directory.write("written", kKey, 0602), "chmod 600"},
      {directory.write("group", kKey, 0620), "chmod 600"},
  };
  for (const Row& row : rows) {
    const auto key = readKeyFile(row.path);
    BOOST_TEST_REQUIRE(!key, row.path);
    BOOST_TEST(says(key.error().detail, row.says), key.error().detail);
    BOOST_TEST(says(key.error().detail, row.path), key.error().detail);
  }
}

BOOST_AUTO_TEST_CASE(a_pipe_is_refused_at_once) {
  const Directory directory;
  BOOST_TEST_REQUIRE(::mkfifo(directory.file().c_str(), 0600) == 0);
  BOOST_TEST(!readKeyFile(directory.file()));
  BOOST_TEST((keepKeyFile(directory.file(), kKey).state == KeyFileState::kBad));
}

// Only root can give a file away.
BOOST_AUTO_TEST_CASE(the_file_of_another_user_is_refused,
                     *boost::unit_test::precondition([](auto) { return ::geteuid() == 0; })) {
  const Directory directory;
  const std::string path = directory.write("the.key", kKey);
  BOOST_TEST_REQUIRE(::chown(path.c_str(), 65534, 0) == 0);
  const auto key = readKeyFile(path);
  BOOST_TEST_REQUIRE(!key);
  BOOST_TEST(says(key.error().detail, "chown"), key.error().detail);
  BOOST_TEST((keepKeyFile(path, kKey).state == KeyFileState::kBad));
}

BOOST_AUTO_TEST_CASE(a_link_is_followed_where_it_is_configured_and_refused_where_we_keep_ours) {
  const Directory directory;
  std::filesystem::create_symlink(directory.write("real", kKey), directory.file());
  BOOST_TEST(static_cast<bool>(readKeyFile(directory.file())));
  BOOST_TEST(!readKeyFile(directory.file(), KeyFileLink::kRefused));
  const KeptKeyFile kept = keepKeyFile(directory.file(), makeKey());
  BOOST_TEST((kept.state == KeyFileState::kBad));
  BOOST_TEST(says(kept.problem, "symbolic link"), kept.problem);
  // Nor is anything made where a link leads nowhere.
  std::filesystem::remove(directory.file("real"));
  BOOST_TEST((keepKeyFile(directory.file(), makeKey()).state == KeyFileState::kBad));
  BOOST_TEST(!std::filesystem::exists(directory.file("real")));
}

BOOST_AUTO_TEST_CASE(a_kept_file_is_made_once_and_is_for_its_owner) {
  const Directory directory;
  const KeptKeyFile first = keepKeyFile(directory.file(), kKey);
  BOOST_TEST_REQUIRE((first.state == KeyFileState::kKept), first.problem);
  BOOST_TEST(first.key == kKey);
  BOOST_TEST(modeOf(directory.file()) == 0600u);
  const KeptKeyFile second = keepKeyFile(directory.file(), makeKey());
  BOOST_TEST((second.state == KeyFileState::kKept));
  BOOST_TEST(second.key == kKey);
  BOOST_TEST(directory.files() == 1u);
}

BOOST_AUTO_TEST_CASE(a_kept_file_that_is_bad_is_left_as_it_is) {
  const Directory directory;
  directory.write("the.key", "short");
  const KeptKeyFile kept = keepKeyFile(directory.file(), kKey);
  BOOST_TEST((kept.state == KeyFileState::kBad));
  BOOST_TEST(kept.key.empty());
  BOOST_TEST(std::filesystem::file_size(directory.file()) == 5u);
  BOOST_TEST(directory.files() == 1u);
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_written_that_is_said) {
  const Directory directory;
  const KeptKeyFile kept = keepKeyFile(directory.file("none/the.key"), kKey);
  BOOST_TEST((kept.state == KeyFileState::kCannotBeMade));
  BOOST_TEST(says(kept.problem, "cannot be written"), kept.problem);
  BOOST_TEST(kept.key.empty());
}

BOOST_AUTO_TEST_CASE(many_that_make_a_file_at_once_end_with_one_key) {
  constexpr int kRounds = 50;
  constexpr int kMakers = 8;
  const Directory directory;
  for (int round = 0; round < kRounds; ++round) {
    const std::string path = directory.file(std::to_string(round));
    std::vector<std::string> keys(kMakers);
    std::atomic<int> ready = 0;
    std::vector<std::thread> makers;
    for (std::string& key : keys)
      makers.emplace_back([&] {
        ++ready;
        while (ready < kMakers) std::this_thread::yield();
        key = keepKeyFile(path, makeKey()).key;
      });
    for (std::thread& maker : makers) maker.join();
    BOOST_TEST(std::set<std::string>(keys.begin(), keys.end()).size() == 1u);
    BOOST_TEST(keys.front().size() == kLeastKeySize);
  }
  BOOST_TEST(directory.files() == static_cast<std::size_t>(kRounds));
}

BOOST_AUTO_TEST_CASE(each_key_is_another) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.insert(makeKey());
  BOOST_TEST(keys.size() == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
