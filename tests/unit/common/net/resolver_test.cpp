// Names to addresses: numbers, /etc/hosts, and name servers that a test has set up.
#include "common/net/resolver.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "common/net/ares_resolver.h"
#include "common/net/event_loop.h"
#include "tests/support/dns_server.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(resolver, *boost::unit_test::timeout(120))

namespace {

// A loop, its resolver, and what has been answered so far.
class Asking {
 public:
  explicit Asking(const std::string& servers) : resolver_(std::move(*makeAresResolver(context_, servers))) {}

  void ask(const std::string& host) {
    resolver_->resolve(host, [this](NameAnswer answer) { answers_.push_back(std::move(answer.addresses)); });
  }
  // Runs until so many questions have been answered.
  void awaitAnswers(std::size_t count) {
    const Deadline deadline = Deadline::after(milliseconds{20'000});
    while (answers_.size() < count && !deadline.expired()) {
      context_.restart();
      context_.run_one_for(milliseconds{100});
    }
    BOOST_REQUIRE_EQUAL(answers_.size(), count);
  }
  // What is to be done at once.
  void goOn() {
    context_.restart();
    context_.poll();
  }
  const std::vector<Result<Addresses>>& answers() const { return answers_; }

 private:
  boost::asio::io_context context_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<Result<Addresses>> answers_;
};

// "A, B", sorted; or the kind of the error.
std::string shown(const Result<Addresses>& result) {
  if (!result) return std::string{outcomeOf(result)};
  std::vector<std::string> texts;
  for (const IpAddress& address : *result) texts.push_back(address.toString());
  std::sort(texts.begin(), texts.end());
  std::string list;
  for (const std::string& text : texts) list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

std::string resolved(const std::string& host, const std::string& servers) {
  Asking asking(servers);
  asking.ask(host);
  asking.awaitAnswers(1);
  return shown(asking.answers().front());
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_address_is_its_own_answer) {
  const DnsServer server;
  for (const char* address : {"127.0.0.1", "192.0.2.1", "::1", "2001:db8::1", "0.0.0.0"})
    BOOST_TEST(resolved(address, server.address()) == address);
  BOOST_TEST(server.questions() == 0);
}

BOOST_AUTO_TEST_CASE(an_answer_comes_in_a_turn_of_its_own) {
  const DnsServer server;
  Asking asking(server.address());
  asking.ask("127.0.0.1");
  BOOST_TEST(asking.answers().empty());
  asking.awaitAnswers(1);
}

BOOST_AUTO_TEST_CASE(the_file_of_hosts_is_read) {
  const DnsServer server;
  const std::string addresses = resolved("localhost", server.address());
  BOOST_TEST(addresses.find("127.0.0.1") != std::string::npos, addresses);
  BOOST_TEST(server.questions() == 0);
}

BOOST_AUTO_TEST_CASE(a_name_server_is_asked_for_both_families) {
  const DnsServer server({{"both.test", {"192.0.2.1", "192.0.2.2", "2001:db8::1"}},
                          {"four.test", {"192.0.2.4"}},
                          {"six.test", {"2001:db8::6"}},
                          {"none.test", {}}});
  BOOST_TEST(resolved("both.test", server.address()) == "192.0.2.1, 192.0.2.2, 2001:db8::1");
  BOOST_TEST(resolved("four.test", server.address()) == "192.0.2.4");
  BOOST_TEST(resolved("six.test", server.address()) == "2001:db8::6");
  BOOST_TEST(resolved("BOTH.Test", server.address()) == "192.0.2.1, 192.0.2.2, 2001:db8::1");
  BOOST_TEST(resolved("none.test", server.address()) == "unresolvable");
  BOOST_TEST(resolved("other.test", server.address()) == "unresolvable");
}

// What one resolver takes for 127.0.0.1 another takes for something else: none of it may reach this machine by a name.
BOOST_AUTO_TEST_CASE(odd_ways_of_writing_an_address_are_not_the_loopback) {
  const DnsServer server;
  for (const char* host :
       {"127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "0"})
    BOOST_TEST_CONTEXT(host) {
      const std::string addresses = resolved(host, server.address());
      BOOST_TEST(addresses.find("127.") == std::string::npos, addresses);
      BOOST_TEST(addresses.find("0.0.0.0") == std::string::npos, addresses);
    }
}

BOOST_AUTO_TEST_CASE(many_questions_at_once_get_each_their_answer) {
  DnsServer::Zone zone;
  for (int count = 0; count < 200; ++count)
    zone["n" + std::to_string(count) + ".test"] = {"192.0.2." + std::to_string(count)};
  const DnsServer server(zone);
  Asking asking(server.address());
  for (int count = 0; count < 200; ++count) asking.ask("n" + std::to_string(count) + ".test");
  asking.awaitAnswers(200);
  std::vector<std::string> seen;
  for (const auto& answer : asking.answers()) seen.push_back(shown(answer));
  std::sort(seen.begin(), seen.end());
  BOOST_TEST((std::unique(seen.begin(), seen.end()) == seen.end()));
  BOOST_TEST(seen.front() == "192.0.2.0");
}

BOOST_AUTO_TEST_CASE(a_resolver_that_dies_with_questions_open_tells_nobody) {
  const DnsServer silent({}, DnsServer::Manner::kSilent);
  const std::size_t before = countDescriptors();
  bool told = false;
  {
    boost::asio::io_context context;
    const auto resolver = std::move(*makeAresResolver(context, silent.address()));
    resolver->resolve("slow.test", [&told](const NameAnswer&) { told = true; });
    context.run_for(milliseconds{50});
  }
  BOOST_TEST(!told);
  BOOST_TEST(countDescriptors() == before);
}

// What is asked stays with c-ares until it is answered: a client that names many must not bring the others to a stop.
BOOST_AUTO_TEST_CASE(no_more_than_a_thousand_names_are_looked_up_at_once) {
  DnsServer silent({}, DnsServer::Manner::kSilent);
  Asking asking(silent.address());
  for (int count = 0; count < 1000; ++count) asking.ask("n" + std::to_string(count) + ".test");
  asking.goOn();
  BOOST_TEST(asking.answers().empty());
  asking.ask("one-more.test");
  asking.awaitAnswers(1);
  BOOST_REQUIRE_EQUAL(outcomeOf(asking.answers().front()), "unresolvable");
  const std::string& why = asking.answers().front().error().detail;
  BOOST_TEST(why.find("too many names") != std::string::npos, why);
  // An address is no look-up.
  asking.ask("192.0.2.1");
  asking.awaitAnswers(2);
  BOOST_TEST(shown(asking.answers().back()) == "192.0.2.1");
}

BOOST_AUTO_TEST_CASE(an_answer_tells_how_long_it_holds_and_whether_anybody_gave_it) {
  DnsServer server({{"here.test", {"192.0.2.1", "2001:db8::1"}}});
  server.setTimeToLive(123);
  const auto answerFor = [&server](const std::string& host) {
    boost::asio::io_context context;
    const auto resolver = std::move(*makeAresResolver(context, server.address()));
    std::optional<NameAnswer> answer;
    resolver->resolve(host, [&answer](NameAnswer told) { answer.emplace(std::move(told)); });
    while (!answer) context.run_one();
    return *answer;
  };
  BOOST_TEST(answerFor("here.test").lifetime.count() == 123);
  BOOST_TEST((answerFor("here.test").source == NameAnswer::Source::kServers));
  server.tellAlias("short.test", "here.test", 45);
  server.tellAlias("long.test", "here.test", 200);
  BOOST_TEST(answerFor("short.test").lifetime.count() == 45);
  BOOST_TEST(answerFor("long.test").lifetime.count() == 123);
  BOOST_TEST(answerFor("localhost").lifetime.count() == 0);
  BOOST_TEST((answerFor("gone.test").source == NameAnswer::Source::kServers));
  server.become(DnsServer::Manner::kFails);
  BOOST_TEST((answerFor("here.test").source == NameAnswer::Source::kFailedServers));
}

BOOST_AUTO_TEST_CASE(services_are_asked_of_name_servers) {
  DnsServer server(DnsServer::Zone{{"here.test", {"192.0.2.1"}}});
  server.tellServices("_http._tcp.app.test", {{10, 60, 8080, "here.test"}, {20, 0, 81, "there.test"}});
  server.tellServices("_http._tcp.none.test", {{0, 0, 0, ""}});
  server.setTimeToLive(77);
  const auto answerFor = [&server](const std::string& name) {
    boost::asio::io_context context;
    const auto resolver = std::move(*makeAresResolver(context, server.address()));
    std::optional<ServiceAnswer> answer;
    resolver->resolveService(name, [&answer](ServiceAnswer told) { answer.emplace(std::move(told)); });
    while (!answer) context.run_one();
    return *answer;
  };
  const auto found = answerFor("_http._tcp.app.test");
  BOOST_REQUIRE_EQUAL(outcomeOf(found.records), "done");
  BOOST_REQUIRE_EQUAL(found.records->size(), 2u);
  BOOST_TEST((found.records->front() == ServiceRecord{"here.test", 8080, 10, 60}));
  BOOST_TEST(found.lifetime.count() == 77);
  for (const char* name : {"_http._tcp.none.test", "_http._tcp.gone.test", "here.test"}) BOOST_TEST_CONTEXT(name) {
      const auto none = answerFor(name);
      BOOST_TEST(outcomeOf(none.records) == "unresolvable");
      BOOST_TEST((none.source == NameAnswer::Source::kServers));
    }
  server.become(DnsServer::Manner::kFails);
  BOOST_TEST((answerFor("_http._tcp.app.test").source == NameAnswer::Source::kFailedServers));
}

BOOST_AUTO_TEST_CASE(name_servers_are_written_as_address_and_port) {
  struct Row {
    std::vector<std::string> words;
    std::string list;  // empty: refused
  };
  const Row rows[] = {
      {{"192.0.2.53:53"}, "192.0.2.53:53"},
      {{"192.0.2.53:53", "[2001:db8::53]:5353"}, "192.0.2.53:53,[2001:db8::53]:5353"},
      {{}, ""},
      {{""}, ""},
      {{"192.0.2.53"}, ""},
      {{"192.0.2.53:"}, ""},
      {{"192.0.2.53:0"}, ""},
      {{"192.0.2.53:65536"}, ""},
      {{"192.0.2.53:53x"}, ""},
      {{"dns.test:53"}, ""},
      {{":53"}, ""},
      {{"["}, ""},
      {{"[]:53"}, ""},
      {{"[2001:db8::53]"}, ""},
      {{"[2001:db8::53]53"}, ""},
      {{"[2001:db8::53]x:53"}, ""},
      {{"[2001:db8::53:53"}, ""},
      {{"2001:db8::53:53"}, ""},  // c-ares takes all of it for the address
      {{"[192.0.2.53]:53"}, ""},
      {{"192.0.2.53:53,192.0.2.54:53"}, ""},
      {{"192.0.2.53:53", "x"}, ""},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT((row.words.empty() ? "nothing" : row.words.back())) {
      const auto read = readNameServers(row.words);
      BOOST_TEST(static_cast<bool>(read) == !row.list.empty());
      if (read) BOOST_TEST(*read == row.list);
      if (!read) BOOST_TEST(read.error().detail.find("write ADDRESS:PORT") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
