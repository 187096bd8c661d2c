// Sticky sessions: clients stay with the member that answered them first, whatever becomes of the others, of the
// configuration and of httpd; and when theirs is gone they alone move.
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "tests/integration/support/client.h"
#include "tests/integration/support/configtest.h"
#include "tests/integration/support/ledger_server.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/soak.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(sticky_sessions)

namespace {

constexpr const char* kOfMembers = "revproxy:.*(refused|ejected|no-member|session-member-down)";

// Backends that say who they are: "a", "b", and so on.
class Members {
 public:
  explicit Members(int count) {
    for (int number = 0; number < count; ++number) {
      const std::string name(1, static_cast<char>('a' + number));
      servers_[name] = std::make_unique<LedgerServer>(LedgerRules{.extraFields = "X-Member: " + name + "\r\n"});
      urls_[name] = servers_[name]->url();
    }
  }

  void kill(const std::string& name) { servers_.erase(name); }

  // `parameters` by name; `generation` is seen in each response.
  std::string configuration(const std::string& settings, std::map<std::string, std::string> parameters = {},
                            int generation = 0) const {
    std::string text = "<RevProxyBalancer app>\n";
    for (const auto& [name, url] : urls_)
      text += "RevProxyMember " + url + " route=" + name + " " + parameters[name] + "\n";
    return text + "RevProxySet method=byrequests " + settings + "\n</RevProxyBalancer>\n" +
           "RevProxyPass / balancer://app/\nHeader always set X-Generation " + std::to_string(generation) + "\n";
  }

 private:
  std::map<std::string, std::unique_ptr<LedgerServer>> servers_;
  std::map<std::string, std::string> urls_;
};

std::string memberOf(const Response& response) {
  return response.header("X-Member").value_or("status " + std::to_string(response.status));
}

// "ROUTE=value" of a Set-Cookie; empty: there is none.
std::string cookieOf(const Response& response) {
  const std::string field = response.header("Set-Cookie").value_or("");
  return field.substr(0, field.find(';'));
}

// Clients that each have a cookie, and know who answered them.
class Sessions {
 public:
  explicit Sessions(const Httpd& httpd) : httpd_(httpd) {}

  void open(int count) {
    for (int i = 0; i < count; ++i) {
      const Response response = client_.get(httpd_.url("/"));
      all_.push_back({cookieOf(response), memberOf(response)});
    }
  }
  std::map<std::string, int> membersOf() const {
    std::map<std::string, int> members;
    for (const Session& session : all_) ++members[session.member];
    return members;
  }
  // Asks again for each. Who is answered by another member, or told another cookie by the same, has moved; by member.
  std::map<std::string, int> moved() {
    std::map<std::string, int> moved;
    statuses_.clear();
    for (const Session& session : all_) {
      const Response response = client_.get(httpd_.url("/"), {"Cookie: x=y; " + session.cookie});
      ++statuses_[response.status];
      if (memberOf(response) != session.member || !cookieOf(response).empty()) ++moved[session.member];
    }
    return moved;
  }
  // Of that round.
  int answered(long status) { return statuses_[status]; }
  bool all(const std::string& member) const {
    return std::all_of(all_.begin(), all_.end(), [&](const Session& session) { return session.member == member; });
  }

 private:
  struct Session {
    std::string cookie;
    std::string member;
  };

  const Httpd& httpd_;
  Client client_;
  std::vector<Session> all_;
  std::map<long, int> statuses_;
};

// Until a connection of one's own is served by that generation, and by no earlier one for a while.
void becomeGeneration(Httpd& httpd, const std::string& configuration, int generation) {
  httpd.configure(configuration);
  httpd.graceful();
  int inARow = 0;
  BOOST_REQUIRE(waitUntil([&] {
    Client client;
    const Response response = client.get(httpd.url("/"), {"Connection: close"});
    inARow = response.header("X-Generation").value_or("") == std::to_string(generation) ? inARow + 1 : 0;
    return inARow == 10;
  }));
}

bool isEmpty(const std::map<std::string, int>& moved) {
  for (const auto& [member, count] : moved) BOOST_TEST_MESSAGE(count << " sessions of " << member << " moved");
  return moved.empty();
}

}  // namespace

