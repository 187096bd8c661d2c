// FwdProxyAllow: what may be written, what it opens, and what it says about the rest.
#include "mod_fwdproxy/access/allow_list.h"

#include <boost/test/unit_test.hpp>

#include "common/http/url.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace fwdproxy;
using proxycommon::AddressGuard;

BOOST_AUTO_TEST_SUITE(allow_list)

namespace {

AllowList listOf(std::initializer_list<std::string_view> entries) {
  AllowList list;
  for (const std::string_view entry : entries) BOOST_TEST(outcomeOf(list.add(entry)) == "done", entry);
  return list;
}

// The verdict on a destination as a client writes it.
Verdict judged(const AllowList& list, std::string_view authority) {
  const auto parsed = proxycommon::parseAuthority(authority);
  BOOST_REQUIRE_EQUAL(outcomeOf(parsed), "done");
  return list.judge(parsed->host, parsed->port.value_or(80));
}

bool passes(const AddressGuard& guard, std::string_view address, std::uint16_t port) {
  return guard.refusal(proxycommon::IpAddress::parse(address).value(), port).empty();
}

}  // namespace

BOOST_AUTO_TEST_CASE(hosts_suffixes_addresses_and_networks_may_be_written) {
  for (const std::string_view entry :
       {"example.com", "EXAMPLE.com.", "localhost", "a_b.c-d", "*", "*:1-65535", "*.example.com",
        "*.example.com:443,8000-8999", "192.0.2.1", "10.0.0.0/8", "10.0.0.0/8:22", "0.0.0.0/0", "[::1]",
        "[2001:db8::1]:443", "[2001:db8::]/32", "[2001:db8::]/32:443", "[::]/0:80", "xn--bcher-kva.example:80"}) {
    AllowList list;
    BOOST_TEST(outcomeOf(list.add(entry)) == "done", entry);
    BOOST_TEST(!list.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_may_not_be_written_is_refused_with_what_to_write_instead) {
  struct Row {
    std::string_view entry;
    std::string_view message;
  };
  const Row rows[] = {
      {"", "is no host: write a name"},
      {":80", "is no host: write a name"},
      {"http://example.com", "is a URL"},
      {"https://example.com:443/", "is a URL"},
      {"example.com:", "are no ports"},
      {"example.com:0", "are no ports"},
      {"example.com:65536", "are no ports"},
      {"example.com:http", "are no ports"},
      {"example.com:*", "are no ports"},
      {"example.com:90-80", "are no ports"},
      {"example.com:80,", "are no ports"},
      {"example.com:80:443", "IPv6 addresses in brackets"},
      {"::1", "IPv6 addresses in brackets"},
      {"2001:db8::/32", "IPv6 addresses in brackets"},
      {"[::1", "no closing bracket"},
      {"[example.com]", "brackets are for IPv6 addresses alone"},
      {"[192.0.2.1]:80", "brackets are for IPv6 addresses alone"},
      {"[]", "brackets are for IPv6 addresses alone"},
      {"[::1]x", "behind the bracket only"},
      {"[::1]443", "behind the bracket only"},
      {"[::1]:", "are no ports"},
      {"[::1]:80:90", "are no ports"},
      {"[::1]/", "no address and no network"},
      {"[::1]/129", "no address and no network"},
      {"[::1%lo]", "no address and no network"},
      {"[:]", "no address and no network"},
      {"[2001:db8::1]/32", "no bits behind the prefix"},
      {"10.1.2.3/8", "no bits behind the prefix"},
      {"10.0.0.0/33", "no address and no network"},
      {"10.0.0.0/", "no address and no network"},
      {"10.0.0.256", "no address and no network"},
      {"10.1", "no address and no network"},
      {"2130706433", "no address and no network"},
      {"0177.0.0.1", "no address and no network"},
      {"1.2.3.4.5", "no address and no network"},
      {"0x7f000001", "all four parts"},
      {"example.com/24", "no address and no network"},
      {"example.com/path", "no address and no network"},
      {"*/8", "no address and no network"},
      {"*example.com", "is no host: write a name"},
      {"ex*mple.com", "is no host: write a name"},
      {"example.*", "is no host: write a name"},
      {"**", "is no host: write a name"},
      {"*.", "is no host"},
      {"*.*.com", "is no host"},
      {"*.10", "is no address"},
      {"user@example.com", "is no host"},
      {"exa mple.com", "is no host"},
      {"example.com ", "is no host"},
      {"bücher.example", "is no host"},
      {"example.com?x", "is no host"},
      {"[::1]]", "behind the bracket only"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT("\"" << row.entry << "\"") {
      AllowList list;
      const Outcome added = list.add(row.entry);
      BOOST_REQUIRE(!added);
      BOOST_TEST(added.error().detail.find(row.message) != std::string::npos, added.error().detail);
      BOOST_TEST(list.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_destination_is_open_when_an_entry_names_its_host_and_port) {
  const AllowList list = listOf({"example.com", "*.wild.test:443", "10.0.0.0/8:8080", "192.0.2.1",
                                 "[2001:db8::]/32:443,8443", "ports.test:1000-2000", "ports.test:22"});
  struct Row {
    std::string_view authority;
    std::string_view entry;  // empty: not open
  };
  const Row rows[] = {
      {"example.com", "example.com"},
      {"example.com:443", "example.com"},
      {"EXAMPLE.Com.:80", "example.com"},
      {"example.com:8080", ""},
      {"a.example.com", ""},
      {"xexample.com", ""},
      {"example.com.evil.test", ""},
      {"a.wild.test:443", "*.wild.test:443"},
      {"A.B.wild.TEST.:443", "*.wild.test:443"},
      {"a.wild.test:80", ""},
      {"wild.test:443", ""},
      {"xwild.test:443", ""},
      {"a.wild.test.evil.test:443", ""},
      {"10.255.0.1:8080", "10.0.0.0/8:8080"},
      {"10.255.0.1.:8080", "10.0.0.0/8:8080"},
      {"10.255.0.1", ""},
      {"11.0.0.0:8080", ""},
      {"[::ffff:10.0.0.1]:8080", ""},
      {"[64:ff9b::10.0.0.1]:8080", ""},
      {"192.0.2.1", "192.0.2.1"},
      {"192.0.2.1:443", "192.0.2.1"},
      {"192.0.2.2", ""},
      {"192.0.2.1.example", ""},
      {"[2001:DB8:0:0::1]:443", "[2001:db8::]/32:443,8443"},
      {"[2001:db8::1]:8443", "[2001:db8::]/32:443,8443"},
      {"[2001:db8::1]:80", ""},
      {"[2001:db9::1]:443", ""},
      {"ports.test:1000", "ports.test:1000-2000"},
      {"ports.test:2000", "ports.test:1000-2000"},
      {"ports.test:2001", ""},
      {"ports.test:22", "ports.test:22"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.authority) {
      const Verdict verdict = judged(list, row.authority);
      BOOST_TEST(verdict.allowed == !row.entry.empty());
      if (verdict.allowed) BOOST_TEST(verdict.reason == row.entry);
    }
}

BOOST_AUTO_TEST_CASE(a_star_opens_every_name_and_no_address) {
  const AllowList list = listOf({"*"});
  for (const std::string_view authority : {"example.com", "localhost", "a.b.c:443"})
    BOOST_TEST(judged(list, authority).allowed, authority);
  for (const std::string_view authority :
       {"8.8.8.8", "127.0.0.1", "[::1]", "[2606:4700::1111]:443", "[::ffff:8.8.8.8]", "8.8.8.8.", "example.com:8080"})
    BOOST_TEST(!judged(list, authority).allowed, authority);
}

// A name that a resolver reads as an address would be an address that a star opens.
BOOST_AUTO_TEST_CASE(no_name_that_stands_for_an_address_gets_as_far_as_the_list) {
  for (const std::string_view authority : {"127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"})
    BOOST_TEST(outcomeOf(proxycommon::parseAuthority(authority)) == "bad-authority", authority);
}

BOOST_AUTO_TEST_CASE(the_reason_says_why_a_destination_is_not_open) {
  const AllowList list = listOf({"example.com:8000-8999"});
  BOOST_TEST(judged(list, "example.com").reason ==
             "example.com port 80 is not open: FwdProxyAllow opens ports 8000-8999 there");
  BOOST_TEST(judged(list, "other.test:443").reason == "other.test port 443 is not open: no FwdProxyAllow names it");
  BOOST_TEST(AllowList{}.judge("example.com", 80).reason == "no destination is open, for there is no FwdProxyAllow");
  BOOST_TEST(!AllowList{}.judge("example.com", 80).allowed);
}

BOOST_AUTO_TEST_CASE(an_entry_that_names_a_special_network_opens_it_in_the_guard_on_its_ports) {
  AddressGuard guard = AddressGuard::closed();
  listOf({"10.1.0.0/16:8080", "127.0.0.1:9000", "[fd00:1::]/32", "192.168.1.1"}).open(guard);
  BOOST_TEST(passes(guard, "10.1.2.3", 8080));
  BOOST_TEST(!passes(guard, "10.1.2.3", 80));
  BOOST_TEST(!passes(guard, "10.2.0.0", 8080));
  BOOST_TEST(passes(guard, "127.0.0.1", 9000));
  BOOST_TEST(!passes(guard, "127.0.0.2", 9000));
  BOOST_TEST(passes(guard, "fd00:1::1", 443));
  BOOST_TEST(!passes(guard, "fd00:2::1", 443));
  BOOST_TEST(passes(guard, "192.168.1.1", 80));
}

BOOST_AUTO_TEST_CASE(names_and_networks_that_are_not_special_as_a_whole_open_nothing_in_the_guard) {
  AddressGuard guard = AddressGuard::closed();
  listOf({"*", "*.example.com", "localhost", "8.8.8.8", "0.0.0.0/0", "[::]/0", "10.0.0.0/7", "192.168.0.0/15"})
      .open(guard);
  BOOST_TEST(guard.fingerprint() == AddressGuard::closed().fingerprint());
  for (const std::string_view address : {"127.0.0.1", "10.0.0.1", "192.168.0.1", "::1", "fd00::1"})
    BOOST_TEST(!passes(guard, address, 80), address);
}

BOOST_AUTO_TEST_CASE(a_copy_judges_alike) {
  AllowList list = listOf({"example.com"});
  const AllowList copy = list;
  BOOST_TEST(outcomeOf(list.add("other.test")) == "done");
  BOOST_TEST(judged(copy, "example.com").allowed);
  BOOST_TEST(!judged(copy, "other.test").allowed);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
