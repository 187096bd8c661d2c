// Bodies of files that are asked for again and again.
#include "common/cache/mapped_bodies.h"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>

#include "common/base/file_descriptor.h"

using proxycommon::Clock;
using proxycommon::FileDescriptor;
using proxycommon::MappedBodies;

namespace {

constexpr std::uint64_t kStamp = 5;
const Clock::time_point kNow = Clock::now();

// Without a name, as one that was removed.
FileDescriptor fileOf(const std::string& bytes) {
  std::string path = "/tmp/proxy-mapped-XXXXXX";
  FileDescriptor file{::mkstemp(path.data())};
  BOOST_REQUIRE(file);
  ::unlink(path.c_str());
  BOOST_REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return file;
}

std::shared_ptr<const proxycommon::MappedFile> offerTwice(MappedBodies& bodies, std::uint64_t number,
                                                          const std::string& bytes) {
  const FileDescriptor file = fileOf(bytes);
  BOOST_TEST(!bodies.offer(number, file.get(), bytes.size(), kStamp, kNow));
  return bodies.offer(number, file.get(), bytes.size(), kStamp, kNow);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mapped_bodies)

BOOST_AUTO_TEST_CASE(what_is_asked_for_once_is_not_mapped) {
  MappedBodies bodies;
  const FileDescriptor file = fileOf("once");
  BOOST_TEST(!bodies.offer(1, file.get(), 4, kStamp, kNow));
  BOOST_TEST(!bodies.find(1, kNow));
}

BOOST_AUTO_TEST_CASE(what_is_asked_for_again_is) {
  MappedBodies bodies;
  const auto mapped = offerTwice(bodies, 1, "again");
  BOOST_REQUIRE(mapped);
  BOOST_TEST(mapped->bytes() == "again");
  BOOST_TEST(bodies.find(1, kNow) == mapped);
  BOOST_TEST(!bodies.find(2, kNow));
}

BOOST_AUTO_TEST_CASE(what_is_large_stays_a_file) {
  MappedBodies bodies;
  BOOST_TEST(!offerTwice(bodies, 1, std::string(MappedBodies::kMostEach + 1, 'x')));
  BOOST_TEST(offerTwice(bodies, 2, std::string(MappedBodies::kMostEach, 'x')));
  BOOST_TEST(!offerTwice(bodies, 3, ""));
}

// And who has one keeps it.
BOOST_AUTO_TEST_CASE(what_was_not_used_for_longest_goes_first) {
  MappedBodies bodies;
  const std::string bytes(MappedBodies::kMostEach, 'x');
  constexpr std::uint64_t kFit = MappedBodies::kMostInAll / MappedBodies::kMostEach;
  const auto first = offerTwice(bodies, 1, bytes);
  const auto second = offerTwice(bodies, 2, bytes);
  for (std::uint64_t number = 3; number <= kFit; ++number) BOOST_TEST(offerTwice(bodies, number, bytes));
  BOOST_TEST(bodies.find(1, kNow) == first);
  BOOST_TEST(offerTwice(bodies, kFit + 1, bytes));
  BOOST_TEST(bodies.find(1, kNow) == first);
  BOOST_TEST(!bodies.find(2, kNow));
  BOOST_TEST(second->bytes() == bytes);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_mapped_is_not) {
  MappedBodies bodies;
  BOOST_TEST(!bodies.offer(1, -1, 10, kStamp, kNow));
  BOOST_TEST(!bodies.offer(1, -1, 10, kStamp, kNow));
  BOOST_TEST(!bodies.find(1, kNow));
}

// Somebody may have written to it.
BOOST_AUTO_TEST_CASE(it_is_offered_again_after_a_while) {
  MappedBodies bodies;
  const auto mapped = offerTwice(bodies, 1, "again");
  const auto later = kNow + MappedBodies::kTrusted;
  BOOST_TEST(bodies.find(1, later) == mapped);
  BOOST_TEST(!bodies.find(1, later + proxycommon::milliseconds{1}));
  const FileDescriptor file = fileOf("other");
  BOOST_TEST(bodies.offer(1, file.get(), 5, kStamp, later) == mapped);
  BOOST_TEST(bodies.find(1, later + MappedBodies::kTrusted) == mapped);
  const auto other = bodies.offer(1, file.get(), 5, kStamp + 1, later);
  BOOST_REQUIRE(other);
  BOOST_TEST(other->bytes() == "other");
  BOOST_TEST(bodies.find(1, later) == other);
}

BOOST_AUTO_TEST_CASE(what_is_not_asked_for_any_more_goes) {
  MappedBodies bodies;
  const auto now = proxycommon::Clock::now();
  const FileDescriptor file = fileOf("idle");
  bodies.offer(1, file.get(), 4, 0, now);
  std::weak_ptr<const proxycommon::MappedFile> mapped = bodies.offer(1, file.get(), 4, 0, now);
  BOOST_TEST(!mapped.expired());
  bodies.offer(2, file.get(), 4, 0, now + MappedBodies::kIdle);
  BOOST_TEST(!mapped.expired());
  bodies.offer(2, file.get(), 4, 0, now + MappedBodies::kIdle + proxycommon::milliseconds{1});
  BOOST_TEST(mapped.expired());
}

BOOST_AUTO_TEST_SUITE_END()
