// SRV records out of messages: whole ones, and those that lie.
#include "common/net/service_records.h"

#include <boost/test/unit_test.hpp>
#include <string>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(service_records)

namespace {

std::string number16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string number32(unsigned value) {
  return number16(value >> 16) + number16(value & 0xffff);
}

const std::string kName("\4_app\4_tcp\4test\0", 16);
// Where the name of the question begins, and its last label.
const std::string kPointer("\xc0\x0c", 2);
const std::string kTestPointer("\xc0\x16", 2);

std::string message(const std::string& answers, unsigned count) {
  return number16(1) + number16(0x8180) + number16(1) + number16(count) + number32(0) + kName + number16(33) +
         number16(1) + answers;
}

std::string record(unsigned type, unsigned timeToLive, const std::string& data) {
  return kPointer + number16(type) + number16(1) + number32(timeToLive) + number16(static_cast<unsigned>(data.size())) +
         data;
}

std::string service(unsigned priority, unsigned weight, unsigned port, const std::string& target) {
  return number16(priority) + number16(weight) + number16(port) + target;
}

std::optional<ServiceRecords> read(const std::string& bytes) {
  // A memory of its own, so that AddressSanitizer sees a step beyond it.
  const std::vector<unsigned char> exact(bytes.begin(), bytes.end());
  return readServiceRecords(exact);
}

}  // namespace

BOOST_AUTO_TEST_CASE(records_are_read_with_the_shortest_time_to_live) {
  const auto found =
      read(message(record(33, 300, service(10, 60, 8080, "\1a" + kTestPointer)) + record(1, 5, "\x7f\1\1\1") +
                       record(33, 120, service(20, 0, 81, std::string("\1B\4TEST\0", 8))),
                   3));
  BOOST_REQUIRE(found);
  BOOST_REQUIRE_EQUAL(found->records.size(), 2u);
  BOOST_TEST((found->records[0] == ServiceRecord{"a.test", 8080, 10, 60}));
  BOOST_TEST((found->records[1] == ServiceRecord{"b.test", 81, 20, 0}));
  BOOST_TEST(found->lifetime.count() == 120);
}

BOOST_AUTO_TEST_CASE(an_alias_holds_no_longer_than_what_it_leads_to) {
  const auto found =
      read(message(record(5, 30, "\1x" + kTestPointer) + record(33, 300, service(1, 1, 80, "\1a" + kTestPointer)), 2));
  BOOST_REQUIRE(found);
  BOOST_TEST(found->lifetime.count() == 30);
}

BOOST_AUTO_TEST_CASE(a_service_that_is_not_offered_has_no_record) {
  for (const std::string& data : {service(0, 0, 0, std::string(1, '\0')), service(1, 1, 0, kPointer),
                                  service(1, 1, 80, "\3a b" + kTestPointer)}) {
    const auto found = read(message(record(33, 300, data), 1));
    BOOST_REQUIRE(found);
    BOOST_TEST(found->records.empty());
    BOOST_TEST(found->lifetime.count() == 0);
  }
}

BOOST_AUTO_TEST_CASE(no_more_than_so_many_are_taken) {
  std::string records;
  for (unsigned port = 1; port <= 100; ++port) records += record(33, 300, service(1, 1, port, "\1a" + kTestPointer));
  const auto found = read(message(records, 100));
  BOOST_REQUIRE(found);
  BOOST_TEST(found->records.size() == kMostServiceRecords);
}

BOOST_AUTO_TEST_CASE(a_message_cut_anywhere_is_none) {
  const std::string whole = message(record(33, 300, service(1, 1, 80, "\1a" + kTestPointer)), 1);
  BOOST_TEST(read(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) BOOST_TEST(!read(whole.substr(0, size)), size);
}

BOOST_AUTO_TEST_CASE(a_message_that_lies_is_none) {
  const std::string good = service(1, 1, 80, "\1a" + kTestPointer);
  std::string longer = record(33, 300, good);
  longer[11] = 40;  // its length
  std::string shorter = record(33, 300, good);
  shorter[11] = 4;
  std::string endless = "\1a";
  for (int count = 0; count < 130; ++count) endless += "\1a";
  const std::string rows[] = {
      message(record(33, 300, good), 2),  // more are announced than are there
      message(longer, 1),
      message(shorter, 1),
      message(record(33, 300, service(1, 1, 80, "\xc0\x32")), 1),                 // leads to itself
      message(record(33, 300, service(1, 1, 80, "\xff\xff")), 1),                 // leads out of it
      message(record(33, 300, service(1, 1, 80, std::string("\x41x\0", 3))), 1),  // is of no kind that there is
      message(record(33, 300, service(1, 1, 80, endless + kTestPointer)), 1),     // has more than 255 bytes
  };
  for (const std::string& bytes : rows) BOOST_TEST(!read(bytes), &bytes - rows);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
