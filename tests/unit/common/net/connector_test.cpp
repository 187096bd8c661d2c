// From a destination to a connection, against real listeners: what is connected to, what never is, and that nothing is
// left open.
#include "common/net/connector.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <vector>

#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(connector, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLimit{10'000};

const AddressGuard kOpen = AddressGuard::open();
const AddressGuard kClosed = AddressGuard::closed();

// Environment variables for the length of a test.
class Environment {
 public:
  Environment(std::initializer_list<const char*> names, const std::string& value) : names_(names) {
    for (const char* name : names_) ::setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : names_) ::unsetenv(name);
  }

 private:
  std::vector<const char*> names_;
};

// A clear connection.
Result<Connected> reach(Destination destination, const AddressGuard& guard, milliseconds limit) {
  ConnectPlan plan;
  plan.destination = std::move(destination);
  plan.guard = &guard;
  plan.limit = limit;
  return connectHere(std::move(plan));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_destination_is_shown_as_in_a_url) {
  BOOST_TEST((Destination{"example.com", 80}.toString()) == "example.com:80");
  BOOST_TEST((Destination{"2001:db8::1", 443}.toString()) == "[2001:db8::1]:443");
}

BOOST_AUTO_TEST_CASE(a_connection_is_open_and_set_up) {
  const Listener listener;
  const auto connected = reach({"127.0.0.1", listener.port()}, kOpen, kLimit);
  BOOST_REQUIRE(static_cast<bool>(connected));
  const FileDescriptor accepted = listener.accept();
  BOOST_TEST(sendAll(accepted.get(), "x"));
  const int descriptor = connected->connection->descriptor();
  BOOST_TEST(receive(descriptor, 1) == "x");
  BOOST_TEST((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
  int noDelay = 0;
  socklen_t size = sizeof noDelay;
  ::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &noDelay, &size);
  BOOST_TEST(noDelay == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_on_a_new_connection) {
  const Listener listener;
  const FileDescriptor accepted = [&] {
    const auto connected = reach({"127.0.0.1", listener.port()}, kOpen, kLimit);
    return listener.accept();
  }();
  BOOST_TEST(receiveUntilEnd(accepted.get()) == "");
}

BOOST_AUTO_TEST_CASE(a_name_is_resolved) {
  const Listener listener;
  BOOST_TEST(outcomeOf(reach({"localhost", listener.port()}, kOpen, kLimit)) == "done");
}

BOOST_AUTO_TEST_CASE(a_port_where_nobody_listens_is_refused) {
  const RefusingPort refusing;
  const auto result = reach({"127.0.0.1", refusing.port()}, kOpen, kLimit);
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().kind == ErrorKind::kRefused);
  BOOST_TEST(result.error().seen == Seen::kNothing);
  BOOST_TEST(result.error().detail.find("127.0.0.1:" + std::to_string(refusing.port())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_that_swallows_connections_times_out) {
  const Listener listener(0);
  std::vector<Connected> filling;
  for (int count = 0; count < 8; ++count) {
    auto connected = reach({"127.0.0.1", listener.port()}, kOpen, milliseconds{100});
    if (connected) {
      filling.push_back(std::move(*connected));
      continue;
    }
    BOOST_TEST(connected.error().kind == ErrorKind::kConnectTimeout);
    return;
  }
  BOOST_ERROR("a full backlog took every connection");
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_exist_is_unresolvable) {
  BOOST_TEST(outcomeOf(reach({"no-such-host.invalid", 80}, kOpen, milliseconds{5000})) == "unresolvable");
}

// Every way of writing 127.0.0.1 that some resolver understands.
BOOST_AUTO_TEST_CASE(an_address_that_the_guard_refuses_is_never_dialled) {
  const Listener listener;
  for (const char* host :
       {"127.0.0.1", "localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0",
        "0.0.0.0", "::ffff:127.0.0.1", "::ffff:7f00:1", "::1", "::", "LOCALHOST", "127.0.0.1."})
    BOOST_TEST_CONTEXT(host) {
      const auto result = reach({host, listener.port()}, kClosed, milliseconds{5000});
      BOOST_REQUIRE(!result);
      // Some resolvers do not know the odd ones at all.
      BOOST_TEST((outcomeOf(result) == "address-refused" || outcomeOf(result) == "unresolvable"), outcomeOf(result));
      BOOST_TEST(!listener.hasCaller());
    }
}

BOOST_AUTO_TEST_CASE(the_error_of_a_refused_address_says_why) {
  const auto result = reach({"127.0.0.1", 80}, kClosed, kLimit);
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().kind == ErrorKind::kAddressRefused);
  BOOST_TEST(result.error().detail.find("127.0.0.1 is in 127.0.0.0/8 (loopback") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_guard_judges_the_port_too) {
  const Listener listener;
  const Listener other;
  AddressGuard guard = AddressGuard::closed();
  guard.allow(Network::parse("127.0.0.0/8").value(), PortSet::parse(std::to_string(listener.port())).value());
  BOOST_TEST(outcomeOf(reach({"127.0.0.1", listener.port()}, guard, kLimit)) == "done");
  BOOST_TEST(outcomeOf(reach({"127.0.0.1", other.port()}, guard, kLimit)) == "address-refused");
  BOOST_TEST(!other.hasCaller());
}

// A name that ends in a number is an address to some, and to each another one. It is asked of nobody.
BOOST_AUTO_TEST_CASE(an_odd_way_of_writing_an_address_is_no_host) {
  const Listener trap;
  for (const char* host : {"127.1",      "127.0.1",      "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1",
                           "0177.0.0.1", "017700000001", "0",          "0x",         "00.0.0.0",   "127.0.0.1.",
                           "127.0.0.01", "127.0.0.0x1",  "1.2.3.4.5",  "256.1.1.1",  "example.1",  "example.0xF",
                           "example.1.", "1::2::3",      "a:b",        ":",          "1."})
    BOOST_TEST_CONTEXT(host) {
      const auto result = reach({host, trap.port()}, kOpen, kLimit);
      BOOST_REQUIRE_EQUAL(outcomeOf(result), "unresolvable");
      // Not what a name server says of it.
      const std::string& why = result.error().detail;
      BOOST_TEST(why.find("neither a host name nor an address") != std::string::npos, why);
    }
  BOOST_TEST(!trap.hasCaller());
}

// What curl's URL parser would read as user, path, query, escape, zone or line end.
BOOST_AUTO_TEST_CASE(a_host_that_is_no_host_is_unresolvable_and_never_dialled) {
  using namespace std::string_literals;
  const Listener trap;
  const std::string port = std::to_string(trap.port());
  const std::string rows[] = {"",
                              "x@127.0.0.1",
                              "127.0.0.1@x",
                              "x:y@127.0.0.1",
                              "127.0.0.1%20",
                              "127.0.0.%31",
                              "%31%32%37.0.0.1",
                              "127.0.0.1/",
                              "127.0.0.1/x",
                              "127.0.0.1?",
                              "127.0.0.1#",
                              "127.0.0.1\\",
                              " 127.0.0.1",
                              "127.0.0.1 ",
                              "127.0.0.1\t",
                              "127.0.0.1\r\n",
                              "127.0.0.1\0"s,
                              "127.0.0.1\0.example.com"s,
                              "[127.0.0.1]",
                              "[::1]",
                              "::1]",
                              "::1%lo",
                              "::1%25lo",
                              "127.0.0.1;",
                              "127.0.0.1,127.0.0.1",
                              "{127.0.0.1}",
                              "127.0.0.[1-2]",
                              "127.0.0.1\x80",
                              "127。0。0。1",
                              "①27.0.0.1",
                              "127.0.0.1:" + port,
                              ":",
                              "127.0.0.1:" + port + "@x",
                              "127.0.0.1:" + port + "/"};
  for (const std::string& host : rows) BOOST_TEST_CONTEXT("\"" << host << "\"") {
      BOOST_TEST(outcomeOf(reach({host, trap.port()}, kOpen, milliseconds{5000})) == "unresolvable");
      BOOST_TEST(!trap.hasCaller());
    }
}

BOOST_AUTO_TEST_CASE(proxies_named_in_the_environment_are_ignored) {
  const Listener trap;
  const Listener listener;
  const Environment environment({"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
                                "http://127.0.0.1:" + std::to_string(trap.port()));
  BOOST_TEST(outcomeOf(reach({"127.0.0.1", listener.port()}, kOpen, kLimit)) == "done");
  BOOST_TEST(listener.hasCaller());
  BOOST_TEST(outcomeOf(reach({"localhost", listener.port()}, kOpen, kLimit)) == "done");
  BOOST_TEST(outcomeOf(reach({"no-such-host.invalid", 80}, kOpen, milliseconds{5000})) == "unresolvable");
  BOOST_TEST(!trap.hasCaller());
}

BOOST_AUTO_TEST_CASE(no_dial_leaves_a_descriptor_behind) {
  const Listener listener;
  const RefusingPort refusing;
  const auto dialAll = [&] {
    (void)reach({"127.0.0.1", refusing.port()}, kOpen, kLimit);
    (void)reach({"127.0.0.1", listener.port()}, kClosed, kLimit);
    (void)reach({"x@127.0.0.1", listener.port()}, kOpen, kLimit);
    (void)reach({"127.0.0.1", listener.port()}, kOpen, kLimit);
    (void)listener.accept();
  };
  dialAll();  // what curl and OpenSSL keep for good
  const std::size_t before = countDescriptors();
  for (int count = 0; count < 100; ++count) dialAll();
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
