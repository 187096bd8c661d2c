// The names that a loop looks up: what is asked, how often, and what serves where nobody answers.
#include "common/net/name_lookup.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/dns_server.h"
#include "tests/unit/support/loop.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(name_lookup, *boost::unit_test::timeout(60))

namespace {

// One question is one for each family of addresses.
constexpr int kOnce = 2;

const DnsServer::Zone kZone{{"here.test", {"192.0.2.1"}}, {"there.test", {"192.0.2.2"}}};

class Asking {
 public:
  Asking(const DnsServer& server, NameCache* cache) : servers_(server.address()), cache_(cache) {}

  std::shared_ptr<PendingAddresses> begin(const std::string& host) {
    const auto answer = std::make_shared<PendingAddresses>();
    names_.resolve({host, servers_, cache_}, answer);
    return answer;
  }
  Result<FoundAddresses> finish(PendingAddresses& answer) { return awaitTold(context_, answer); }
  // The first address, or the kind of the error.
  std::string ask(const std::string& host) { return shown(finish(*begin(host))); }
  static std::string shown(const Result<FoundAddresses>& found) {
    return found ? found->addresses.front().toString() : std::string{outcomeOf(found)};
  }

  // As if that had been answered so long ago that it holds no more.
  void remember(const std::string& host, const char* address) {
    cache_->keep(NameCache::keyOf(servers_, host), {Addresses{*IpAddress::parse(address)}, 1s}, Clock::now() - 10s);
  }

 private:
  const std::string servers_;
  NameCache* const cache_;
  boost::asio::io_context context_;
  NameLookup names_{context_};
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_thousand_at_once_ask_once) {
  DnsServer server(kZone);
  NameCache cache;
  Asking asking(server, &cache);
  std::vector<std::shared_ptr<PendingAddresses>> answers;
  for (int count = 0; count < 1000; ++count)
    answers.push_back(asking.begin(count % 2 == 0 ? "here.test" : "HERE.test"));
  for (const auto& answer : answers) BOOST_REQUIRE_EQUAL(Asking::shown(asking.finish(*answer)), "192.0.2.1");
  BOOST_TEST(server.questions() == kOnce);
}

BOOST_AUTO_TEST_CASE(what_is_known_is_not_asked_by_any_loop) {
  DnsServer server(kZone);
  NameCache cache;
  Asking one(server, &cache);
  Asking other(server, &cache);
  BOOST_TEST(one.ask("here.test") == "192.0.2.1");
  server.tell("here.test", {"192.0.2.9"});
  for (int count = 0; count < 10; ++count) BOOST_TEST(other.ask("here.test") == "192.0.2.1");
  BOOST_TEST(server.questions() == kOnce);
  BOOST_TEST(other.ask("there.test") == "192.0.2.2");
  BOOST_TEST(server.questions() == 2 * kOnce);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_gone_is_not_asked_again_at_once) {
  DnsServer server(kZone);
  NameCache cache;
  Asking asking(server, &cache);
  BOOST_TEST(asking.ask("gone.test") == "unresolvable");
  const int asked = server.questions();
  BOOST_TEST(asking.ask("gone.test") == "unresolvable");
  BOOST_TEST(server.questions() == asked);
}

BOOST_AUTO_TEST_CASE(without_a_cache_each_is_asked) {
  DnsServer server(kZone);
  Asking asking(server, nullptr);
  BOOST_TEST(asking.ask("here.test") == "192.0.2.1");
  BOOST_TEST(asking.ask("here.test") == "192.0.2.1");
  BOOST_TEST(server.questions() == 2 * kOnce);
}

BOOST_AUTO_TEST_CASE(an_address_is_its_own_answer_at_once) {
  DnsServer server(kZone);
  NameCache cache;
  Asking asking(server, &cache);
  for (const char* address : {"127.0.0.1", "2001:db8::1"}) {
    const auto answer = asking.begin(address);
    BOOST_REQUIRE(answer->told().await_ready());
    BOOST_TEST(Asking::shown(asking.finish(*answer)) == address);
  }
  BOOST_TEST(server.questions() == 0);
  BOOST_TEST(cache.size() == 0u);
}

BOOST_AUTO_TEST_CASE(the_last_addresses_serve_on_when_the_servers_fail) {
  DnsServer server(kZone, DnsServer::Manner::kFails);
  NameCache cache;
  Asking asking(server, &cache);
  asking.remember("here.test", "192.0.2.7");
  const auto found = asking.finish(*asking.begin("here.test"));
  BOOST_TEST(Asking::shown(found) == "192.0.2.7");
  BOOST_TEST(found->note.find("\"here.test\"") != std::string::npos);
  const int asked = server.questions();
  BOOST_TEST(asked > 0);
  // Nobody is asked, and nothing is said, until it is time to look again.
  const auto again = asking.finish(*asking.begin("here.test"));
  BOOST_TEST(Asking::shown(again) == "192.0.2.7");
  BOOST_TEST(again->note == "");
  BOOST_TEST(server.questions() == asked);
  BOOST_TEST(asking.ask("there.test") == "unresolvable");
}

BOOST_AUTO_TEST_CASE(the_last_addresses_serve_on_when_the_servers_let_us_wait) {
  DnsServer silent({}, DnsServer::Manner::kSilent);
  NameCache cache;
  Asking asking(silent, &cache);
  asking.remember("here.test", "192.0.2.7");
  const auto first = asking.begin("here.test");
  BOOST_TEST(!first->told().await_ready());
  const auto found = asking.finish(*first);
  BOOST_TEST(Asking::shown(found) == "192.0.2.7");
  BOOST_TEST(found->note.find("\"here.test\"") != std::string::npos);
  const auto second = asking.begin("here.test");
  BOOST_TEST(second->told().await_ready());
}

// While c-ares still waits for the servers, nobody waits for them a second time.
BOOST_AUTO_TEST_CASE(who_asks_servers_that_are_late_already_is_answered_at_once) {
  DnsServer silent({}, DnsServer::Manner::kSilent);
  NameCache cache;
  Asking asking(silent, &cache);
  asking.remember("here.test", "192.0.2.7");
  (void)asking.ask("here.test");
  // Its last answer is due again, and may still serve on.
  asking.remember("here.test", "192.0.2.7");
  BOOST_TEST(asking.begin("here.test")->told().await_ready());
}

BOOST_AUTO_TEST_CASE(a_name_without_an_answer_of_old_waits_for_the_servers) {
  DnsServer silent({}, DnsServer::Manner::kSilent);
  NameCache cache;
  Asking asking(silent, &cache);
  BOOST_TEST(!asking.begin("here.test")->told().await_ready());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
