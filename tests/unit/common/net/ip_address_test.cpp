// Addresses and networks: what parses, what is refused, and what lies within what.
#include "common/net/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(ip_address)

namespace {

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
Network network(std::string_view text) {
  return Network::parse(text).value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_address_is_read_and_shown_in_its_one_normal_form) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"192.0.2.1", "192.0.2.1"},
      {"::", "::"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"::ffff:c000:201", "::ffff:192.0.2.1"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
  };
  for (const auto& [text, shown] : rows) BOOST_TEST_CONTEXT(text) {
      const auto parsed = IpAddress::parse(text);
      BOOST_REQUIRE(parsed.has_value());
      BOOST_TEST(parsed->toString() == shown);
      BOOST_TEST(parsed->isV4() == (text.find(':') == std::string_view::npos));
      BOOST_TEST(parsed->bits() == (parsed->isV4() ? 32u : 128u));
    }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_an_address_is_none) {
  const std::string_view rows[] = {
      "",           " 127.0.0.1",  "127.0.0.1 ",    "127.0.0.1\n", "127.1",       "127.0.1",     "2130706433",
      "0x7f.0.0.1", "0x7f000001",  "0177.0.0.1",    "127.0.0.01",  "127.0.0.256", "127.0.0.-1",  "127.0.0.+1",
      "127.0.0.1.", "127.0.0.1.1", ".127.0.0.1",    "127..0.1",    "1.2.3.4/8",   "[::1]",       "::1%lo",
      "::1%25lo",   "fe80::1%1",   ":::",           ":",           "::1::",       "1:2:3:4:5:6", "1:2:3:4:5:6:7:8:9",
      "12345::",    "::g",         "::1.2.3",       "::1.2.3.256", "::01.2.3.4",  "1.2.3.4::",   "::ffff:1.2.3.4.5",
      "localhost",  "::1 ",        "\xd9\xa1.2.3.4"};
  for (const std::string_view text : rows) BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(!IpAddress::parse(text).has_value());
    }
}

BOOST_AUTO_TEST_CASE(nothing_hides_behind_a_zero_byte) {
  BOOST_TEST(!IpAddress::parse(std::string_view("127.0.0.1\0.evil.test", 20)).has_value());
  BOOST_TEST(!IpAddress::parse(std::string_view("::1\0", 4)).has_value());
  BOOST_TEST(!IpAddress::parse(std::string_view("\0"
                                                "127.0.0.1",
                                                10))
                  .has_value());
  BOOST_TEST(!Network::parse(std::string_view("10.0.0.0\0/8", 11)).has_value());
}

BOOST_AUTO_TEST_CASE(a_view_ends_where_it_ends) {
  const std::string_view longer = "192.0.2.123";
  BOOST_TEST((IpAddress::parse(longer.substr(0, 9)) == address("192.0.2.1")));
}

BOOST_AUTO_TEST_CASE(what_the_kernel_gives_is_read) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
  BOOST_TEST((IpAddress::fromSocketAddress(reinterpret_cast<sockaddr&>(v4)) == address("192.0.2.1")));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, "::ffff:10.0.0.1", &v6.sin6_addr);
  BOOST_TEST((IpAddress::fromSocketAddress(reinterpret_cast<sockaddr&>(v6)) == address("::ffff:10.0.0.1")));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  BOOST_TEST(!IpAddress::fromSocketAddress(reinterpret_cast<sockaddr&>(local)).has_value());
}

BOOST_AUTO_TEST_CASE(a_v4_address_differs_from_the_v6_one_that_carries_it) {
  BOOST_TEST((address("192.0.2.1") != address("::ffff:192.0.2.1")));
  BOOST_TEST((address("192.0.2.1") != address("c000:201::")));
}

BOOST_AUTO_TEST_CASE(a_v4_address_is_found_inside_a_v6_one) {
  const IpAddress expected = address("192.0.2.1");
  BOOST_TEST((address("::ffff:192.0.2.1").embeddedV4(12, false) == expected));
  BOOST_TEST((address("64:ff9b::192.0.2.1").embeddedV4(12, false) == expected));
  BOOST_TEST((address("2002:c000:201::1").embeddedV4(2, false) == expected));
  BOOST_TEST((address("2001::3fff:fdfe").embeddedV4(12, true) == expected));
}

BOOST_AUTO_TEST_CASE(bits_count_from_the_most_significant_one) {
  const IpAddress some = address("128.0.0.1");
  BOOST_TEST(some.bit(0));
  BOOST_TEST(!some.bit(1));
  BOOST_TEST(some.bit(31));
  BOOST_TEST(address("8000::1").bit(127));
}

