// What a client has not taken yet: in order, in memory, in a file that has it anyway, and in both.
#include "common/base/held_body.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(held_body)

namespace {

constexpr std::string_view kBefore = "a record";

// A body on its way into a store, as it comes.
class BodyFile {
 public:
  BodyFile() {
    std::string name = "/tmp/held-body-XXXXXX";
    file_ = FileDescriptor{::mkstemp(name.data())};
    ::unlink(name.c_str());
    write(kBefore);
  }

  int descriptor() const { return file_.get(); }
  void write(std::string_view bytes) {
    BOOST_REQUIRE(::write(file_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }

 private:
  FileDescriptor file_;
};

std::string bytesOf(std::size_t count) {
  std::minstd_rand random(7);
  std::string bytes(count, ' ');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

std::string take(HeldBody& held, std::size_t most) {
  std::string bytes(most, ' ');
  const auto got = held.read(bytes);
  BOOST_REQUIRE_EQUAL(outcomeOf(got), "done");
  bytes.resize(*got);
  return bytes;
}

std::string takeAll(HeldBody& held) {
  std::string bytes;
  while (!held.isEmpty()) bytes += take(held, 1'000);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_file_it_is_a_spool) {
  HeldBody held;
  BOOST_TEST(held.isEmpty());
  BOOST_TEST(take(held, 10).empty());
  const std::string body = bytesOf(200'000);
  BOOST_REQUIRE_EQUAL(outcomeOf(held.append(body, 0)), "done");
  BOOST_TEST(held.size() == body.size());
  BOOST_TEST((takeAll(held) == body));
}

// The client has taken some of what was before the file was told of, some of what was behind, and the rest at last.
BOOST_AUTO_TEST_CASE(what_is_in_the_file_comes_from_there_and_in_order) {
  const std::string body = bytesOf(100'000);
  const std::string_view view = body;
  for (const std::size_t taken : {0u, 500u, 4'000u}) BOOST_TEST_CONTEXT(taken) {
      BodyFile file;
      HeldBody held;
      // The first thousand the client has had already.
      file.write(view.substr(0, 5'000));
      BOOST_REQUIRE_EQUAL(outcomeOf(held.append(view.substr(1'000, 4'000), 1'000)), "done");
      std::string got = take(held, taken);
      held.useFile(file.descriptor(), kBefore.size(), 5'000);
      BOOST_TEST(held.isInFile());
      BOOST_TEST(held.size() == 4'000 - taken);
      file.write(view.substr(5'000, 50'000));
      BOOST_REQUIRE_EQUAL(outcomeOf(held.append(view.substr(5'000, 50'000), 5'000)), "done");
      got += take(held, 2'000);
      held.leaveFile();
      BOOST_REQUIRE_EQUAL(outcomeOf(held.append(view.substr(55'000), 55'000)), "done");
      BOOST_TEST(held.size() == body.size() - 1'000 - got.size());
      got += takeAll(held);
      BOOST_TEST((got == view.substr(1'000)));
    }
}

// The client keeps up for a while: what it has had is not held.
BOOST_AUTO_TEST_CASE(what_went_by_is_left_out) {
  const std::string body = bytesOf(10'000);
  const std::string_view view = body;
  BodyFile file;
  file.write(body);
  HeldBody held;
  held.useFile(file.descriptor(), kBefore.size(), 0);
  BOOST_REQUIRE_EQUAL(outcomeOf(held.append(view.substr(0, 2'000), 0)), "done");
  BOOST_TEST((takeAll(held) == view.substr(0, 2'000)));
  BOOST_REQUIRE_EQUAL(outcomeOf(held.append(view.substr(7'000), 7'000)), "done");
  BOOST_TEST((takeAll(held) == view.substr(7'000)));
}

BOOST_AUTO_TEST_CASE(a_file_that_has_lost_its_bytes_is_told_of) {
  BodyFile file;
  HeldBody held;
  held.useFile(file.descriptor(), kBefore.size(), 0);
  BOOST_REQUIRE_EQUAL(outcomeOf(held.append(std::string_view{"gone"}, 0)), "done");
  std::string bytes(4, ' ');
  BOOST_TEST(!held.read(bytes));
}

BOOST_AUTO_TEST_CASE(its_descriptor_is_its_own_and_goes_with_it) {
  const std::size_t before = countDescriptors();
  {
    HeldBody held;
    {
      BodyFile file;
      file.write("still there");
      held.useFile(file.descriptor(), kBefore.size(), 0);
      BOOST_REQUIRE_EQUAL(outcomeOf(held.append(std::string_view{"still there"}, 0)), "done");
    }
    BOOST_TEST(takeAll(held) == "still there");
    held.useFile(-1, 0, 11);
    BOOST_TEST(held.isInFile());
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
