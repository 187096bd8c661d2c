// Connections through a parent proxy that a test scripts: what it is asked, what its refusals become, and what the
// guard still judges.
#include "common/net/parent_proxy.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <thread>

#include "common/net/connector.h"
#include "tests/support/dns_server.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/tls_server.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(parent_proxy, *boost::unit_test::timeout(60))

namespace {

constexpr milliseconds kLimit{20'000};
const AddressGuard kClosed = AddressGuard::closed();

// Takes one connection, keeps the head of what it is asked, and says `answer`; an empty one closes.
class ScriptedParent {
 public:
  explicit ScriptedParent(std::string answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}

  std::shared_ptr<const ParentProxy> value(std::string user = "", std::string password = "") const {
    return std::make_shared<ParentProxy>(
        ParentProxy{{"127.0.0.1", listener_.port()}, std::move(user), std::move(password)});
  }
  const std::string& asked() {
    if (thread_.joinable()) thread_.join();
    return asked_;
  }

 private:
  void serve() {
    const FileDescriptor accepted = listener_.accept();
    asked_ = receiveUntil(accepted.get(), "\r\n\r\n");
    sendAll(accepted.get(), answer_);
    if (answer_.ends_with("tunnel")) sendAll(accepted.get(), receive(accepted.get(), 5));
  }

  const Listener listener_;
  const std::string answer_;
  std::string asked_;
  std::jthread thread_;
};

ConnectPlan planThrough(std::shared_ptr<const ParentProxy> parent, std::string host, std::uint16_t port = 443) {
  ConnectPlan plan;
  plan.destination = {std::move(host), port};
  plan.guard = &kClosed;
  plan.limit = kLimit;
  plan.parent = std::move(parent);
  return plan;
}

// The error of a parent that answers so.
Error refusalOf(std::string answer, std::string user = "") {
  ScriptedParent parent(std::move(answer));
  const auto result = connectHere(planThrough(parent.value(std::move(user), "secret"), "origin.test"));
  BOOST_REQUIRE(!result);
  BOOST_TEST(result.error().detail.find("secret") == std::string::npos, result.error().detail);
  BOOST_TEST(result.error().detail.find("origin.test:443") != std::string::npos, result.error().detail);
  BOOST_TEST(result.error().detail.find("127.0.0.1:") != std::string::npos, result.error().detail);
  return result.error();
}

}  // namespace

// The destination's name is not looked up here: there is no such name.
BOOST_AUTO_TEST_CASE(a_tunnel_is_opened_and_nothing_of_it_is_lost) {
  ScriptedParent parent("HTTP/1.1 200 Connection established\r\n\r\nfirst bytes of the tunnel");
  auto connected = connectHere(planThrough(parent.value(), "no-such-host.invalid"));
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  BOOST_TEST(connected->report.address == parent.value()->destination.toString());
  BOOST_TEST(connected->connection->write(std::string_view("hello"), {}).bytes == 5u);
  const std::string expected = "first bytes of the tunnelhello";
  BOOST_TEST(receive(connected->connection->descriptor(), expected.size()) == expected);
  const std::string& asked = parent.asked();
  BOOST_TEST(asked.find("CONNECT no-such-host.invalid:443 HTTP/1.1\r\n") == 0u, asked);
  BOOST_TEST(asked.find("Host: no-such-host.invalid:443\r\n") != std::string::npos, asked);
  BOOST_TEST(asked.find("Authorization") == std::string::npos, asked);
}

BOOST_AUTO_TEST_CASE(credentials_go_to_the_parent) {
  ScriptedParent parent("HTTP/1.1 200 OK\r\n\r\n");
  BOOST_TEST(outcomeOf(connectHere(planThrough(parent.value("us er", "pass:word"), "origin.test", 80))) == "done");
  BOOST_TEST(parent.asked().find("CONNECT origin.test:80 ") == 0u, parent.asked());
  BOOST_TEST(parent.asked().find("Proxy-Authorization: Basic dXMgZXI6cGFzczp3b3Jk\r\n") != std::string::npos,
             parent.asked());
}

// Who goes past the parent goes past what it forbids.
BOOST_AUTO_TEST_CASE(exceptions_named_in_the_environment_are_ignored) {
  ::setenv("no_proxy", "*", 1);
  ScriptedParent parent("HTTP/1.1 200 OK\r\n\r\n");
  BOOST_TEST(outcomeOf(connectHere(planThrough(parent.value(), "origin.test"))) == "done");
  ::unsetenv("no_proxy");
  BOOST_TEST(parent.asked().find("CONNECT origin.test:443 ") == 0u, parent.asked());
}

BOOST_AUTO_TEST_CASE(what_a_parent_refuses_has_an_error_of_its_own) {
  const std::string nothing = "Content-Length: 0\r\nConnection: close\r\n\r\n";
  const Error wants =
      refusalOf("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n" + nothing);
  BOOST_TEST(wants.kind == ErrorKind::kParentRefused);
  BOOST_TEST(wants.detail.find("answers 407, it wants credentials") != std::string::npos, wants.detail);
  const Error rejects =
      refusalOf("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n" + nothing, "user");
  BOOST_TEST(rejects.detail.find("answers 407, it rejects the credentials") != std::string::npos, rejects.detail);
  const Error forbids = refusalOf("HTTP/1.1 403 Forbidden\r\n" + nothing);
  BOOST_TEST(forbids.kind == ErrorKind::kParentRefused);
  BOOST_TEST(forbids.detail.find("answers 403") != std::string::npos, forbids.detail);
  BOOST_TEST(refusalOf("").kind == ErrorKind::kParentRefused);
  BOOST_TEST(refusalOf("SSH-2.0-x\r\n\r\n").kind == ErrorKind::kParentRefused);
}

BOOST_AUTO_TEST_CASE(a_parent_that_is_not_there_is_refused_by_name) {
  const RefusingPort refusing;
  const auto parent = std::make_shared<ParentProxy>(ParentProxy{{"127.0.0.1", refusing.port()}, "", ""});
  const auto result = connectHere(planThrough(parent, "origin.test"));
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "refused");
  BOOST_TEST(result.error().detail.find("the parent proxy 127.0.0.1:") != std::string::npos, result.error().detail);
  BOOST_TEST(result.error().detail.find("origin.test:443") != std::string::npos, result.error().detail);
}