PROXY_TEST(sessions_stay_with_their_member) {
  const std::string settings = "sticky=ROUTE";
  Members members(3);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(members.configuration(settings));
  httpd.start();
  Sessions sessions(httpd);
  const int count = scaled(300, 10'000);
  sessions.open(count);
  const auto before = sessions.membersOf();
  BOOST_TEST(before.size() == 3u);
  BOOST_TEST(isEmpty(sessions.moved()));

  becomeGeneration(httpd, members.configuration(settings, {{"b", "status=+N"}}, 1), 1);
  BOOST_TEST(isEmpty(sessions.moved()));
  Sessions newer(httpd);
  newer.open(50);
  BOOST_TEST(newer.membersOf().size() == 2u);
  BOOST_TEST(!newer.membersOf().contains("b"));

  becomeGeneration(httpd, members.configuration(settings, {{"a", "loadfactor=7"}, {"c", "loadfactor=2"}}, 2), 2);
  BOOST_TEST(isEmpty(sessions.moved()));

  httpd.stop();
  httpd.start();
  BOOST_TEST(isEmpty(sessions.moved()));

  httpd.expectLog(kOfMembers);
  members.kill("c");
  const auto moved = sessions.moved();
  BOOST_TEST(moved.size() == 1u);
  BOOST_TEST(moved.count("c") == 1u);
  BOOST_TEST((moved.empty() ? 0 : moved.begin()->second) == before.at("c"));
  BOOST_TEST(sessions.answered(200) == count);
}

PROXY_TEST_EVENT(cookies_are_as_configured_and_made_up_ones_are_none) {
  Members members(2);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(
      members.configuration("sticky=R sticky-path=/app sticky-max-age=1h sticky-samesite=Strict sticky-httponly=On"));
  httpd.start();
  const auto status = std::filesystem::status(httpd.directory().path() / "run" / "revproxy-sticky.key");
  BOOST_TEST((status.permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)));
  Client client;
  const std::regex expected("R=[A-Za-z0-9_-]{24}; Path=/app; Max-Age=3600; HttpOnly; SameSite=Strict");
  for (const std::vector<std::string>& fields : {std::vector<std::string>{},
                                                 {"Cookie: R=made-up"},
                                                 {"Cookie: R=AAAAAAAAAAAAAAAAAAAAAAAA"},
                                                 {"Cookie: R=a; R="}}) {
    const Response response = client.get(httpd.url("/app/"), fields);
    BOOST_TEST(response.status == 200);
    BOOST_TEST(std::regex_match(response.header("Set-Cookie").value_or(""), expected));
  }
  // Two fields, of which httpd makes one.
  const Response first = client.get(httpd.url("/"));
  for (int i = 0; i < 4; ++i) {
    const Response again =
        client.get(httpd.url("/"), {"Cookie: x=y", "Cookie: R=made-up", "Cookie: " + cookieOf(first)});
    BOOST_TEST(memberOf(again) == memberOf(first));
    BOOST_TEST(cookieOf(again) == "");
  }
}

// It ends the next start, which is not the moment of a graceful restart.
PROXY_TEST_EVENT(a_kept_key_that_others_can_read_is_told_and_sessions_stay) {
  Members members(2);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(members.configuration("sticky=ROUTE"));
  httpd.start();
  Sessions sessions(httpd);
  sessions.open(20);
  std::filesystem::permissions(httpd.directory().path() / "run" / "revproxy-sticky.key", std::filesystem::perms(0604));
  becomeGeneration(httpd, members.configuration("sticky=ROUTE", {}, 1), 1);
  BOOST_TEST(isEmpty(sessions.moved()));
  httpd.requireLog("revproxy-sticky\\.key is open to others.*chmod 600.*does not start");
}

PROXY_TEST_EVENT(a_session_that_may_not_move_is_told_so) {
  Members members(2);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(members.configuration("sticky=ROUTE nofailover=On"));
  httpd.start();
  httpd.expectLog(kOfMembers);
  Sessions sessions(httpd);
  sessions.open(20);
  const auto before = sessions.membersOf();
  BOOST_REQUIRE(before.size() == 2u);
  members.kill("a");
  const auto moved = sessions.moved();
  BOOST_TEST(moved.size() == 1u);
  BOOST_TEST((moved.empty() ? 0 : moved.begin()->second) == before.at("a"));
  BOOST_TEST(sessions.answered(503) == before.at("a"));
  BOOST_TEST(sessions.answered(200) == before.at("b"));
  Sessions after(httpd);
  after.open(10);
  BOOST_TEST(after.all("b"));
  Client client;
  BOOST_TEST(client.get(httpd.url("/"), {"Cookie: ROUTE=made-up"}).status == 200);
}

PROXY_TEST_EVENT(the_applications_session_names_its_member) {
  Members members(3);
  Httpd httpd(mpm);
  httpd.loadModule("headers");
  httpd.configure(members.configuration("stickysession=JSESSIONID|jsessionid"));
  httpd.start();
  Client client;
  const auto expectMember = [&](const std::string& member, const std::string& path, const std::string& cookie) {
    for (int i = 0; i < 6; ++i) {
      const Response response = client.get(httpd.url(path), {"Cookie: " + cookie});
      BOOST_TEST(memberOf(response) == member, path << " " << cookie);
      BOOST_TEST(cookieOf(response) == "");
    }
  };
  for (const std::string member : {"a", "b", "c"}) {
    expectMember(member, "/", "x=y; JSESSIONID=1f3." + member);
    expectMember(member, "/p;jsessionid=1f3." + member + "/q", "x=y");
    expectMember(member, "/p?x=y&jsessionid=1f3." + member, "JSESSIONID=1f3.a");
  }
  BOOST_TEST(client.get(httpd.url("/"), {"Cookie: JSESSIONID=1f3.gone"}).status == 200);
}

BOOST_AUTO_TEST_CASE(a_key_file_that_is_none_is_told) {
  TemporaryDirectory directory;
  const std::string shortFile = directory.write("short.key", "secret").string();
  const std::string openFile = directory.write("open.key", std::string(32, 'k')).string();
  std::filesystem::permissions(shortFile, std::filesystem::perms(0600));
  std::filesystem::permissions(openFile, std::filesystem::perms(0644));
  expectMessages("RevProxyStickyKey", {{"RevProxyStickyKey " + shortFile, {"short\\.key", "openssl rand 32"}},
                                       {"RevProxyStickyKey " + openFile, {"open\\.key", "chmod 600"}},
                                       {"RevProxyStickyKey /no/such.key", {"/no/such\\.key", "No such file"}},
                                       {"RevProxyStickyKey", {"a file is missing"}},
                                       {"RevProxyStickyKey a b", {"\"b\" is one argument"}}});
  expectMessage("<VirtualHost *:81>\nRevProxyStickyKey /no/such.key\n</VirtualHost>\n", 2,
                {"RevProxyStickyKey", "server.s level"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
