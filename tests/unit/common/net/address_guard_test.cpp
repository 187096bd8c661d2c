// The guard over addresses: everything that is not the public Internet is closed, to its first and last address, and
// what opens it opens no more than it names.
#include "common/net/address_guard.h"

#include <boost/test/unit_test.hpp>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(address_guard)

namespace {

std::string refusal(const AddressGuard& guard, std::string_view address, std::uint16_t port = 443) {
  return guard.refusal(IpAddress::parse(address).value(), port);
}

bool passes(const AddressGuard& guard, std::string_view address, std::uint16_t port = 443) {
  return refusal(guard, address, port).empty();
}

AddressGuard opened(std::initializer_list<const char*> networks, const char* ports = "1-65535") {
  AddressGuard guard = AddressGuard::closed();
  for (const char* network : networks) guard.allow(Network::parse(network).value(), PortSet::parse(ports).value());
  return guard;
}

struct SpecialRow {
  const char* network;
  const char* first;
  const char* last;
  // The nearest addresses outside, where these are public.
  const char* before;
  const char* after;
};

constexpr SpecialRow kSpecialRows[] = {
    {"0.0.0.0/8", "0.0.0.0", "0.255.255.255", nullptr, "1.0.0.0"},
    {"10.0.0.0/8", "10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
    {"100.64.0.0/10", "100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
    {"127.0.0.0/8", "127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
    {"169.254.0.0/16", "169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
    {"172.16.0.0/12", "172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
    {"192.0.0.0/24", "192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"},
    {"192.0.2.0/24", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
    {"192.88.99.0/24", "192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
    {"192.168.0.0/16", "192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
    {"198.18.0.0/15", "198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
    {"198.51.100.0/24", "198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
    {"203.0.113.0/24", "203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
    {"224.0.0.0/4", "224.0.0.0", "239.255.255.255", "223.255.255.255", nullptr},
    {"240.0.0.0/4", "240.0.0.0", "255.255.255.255", nullptr, nullptr},
    {"::/128", "::", "::", nullptr, nullptr},
    {"::1/128", "::1", "::1", nullptr, nullptr},
    {"::/96", "::2", "::255.255.255.255", nullptr, nullptr},
    {"::ffff:0.0.0.0/96", "::ffff:0.0.0.0", "::ffff:255.255.255.255", nullptr, nullptr},
    {"64:ff9b::/96", "64:ff9b::", "64:ff9b::ffff:ffff", nullptr, nullptr},
    {"64:ff9b:1::/48", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"100::/64", "100::", "100::ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"2001::/32", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
    {"2001::/23", "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "2001:200::"},
    {"2001:db8::/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
     "2001:db9::"},
    {"2002::/16", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "2003::"},
    {"3fff::/20", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "3fff:1000::"},
    {"5f00::/16", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"fc00::/7", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"fe80::/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"fec0::/10", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
    {"ff00::/8", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, nullptr},
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_special_network_is_closed_from_its_first_to_its_last_address) {
  const AddressGuard guard = AddressGuard::closed();
  for (const SpecialRow& row : kSpecialRows) BOOST_TEST_CONTEXT(row.network) {
      const std::string reason = std::string{" is in "} + row.network + " (";
      BOOST_TEST(refusal(guard, row.first).find(reason) != std::string::npos, refusal(guard, row.first));
      BOOST_TEST(refusal(guard, row.last).find(reason) != std::string::npos, refusal(guard, row.last));
      if (row.before) BOOST_TEST(refusal(guard, row.before).empty(), row.before);
      if (row.after) BOOST_TEST(refusal(guard, row.after).empty(), row.after);
    }
}

BOOST_AUTO_TEST_CASE(opening_a_special_network_opens_all_of_it_where_no_v4_address_is_inside) {
  for (const SpecialRow& row : kSpecialRows) {
    const std::string_view network = row.network;
    if (network.ends_with("/96") || network.starts_with("64:") || network.starts_with("200")) continue;
    BOOST_TEST_CONTEXT(network) {
      BOOST_TEST(passes(opened({row.network}), row.first));
      BOOST_TEST(passes(opened({row.network}), row.last));
    }
  }
}

// IANA has given out 2000::/3 alone; SIIT (RFC 7915) carries IPv4 in ::ffff:0:0:0/96, which is in no registry of its
// own.
BOOST_AUTO_TEST_CASE(what_lies_outside_global_unicast_is_not_the_public_internet) {
  const AddressGuard guard = AddressGuard::closed();
  for (const char* address : {"::ffff:0:10.0.0.1", "::ffff:0:127.0.0.1", "::1:0:0", "64:ff9b:0:0:1::", "64:ff9b:2::",
                              "200::1", "1fff:ffff::1", "4000::1", "6000::1", "8000::1", "a000::1", "c000::1",
                              "e000::1", "f000::1", "f800::1", "fbff:ffff::1", "fe00::1"})
    BOOST_TEST(!passes(guard, address), address);
}

BOOST_AUTO_TEST_CASE(the_public_internet_is_open) {
  for (const char* address : {"1.1.1.1", "8.8.8.8", "93.184.216.34", "2000::1", "2606:4700::1111", "2a00:1450::1"})
    BOOST_TEST(passes(AddressGuard::closed(), address), address);
}

BOOST_AUTO_TEST_CASE(an_open_guard_lets_everything_through) {
  for (const SpecialRow& row : kSpecialRows) BOOST_TEST(passes(AddressGuard::open(), row.first), row.first);
}

BOOST_AUTO_TEST_CASE(an_opened_network_is_open_on_its_ports_alone) {
  const AddressGuard guard = opened({"10.1.0.0/16", "fd00:1::/32"}, "443,8000-8001");
  struct Row {
    const char* address;
    std::uint16_t port;
    bool passes;
  };
  const Row rows[] = {
      {"10.1.0.0", 443, true},      {"10.1.255.255", 8001, true},
      {"10.1.0.0", 80, false},      {"10.1.0.0", 8002, false},
      {"10.0.255.255", 443, false}, {"10.2.0.0", 443, false},
      {"fd00:1::1", 8000, true},    {"fd00:1::1", 7999, false},
      {"fd00:2::1", 443, false},    {"127.0.0.1", 443, false},
      {"8.8.8.8", 25, true},        {"::ffff:10.1.0.0", 443, false},
      {"::10.1.0.0", 443, false},   {"64:ff9b::10.1.0.0", 443, false},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.address << " port " << row.port) {
      BOOST_TEST(passes(guard, row.address, row.port) == row.passes);
    }
}

BOOST_AUTO_TEST_CASE(a_guard_says_which_addresses_its_openings_name) {
  const AddressGuard guard = opened({"203.0.113.0/24", "8.8.8.0/24"}, "443");
  const auto opens = [](const AddressGuard& judge, std::string_view address, std::uint16_t port) {
    return judge.opens(IpAddress::parse(address).value(), port);
  };
  BOOST_TEST(opens(guard, "203.0.113.1", 443));
  BOOST_TEST(opens(guard, "8.8.8.8", 443));
  BOOST_TEST(!opens(guard, "8.8.8.8", 80));
  BOOST_TEST(!opens(guard, "8.8.9.0", 443));
  BOOST_TEST(!opens(AddressGuard::closed(), "8.8.8.8", 443));
  BOOST_TEST(opens(AddressGuard::open(), "127.0.0.1", 80));
}

BOOST_AUTO_TEST_CASE(two_openings_of_one_network_open_the_ports_of_both) {
  AddressGuard guard = opened({"10.0.0.0/8"}, "80");
  guard.allow(Network::parse("10.0.0.0/16").value(), PortSet::parse("443").value());
  BOOST_TEST(passes(guard, "10.0.0.1", 80));
  BOOST_TEST(passes(guard, "10.0.0.1", 443));
  BOOST_TEST(!passes(guard, "10.1.0.1", 443));
}

BOOST_AUTO_TEST_CASE(forms_that_carry_a_v4_address_are_closed_even_around_a_public_one) {
  for (const char* address : {"::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"})
    BOOST_TEST(!passes(AddressGuard::closed(), address), address);
}

BOOST_AUTO_TEST_CASE(opening_an_outer_form_does_not_open_the_private_address_inside) {
  struct Row {
    const char* outer;
    const char* publicInside;
    const char* privateInside;
    const char* loopbackInside;
  };
  const Row rows[] = {
      {"::ffff:0.0.0.0/96", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "::ffff:127.0.0.1"},
      {"::/96", "::8.8.8.8", "::10.0.0.1", "::127.0.0.1"},
      {"64:ff9b::/96", "64:ff9b::8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.outer) {
      const AddressGuard guard = opened({row.outer});
      BOOST_TEST(passes(guard, row.publicInside));
      BOOST_TEST(!passes(guard, row.loopbackInside));
      BOOST_TEST(refusal(guard, row.privateInside) == "10.0.0.1 is in 10.0.0.0/8 (private, RFC 1918)");
      const AddressGuard both = opened({row.outer, "10.0.0.0/8"});
      BOOST_TEST(passes(both, row.privateInside));
      BOOST_TEST(!passes(both, row.loopbackInside));
    }
}

BOOST_AUTO_TEST_CASE(the_port_must_be_open_for_the_outer_form_and_for_the_address_inside) {
  AddressGuard guard = opened({"64:ff9b::/96"}, "80,443");
  guard.allow(Network::parse("10.0.0.0/8").value(), PortSet::parse("443,22").value());
  BOOST_TEST(passes(guard, "64:ff9b::10.0.0.1", 443));
  BOOST_TEST(!passes(guard, "64:ff9b::10.0.0.1", 80));
  BOOST_TEST(!passes(guard, "64:ff9b::10.0.0.1", 22));
}

// 6to4 has the address in bits 16 to 47 (RFC 3056), Teredo its client's inverted in the last 32 (RFC 4380), and a local
// NAT64 prefix of 96 bits in the last 32 (RFC 8215, RFC 6052).
BOOST_AUTO_TEST_CASE(what_6to4_teredo_and_local_nat64_carry_must_pass_too) {
  BOOST_TEST(!passes(opened({"2002::/16"}), "2002:a00:1::1"));
  BOOST_TEST(passes(opened({"2002::/16"}), "2002:808:808::1"));
  BOOST_TEST(!passes(opened({"2001::/32"}), "2001:0:808:808:0:ffff:f5ff:fffe"));
  BOOST_TEST(!passes(opened({"64:ff9b:1::/96"}), "64:ff9b:1::10.0.0.1"));
  BOOST_TEST(passes(opened({"64:ff9b:1::/96"}), "64:ff9b:1::8.8.8.8"));
}

BOOST_AUTO_TEST_CASE(a_network_is_special_when_all_of_it_is) {
  for (const SpecialRow& row : kSpecialRows)
    BOOST_TEST(AddressGuard::isSpecial(Network::parse(row.network).value()), row.network);
  for (const char* text : {"10.1.2.0/24", "127.0.0.1", "fd12::/16", "::ffff:10.0.0.0/104"})
    BOOST_TEST(AddressGuard::isSpecial(Network::parse(text).value()), text);
  for (const char* text :
       {"0.0.0.0/0", "10.0.0.0/7", "192.168.0.0/15", "8.8.8.0/24", "::/0", "::/2", "2000::/3", "2001::/16"})
    BOOST_TEST(!AddressGuard::isSpecial(Network::parse(text).value()), text);
}

BOOST_AUTO_TEST_CASE(guards_that_judge_differently_have_different_fingerprints) {
  const AddressGuard guards[] = {AddressGuard::open(),         AddressGuard::closed(),
                                 opened({"10.0.0.0/8"}),       opened({"10.0.0.0/8"}, "80"),
                                 opened({"10.0.0.0/9"}, "80"), opened({"10.0.0.0/8", "fd00::/8"}, "80")};
  for (const AddressGuard& left : guards)
    for (const AddressGuard& right : guards)
      BOOST_TEST((left.fingerprint() == right.fingerprint()) == (&left == &right));
  BOOST_TEST(opened({"10.0.0.0/8"}).fingerprint() == guards[2].fingerprint());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