BOOST_AUTO_TEST_CASE(a_parent_that_never_answers_ends_with_the_limit) {
  const Listener silent;
  const auto parent = std::make_shared<ParentProxy>(ParentProxy{{"127.0.0.1", silent.port()}, "", ""});
  ConnectPlan plan = planThrough(parent, "origin.test");
  plan.limit = milliseconds{100};
  const auto result = connectHere(plan);
  BOOST_REQUIRE_EQUAL(outcomeOf(result), "connect-timeout");
  BOOST_TEST(result.error().detail.find("the parent proxy 127.0.0.1:") != std::string::npos, result.error().detail);
}

BOOST_AUTO_TEST_CASE(the_name_of_a_parent_is_looked_up) {
  ScriptedParent parent("HTTP/1.1 200 OK\r\n\r\n");
  const DnsServer server(DnsServer::Zone{{"parent.test", {"127.0.0.1"}}});
  ParentProxy named = *parent.value();
  named.destination.host = "parent.test";
  ConnectPlan plan = planThrough(std::make_shared<ParentProxy>(named), "origin.test");
  plan.nameServers = server.address();
  BOOST_TEST(outcomeOf(connectHere(plan)) == "done");
  BOOST_TEST(parent.asked().find("CONNECT origin.test:443 ") == 0u);
}

BOOST_AUTO_TEST_CASE(an_address_as_destination_is_judged_before_the_parent_hears_of_it) {
  const Listener trap;
  const auto parent = std::make_shared<ParentProxy>(ParentProxy{{"127.0.0.1", trap.port()}, "", ""});
  for (const char* host : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"})
    BOOST_TEST(outcomeOf(connectHere(planThrough(parent, host))) == "address-refused");
  // Not even what only the parent might take for an address.
  for (const char* host : {"127.1", "0x7f.1", "2130706433", "x@y", "a b", ""})
    BOOST_TEST(outcomeOf(connectHere(planThrough(parent, host))) == "unresolvable");
  BOOST_TEST(!trap.hasCaller());
}

BOOST_AUTO_TEST_CASE(no_tunnel_leaves_a_descriptor_behind) {
  const auto openOne = [](const std::string& answer) {
    ScriptedParent parent(answer);
    (void)connectHere(planThrough(parent.value("u", "p"), "origin.test"));
    (void)parent.asked();
  };
  openOne("HTTP/1.1 200 OK\r\n\r\n");
  const std::size_t before = countDescriptors();
  for (int count = 0; count < 20; ++count) {
    openOne("HTTP/1.1 200 OK\r\n\r\n");
    openOne("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
  }
  BOOST_TEST(countDescriptors() == before);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
