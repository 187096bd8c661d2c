// Names that are asked for again and again, of a name server that does what a test says.
#include "mod_revproxy/health/name_watch.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <mutex>
#include <thread>

#include "tests/support/dns_server.h"
#include "tests/unit/support/answering_server.h"
#include "tests/unit/support/open_tunnel.h"

namespace proxytest {

using namespace proxycommon;
using namespace revproxy;

BOOST_AUTO_TEST_SUITE(name_watch, *boost::unit_test::timeout(120))

namespace {

std::string shownAddress(const NamedAddress& one) {
  return Destination{one.address.toString(), one.port}.toString();
}

// What is published, and what is told.
class Book {
 public:
  WatchedName watched(const DnsServer& server, NameQuestion question) {
    WatchedName name;
    name.question = std::move(question);
    name.nameServers = server.address();
    name.floor = milliseconds{10};
    name.ceiling = milliseconds{60'000};
    name.member = "http://app.test";
    name.balancer = "app";
    name.publish = [this](const std::vector<NamedAddress>& wanted) { return publish(wanted); };
    return name;
  }
  NameWatchSeams seams(std::function<bool()> isLeader = [] { return true; }) {
    return {std::move(isLeader), [this](const NameNews& news) {
              const std::lock_guard lock(mutex_);
              lines_.push_back(describe(news));
            }};
  }

  // "192.0.2.1:80 w100 p0, …", sorted.
  std::string addresses() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> texts;
    for (const NamedAddress& one : addresses_)
      texts.push_back(shownAddress(one) + " w" + std::to_string(one.weight) + " p" + std::to_string(one.priority));
    std::sort(texts.begin(), texts.end());
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + text;
    return list;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool becomes(const std::string& expected) const {
    return eventually([&] { return addresses() == expected; });
  }
  int published() const {
    const std::lock_guard lock(mutex_);
    return published_;
  }

 private:
  static std::vector<NamedAddress> without(std::vector<NamedAddress> from, const std::vector<NamedAddress>& those) {
    std::erase_if(from, [&](const NamedAddress& one) {
      return std::any_of(those.begin(), those.end(), [&](const auto& other) { return one.isSamePlace(other); });
    });
    return from;
  }
  AddressChange publish(const std::vector<NamedAddress>& wanted) {
    const std::lock_guard lock(mutex_);
    ++published_;
    AddressChange change{without(wanted, addresses_), without(addresses_, wanted)};
    addresses_ = wanted;
    return change;
  }

  mutable std::mutex mutex_;
  std::vector<NamedAddress> addresses_;
  std::vector<std::string> lines_;
  int published_ = 0;
};

const std::string kAbout = "member http://app.test of balancer app: app.test ";

}  // namespace

BOOST_AUTO_TEST_CASE(addresses_come_and_go_with_a_line_each) {
  const auto reactor = startReactor(2);
  DnsServer server(DnsServer::Zone{{"app.test", {"192.0.2.1"}}});
  server.setTimeToLive(0);
  Book book;
  const NameWatch watch(reactor->loops(), book.seams(), {book.watched(server, {"app.test", 80})});
  BOOST_TEST(book.becomes("192.0.2.1:80 w100 p0"));
  server.tell("app.test", {"192.0.2.1", "2001:db8::1"});
  BOOST_TEST(book.becomes("192.0.2.1:80 w100 p0, [2001:db8::1]:80 w100 p0"));
  server.tell("app.test", {"192.0.2.9", "2001:db8::1"});
  BOOST_TEST(book.becomes("192.0.2.9:80 w100 p0, [2001:db8::1]:80 w100 p0"));
  BOOST_TEST(eventually([&] { return book.lines().size() >= 3; }));
  const std::vector<std::string> expected = {kAbout + "has 192.0.2.1:80 now", kAbout + "has [2001:db8::1]:80 now",
                                             kAbout + "has 192.0.2.9:80 now, and 192.0.2.1:80 no longer"};
  BOOST_TEST(book.lines() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nobody_is_asked_before_the_time_to_live_is_over) {
  const auto reactor = startReactor(1);
  DnsServer server({{"app.test", {"192.0.2.1"}}, {"other.test", {"192.0.2.2"}}});
  server.setTimeToLive(3600);
  Book book;
  Book floored;
  Book capped;
  WatchedName low = floored.watched(server, {"other.test", 80});
  low.ceiling = milliseconds{10};
  WatchedName high = capped.watched(server, {"app.test", 80});
  high.floor = high.ceiling;
  const NameWatch watch(reactor->loops(), book.seams(), {book.watched(server, {"app.test", 80}), low, high});
  // The ceiling has one asked for many times, while the others hold.
  BOOST_TEST(eventually([&] { return floored.published() > 5; }));
  BOOST_TEST(book.published() == 1);
  BOOST_TEST(capped.published() == 1);
}

BOOST_AUTO_TEST_CASE(the_last_good_answer_survives_failing_servers_and_a_name_that_is_gone) {
  const auto reactor = startReactor(1);
  DnsServer server(DnsServer::Zone{{"app.test", {"192.0.2.1"}}});
  server.setTimeToLive(0);
  Book book;
  const NameWatch watch(reactor->loops(), book.seams(), {book.watched(server, {"app.test", 80})});
  BOOST_TEST(book.becomes("192.0.2.1:80 w100 p0"));
  server.become(DnsServer::Manner::kFails);
  BOOST_TEST(eventually([&] { return book.lines().size() >= 2; }));
  const int asked = server.questions();
  BOOST_TEST(eventually([&] { return server.questions() > asked + 4; }));
  BOOST_TEST(book.addresses() == "192.0.2.1:80 w100 p0");
  server.become(DnsServer::Manner::kAnswers);
  BOOST_TEST(eventually([&] { return book.lines().size() >= 3; }));
  server.tell("app.test", {});
  BOOST_TEST(eventually([&] { return book.lines().size() >= 4; }));
  BOOST_TEST(book.addresses() == "192.0.2.1:80 w100 p0");
  const auto lines = book.lines();
  BOOST_REQUIRE_EQUAL(lines.size(), 4u);
  BOOST_TEST(lines[1].starts_with(kAbout + "cannot be resolved, its last addresses serve on (unresolvable: "),
             lines[1]);
  BOOST_TEST(lines[2] == kAbout + "can be resolved again");
  BOOST_TEST(lines[3].starts_with(kAbout + "cannot be resolved"), lines[3]);
}

BOOST_AUTO_TEST_CASE(a_service_gives_ports_weights_and_priorities) {
  const auto reactor = startReactor(1);
  DnsServer server({{"a.test", {"192.0.2.1", "192.0.2.2"}}, {"b.test", {"192.0.2.3"}}, {"c.test", {"192.0.2.4"}}});
  server.tellServices(
      "_http._tcp.app.test",
      {{10, 60, 8080, "a.test"}, {10, 30, 8081, "b.test"}, {20, 0, 80, "c.test"}, {30, 1, 1, "no.test"}});
  server.setTimeToLive(0);
  Book book;
  const NameWatch watch(reactor->loops(), book.seams(), {book.watched(server, {"_http._tcp.app.test", 0, true})});
  BOOST_TEST(
      book.becomes("192.0.2.1:8080 w100 p10, 192.0.2.2:8080 w100 p10, 192.0.2.3:8081 w100 p10, "
                   "192.0.2.4:80 w100 p20"));
  server.tellServices("_http._tcp.app.test", {{10, 3, 8080, "b.test"}, {10, 1, 80, "c.test"}});
  BOOST_TEST(book.becomes("192.0.2.3:8080 w150 p10, 192.0.2.4:80 w50 p10"));
}

BOOST_AUTO_TEST_CASE(only_who_leads_asks) {
  const auto reactor = startReactor(1);
  DnsServer server(DnsServer::Zone{{"app.test", {"192.0.2.1"}}});
  Book book;
  std::atomic<bool> leads = false;
  std::atomic<int> asked = 0;
  const NameWatch watch(reactor->loops(), book.seams([&] { return ++asked, leads.load(); }),
                        {book.watched(server, {"app.test", 80})});
  BOOST_TEST(eventually([&] { return asked >= 2; }));
  BOOST_TEST(server.questions() == 0);
  leads = true;
  BOOST_TEST(book.becomes("192.0.2.1:80 w100 p0"));
}

BOOST_AUTO_TEST_CASE(nothing_happens_after_its_end) {
  const auto reactor = startReactor(2);
  DnsServer server(DnsServer::Zone{{"app.test", {"192.0.2.1"}}});
  server.setTimeToLive(0);
  const DnsServer silent({}, DnsServer::Manner::kSilent);
  for (int round = 0; round < 20; ++round) {
    Book book;
    Book waiting;
    NameWatch watch(reactor->loops(), book.seams(),
                    {book.watched(server, {"app.test", 80}), waiting.watched(silent, {"app.test", 80}),
                     waiting.watched(silent, {"_http._tcp.app.test", 0, true})});
    BOOST_TEST(eventually([&] { return book.published() > 0; }));
    watch.stop();
    const int published = book.published();
    std::this_thread::sleep_for(milliseconds{12});
    BOOST_TEST(book.published() == published);
    BOOST_TEST(waiting.lines().empty());
  }
}

BOOST_AUTO_TEST_CASE(weights_are_scaled_so_that_their_mean_is_one) {
  struct Row {
    std::vector<unsigned> weights;
    std::vector<std::uint32_t> scaled;
  };
  const Row rows[] = {{{5}, {100}},          {{0}, {100}},        {{0, 0}, {100, 100}},
                      {{1, 3}, {50, 150}},   {{0, 3}, {50, 150}}, {{10, 20, 30}, {50, 100, 150}},
                      {{0, 65535}, {1, 200}}};
  const IpAddress address = *IpAddress::parse("192.0.2.1");
  for (const Row& row : rows) {
    std::vector<ServiceHost> hosts;
    for (const unsigned weight : row.weights)
      hosts.push_back({{"a.test", 80, 1, static_cast<std::uint16_t>(weight)}, {address}});
    std::vector<std::uint32_t> scaled;
    for (const NamedAddress& one : weighed(hosts)) scaled.push_back(one.weight);
    BOOST_TEST(scaled == row.scaled, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(the_addresses_of_a_host_share_its_weight_and_priorities_stand_in_order) {
  const IpAddress address = *IpAddress::parse("192.0.2.1");
  const auto all = weighed({{{"c.test", 80, 20, 7}, {address}},
                            {{"a.test", 80, 10, 10}, {address, address}},
                            {{"b.test", 80, 10, 10}, {address}}});
  BOOST_REQUIRE_EQUAL(all.size(), 4u);
  const std::uint32_t weights[] = {75, 75, 150, 100};
  const std::uint16_t priorities[] = {10, 10, 10, 20};
  for (std::size_t index = 0; index < all.size(); ++index) {
    BOOST_TEST(all[index].weight == weights[index]);
    BOOST_TEST(all[index].priority == priorities[index]);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