BOOST_AUTO_TEST_CASE(a_network_is_an_address_and_its_leading_bits) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},       {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.1", "192.0.2.1/32"},      {"::/0", "::/0"},
      {"2001:DB8::/32", "2001:db8::/32"}, {"::1", "::1/128"},
      {"10.0.0.128/25", "10.0.0.128/25"}};
  for (const auto& [text, shown] : rows) BOOST_TEST_CONTEXT(text) {
      const auto parsed = Network::parse(text);
      BOOST_REQUIRE(parsed.has_value());
      BOOST_TEST(parsed->toString() == shown);
    }
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_network_is_none) {
  const std::string_view rows[] = {"",
                                   "/",
                                   "/8",
                                   "10.0.0.0/",
                                   "10.0.0.0/33",
                                   "::/129",
                                   "10.0.0.0/-1",
                                   "10.0.0.0/+8",
                                   "10.0.0.0/ 8",
                                   "10.0.0.0 /8",
                                   "10.0.0.0/8 ",
                                   "10.0.0.0/8/8",
                                   "10.0.0.0/0x8",
                                   "10.0.0.0/4294967304",
                                   "10.0.0.0/18446744073709551624",
                                   "10.0.0.0/255.0.0.0",
                                   "10/8",
                                   "10.1.2.3/8",
                                   "10.0.0.1/31",
                                   "128.0.0.0/0",
                                   "2001:db8::1/32",
                                   "[::1]/128",
                                   "fe80::%lo/10",
                                   "example.com/8"};
  for (const std::string_view text : rows) BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(!Network::parse(text).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_network_contains_its_first_and_last_address_and_none_beside) {
  struct Row {
    std::string_view network;
    std::string_view address;
    bool contained;
  };
  const Row rows[] = {
      {"10.0.0.0/8", "10.0.0.0", true},
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"172.16.0.0/12", "172.31.255.255", true},
      {"172.16.0.0/12", "172.32.0.0", false},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.0", false},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::", false},
      {"::/0", "0.0.0.0", false},
      {"::/0", "ffff::", true},
      {"::ffff:0:0/96", "10.0.0.1", false},
      {"10.0.0.0/8", "::ffff:10.0.0.1", false},
      {"fe80::/10", "febf::1", true},
      {"fe80::/10", "fec0::", false},
      {"2001:db8::/127", "2001:db8::1", true},
      {"2001:db8::/127", "2001:db8::2", false},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.address << " in " << row.network) {
      BOOST_TEST(network(row.network).contains(address(row.address)) == row.contained);
    }
}

BOOST_AUTO_TEST_CASE(a_network_contains_the_networks_that_lie_wholly_within) {
  BOOST_TEST(network("10.0.0.0/8").contains(network("10.1.0.0/16")));
  BOOST_TEST(network("10.0.0.0/8").contains(network("10.0.0.0/8")));
  BOOST_TEST(!network("10.0.0.0/8").contains(network("10.0.0.0/7")));
  BOOST_TEST(!network("10.0.0.0/8").contains(network("11.0.0.0/16")));
  BOOST_TEST(!network("::/0").contains(network("10.0.0.0/8")));
}

BOOST_AUTO_TEST_CASE(the_leading_bits_are_kept_and_the_rest_is_zero) {
  BOOST_TEST(address("2001:db8:ffff:ffff:ffff::1").leading(64).toString() == "2001:db8:ffff:ffff::");
  BOOST_TEST(address("2001:db8:ffff::").leading(35).toString() == "2001:db8:e000::");
  BOOST_TEST(address("ffff::1").leading(128).toString() == "ffff::1");
  BOOST_TEST(address("ffff::1").leading(0).toString() == "::");
  BOOST_TEST(address("192.0.2.255").leading(25).toString() == "192.0.2.128");
}

// Or whoever has a /64 has 2^64 times what a limit allows.
BOOST_AUTO_TEST_CASE(a_subscriber_is_an_address_or_a_whole_network_of_ipv6) {
  BOOST_TEST(subscriberOf("192.0.2.1") == "192.0.2.1");
  BOOST_TEST(subscriberOf("192.0.2.1") != subscriberOf("192.0.2.2"));
  BOOST_TEST(subscriberOf("2001:db8:1:2::1") == "2001:db8:1:2::/64");
  BOOST_TEST(subscriberOf("2001:db8:1:2::1") == subscriberOf("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  BOOST_TEST(subscriberOf("2001:db8:1:2::1") != subscriberOf("2001:db8:1:3::1"));
  BOOST_TEST(subscriberOf("::1") == "::/64");
  BOOST_TEST(subscriberOf("::ffff:192.0.2.1") == "192.0.2.1");
  BOOST_TEST(subscriberOf("fe80::1%eth0") == "fe80::1%eth0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
