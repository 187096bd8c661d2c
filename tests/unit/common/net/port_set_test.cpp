// Sets of ports: what parses, and what is in them.
#include "common/net/port_set.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(port_set)

BOOST_AUTO_TEST_CASE(a_list_of_ports_and_ranges_is_read_and_shown_again) {
  for (const char* text : {"80", "80,443", "80,443,8000-8999", "1-65535", "443,80", "80,80"}) BOOST_TEST_CONTEXT(text) {
      const auto set = PortSet::parse(text);
      BOOST_REQUIRE(set.has_value());
      BOOST_TEST(set->toString() == text);
    }
  BOOST_TEST(PortSet::parse("80-80")->toString() == "80");
}

BOOST_AUTO_TEST_CASE(what_is_no_list_of_ports_is_refused) {
  const std::string_view rows[] = {"",           ",",       "80,",    ",80",  "80,,443", "0",         "65536",
                                   "0-80",       "80-",     "-80",    "-",    "90-80",   "80-90-100", "80 ",
                                   " 80",        "80, 443", "+80",    "0x50", "http",    "*",         "80-65536",
                                   "4294967376", "80;443",  "80/tcp", "1--2", "８０"};
  for (const std::string_view text : rows) BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(!PortSet::parse(text).has_value());
    }
  BOOST_TEST(!PortSet::parse(std::string_view("80\0", 3)).has_value());
}

BOOST_AUTO_TEST_CASE(a_set_contains_the_ends_of_its_ranges_and_nothing_beside) {
  const PortSet set = *PortSet::parse("80,8000-8999,65535");
  for (const std::uint16_t port : {80, 8000, 8500, 8999, 65535}) BOOST_TEST(set.contains(port), port);
  for (const std::uint16_t port : {0, 79, 81, 7999, 9000, 65534}) BOOST_TEST(!set.contains(port), port);
}

BOOST_AUTO_TEST_CASE(all_ports_are_those_from_1_on) {
  BOOST_TEST(PortSet::all().contains(1));
  BOOST_TEST(PortSet::all().contains(65535));
  BOOST_TEST(!PortSet::all().contains(0));
  BOOST_TEST(PortSet::all().toString() == "1-65535");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
