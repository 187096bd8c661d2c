// Addresses in shared memory: places that stay, readers that see one version, and writers that die.
#include "mod_revproxy/balancer/resolved_member.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <new>
#include <string>
#include <thread>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(resolved_member, *boost::unit_test::timeout(60))

namespace {

constexpr std::uint16_t kPort = 80;

NamedAddress at(const std::string& address, std::uint16_t port = kPort, std::uint32_t weight = 100) {
  return {*proxycommon::IpAddress::parse(address), port, weight, 0};
}

std::vector<NamedAddress> addresses(std::initializer_list<const char*> texts) {
  std::vector<NamedAddress> list;
  for (const char* text : texts) list.push_back(at(text));
  return list;
}

std::vector<NamedAddress> manyAddresses(int first, int count) {
  std::vector<NamedAddress> list;
  for (int number = first; number < first + count; ++number) list.push_back(at("192.0.2." + std::to_string(number)));
  return list;
}

// "0=192.0.2.1:80 1=…"
std::string shown(const ResolvedMember& member) {
  const auto reading = member.read();
  if (!reading) return "unreadable";
  std::string text;
  for (const auto& [place, one] : reading->addresses)
    text += (text.empty() ? "" : " ") + std::to_string(place) + "=" + one.address.toString() + ":" +
            std::to_string(one.port);
  return text;
}

// In memory that a child process shares.
ResolvedMember& sharedMember() {
  void* memory = ::mmap(nullptr, sizeof(ResolvedMember), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  BOOST_REQUIRE(memory != MAP_FAILED);
  return *new (memory) ResolvedMember();
}

const auto kNoReset = [](std::size_t) {};

}  // namespace

BOOST_AUTO_TEST_CASE(at_first_nothing_is_known) {
  const ResolvedMember member{};
  BOOST_TEST(member.version() == 0u);
  BOOST_TEST(shown(member) == "");
}

BOOST_AUTO_TEST_CASE(what_stays_keeps_its_place_and_what_comes_is_reset) {
  ResolvedMember member{};
  std::string reset;
  const auto noteReset = [&reset](std::size_t place) { reset += std::to_string(place) + " "; };
  const auto publish = [&](const std::vector<NamedAddress>& wanted) {
    reset.clear();
    const auto change = member.publish(wanted, noteReset);
    return std::to_string(change.added.size()) + " came, " + std::to_string(change.removed.size()) + " went";
  };
  BOOST_TEST(publish(addresses({"192.0.2.1", "192.0.2.2", "2001:db8::1"})) == "3 came, 0 went");
  BOOST_TEST(shown(member) == "0=192.0.2.1:80 1=192.0.2.2:80 2=2001:db8::1:80");
  BOOST_TEST(reset == "0 1 2 ");
  // In another order, one gone and one come: not at the place that has just become free.
  BOOST_TEST(publish(addresses({"2001:db8::1", "192.0.2.9", "192.0.2.1"})) == "1 came, 1 went");
  BOOST_TEST(shown(member) == "0=192.0.2.1:80 2=2001:db8::1:80 3=192.0.2.9:80");
  BOOST_TEST(reset == "3 ");
  // Another port is another place.
  BOOST_TEST(publish({at("192.0.2.1", 81)}) == "1 came, 3 went");
  BOOST_TEST(shown(member) == "1=192.0.2.1:81");
}

BOOST_AUTO_TEST_CASE(the_version_changes_with_what_is_known_alone) {
  ResolvedMember member{};
  member.publish(addresses({"192.0.2.1", "192.0.2.2"}), kNoReset);
  const auto version = member.version();
  BOOST_TEST(version > 0u);
  member.publish(addresses({"192.0.2.2", "192.0.2.1"}), kNoReset);
  BOOST_TEST(member.version() == version);
  const auto change = member.publish({at("192.0.2.1", kPort, 250), at("192.0.2.2")}, kNoReset);
  BOOST_TEST(change.added.empty());
  BOOST_TEST(member.version() > version);
  BOOST_TEST(member.read()->addresses.front().at.weight == 250u);
}

BOOST_AUTO_TEST_CASE(twins_count_once) {
  ResolvedMember member{};
  member.publish({at("192.0.2.1", 80, 50), at("192.0.2.1", 80, 70), at("192.0.2.1", 81)}, kNoReset);
  BOOST_TEST(shown(member) == "0=192.0.2.1:80 1=192.0.2.1:81");
  BOOST_TEST(member.read()->addresses.front().at.weight == 50u);
}

BOOST_AUTO_TEST_CASE(beyond_the_places_they_are_left_out_but_none_that_has_one) {
  ResolvedMember member{};
  member.publish(manyAddresses(1, 30), kNoReset);
  auto wanted = manyAddresses(100, 10);
  const auto known = manyAddresses(1, 30);
  wanted.insert(wanted.end(), known.begin(), known.end());
  BOOST_TEST(member.publish(wanted, kNoReset).added.size() == 2u);
  BOOST_TEST(member.read()->addresses.size() == ResolvedMember::kPlaces);
  BOOST_TEST(member.publish(manyAddresses(50, 40), kNoReset).added.size() == ResolvedMember::kPlaces);
}

BOOST_AUTO_TEST_CASE(who_reads_while_another_writes_sees_one_version) {
  ResolvedMember member{};
  member.publish(manyAddresses(1, 32), kNoReset);
  std::atomic<bool> over = false;
  std::atomic<int> mixed = 0;
  std::atomic<int> whole = 0;
  {
    std::vector<std::jthread> readers;
    for (int count = 0; count < 2; ++count)
      readers.emplace_back([&] {
        while (!over) {
          const auto reading = member.read();
          if (!reading) continue;
          // Each version is of one weight alone.
          for (const auto& one : reading->addresses) mixed += one.at.weight != reading->addresses.front().at.weight;
          ++whole;
        }
      });
    for (std::uint32_t weight = 1; weight < 20'000 || whole < 100; ++weight) {
      auto wanted = manyAddresses(1, 32);
      for (NamedAddress& one : wanted) one.weight = weight;
      member.publish(wanted, kNoReset);
    }
    over = true;
  }
  BOOST_TEST(mixed == 0);
}

// Killed within: readers neither wait nor see it, and the next writer goes on.
BOOST_AUTO_TEST_CASE(a_writer_that_is_killed_holds_nobody_up) {
  ResolvedMember& member = sharedMember();
  member.publish(addresses({"192.0.2.1", "192.0.2.2"}), kNoReset);
  const auto version = member.version();
  const pid_t writer = ::fork();
  if (writer == 0) {
    member.publish(addresses({"192.0.2.1", "192.0.2.3"}), [](std::size_t) { ::raise(SIGKILL); });
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(writer, &status, 0) == writer);
  BOOST_REQUIRE(WIFSIGNALED(status));
  BOOST_TEST(member.version() == version);
  BOOST_TEST(shown(member) == "unreadable");
  const auto change = member.publish(addresses({"192.0.2.1", "192.0.2.3"}), kNoReset);
  BOOST_TEST(change.added.size() == 1u);
  BOOST_TEST(member.version() > version);
  BOOST_TEST(shown(member) == "0=192.0.2.1:80 2=192.0.2.3:80");
  // Also where nothing else is to be changed.
  const pid_t second = ::fork();
  if (second == 0) {
    member.publish(addresses({"192.0.2.1", "192.0.2.4"}), [](std::size_t) { ::raise(SIGKILL); });
    ::_exit(0);
  }
  BOOST_REQUIRE(::waitpid(second, &status, 0) == second);
  member.publish(addresses({"192.0.2.1", "192.0.2.3"}), kNoReset);
  BOOST_TEST(shown(member) == "0=192.0.2.1:80 2=192.0.2.3:80");
  ::munmap(&member, sizeof member);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
