// What the origin makes for one user never reaches another, whatever it says about it, unless RFC 9111 lets it be
// shared: three users ask for the same URLs at the same time, each URL with another combination of fields. In both
// modules.
#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/integration/cache/case_client.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest::cache {

BOOST_AUTO_TEST_SUITE(cache_two_users)

namespace {

constexpr std::array kCredentials{"Authorization: Basic ", "Authorization: Bearer ", "Cookie: theme=dark; user="};
constexpr std::array kControls{"",
                               "max-age=60",
                               "private, max-age=60",
                               "private=\"X-Own\", max-age=60",
                               "no-store",
                               "no-store, public, max-age=60",
                               "no-cache",
                               "no-cache, public, max-age=60",
                               "max-age=60, proxy-revalidate",
                               "max-age=31536000, immutable",
                               "max-age=0, stale-while-revalidate=60",
                               "max-age=60, stale-if-error=60",
                               "max-age=60, unheard-of=\"public\"",
                               "private, s-maxage=60",
                               "public, max-age=60",
                               "s-maxage=60",
                               "must-revalidate, max-age=60"};
constexpr std::array kVaries{"", "Cookie", "Authorization", "Accept-Language",
                             "Accept-Language, Cookie, Authorization"};
constexpr std::array kLifetimes{"", "Expires: Thu, 01 Jan 2060 00:00:00 GMT\r\n",
                                "Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT\r\n"};
constexpr std::array kCookies{"", "Set-Cookie: session="};
constexpr std::array kStatuses{"200 OK", "404 Not Found", "301 Moved Permanently", "203 Changed"};
constexpr std::array<std::string_view, 3> kUsers{"alice", "bob", "carol"};

struct Combination {
  std::string_view credentials;
  std::string_view control;
  std::string_view vary;
  std::string_view lifetime;
  std::string_view cookie;
  std::string_view status;

  bool says(std::string_view directive) const { return control.find(directive) != std::string_view::npos; }
  bool isAuthorized() const { return credentials.starts_with("Authorization"); }
  bool variesByUser() const { return vary.find(isAuthorized() ? "Authorization" : "Cookie") != std::string_view::npos; }

  // Whether one user's may be stored and reused for another: RFC 9111 3 and 3.5, and what this cache does about
  // Set-Cookie. Validation does not help: the origin never says 304.
  bool mayBeShared() const {
    const bool isPrivate = says("private") && !says("private=");
    if (says("no-store") || says("no-cache") || isPrivate || !cookie.empty() || variesByUser()) return false;
    const bool isPublic = says("public, ") || says("s-maxage") || says("must-revalidate");
    return !isAuthorized() || isPublic;
  }
  // Whether that is what a cache is for: it is fresh by its own word.
  bool shouldBeShared() const { return mayBeShared() && says("=60") && !says("stale-while"); }
};

// The number is written in digits of as many bases as there are lists.
Combination combinationOf(std::size_t number) {
  const auto next = [&number](const auto& list) -> std::string_view {
    const std::size_t digit = number % list.size();
    number /= list.size();
    return list[digit];
  };
  Combination made;
  made.control = next(kControls);
  made.credentials = next(kCredentials);
  made.vary = next(kVaries);
  made.lifetime = next(kLifetimes);
  made.cookie = next(kCookies);
  made.status = next(kStatuses);
  return made;
}

// So many that the predicate likes, from all over the room that the lists span.
template <typename Predicate>
std::vector<Combination> pick(std::size_t count, Predicate&& likes) {
  constexpr std::size_t kAll =
      kControls.size() * kCredentials.size() * kVaries.size() * kLifetimes.size() * kCookies.size() * kStatuses.size();
  constexpr std::size_t kStride = 1297;  // has no divisor in common with kAll: all come before one comes again
  std::vector<Combination> picked;
  for (std::size_t step = 0, number = 0; step < kAll && picked.size() < count; ++step) {
    const Combination candidate = combinationOf(number);
    if (likes(candidate)) picked.push_back(candidate);
    number = (number + kStride) % kAll;
  }
  return picked;
}

// Who asks, by the credentials that came.
std::string_view userOf(const OriginRequest& request) {
  for (const std::string_view user : kUsers) {
    if (request.head.find(user) != std::string::npos) return user;
  }
  return "";
}

std::string bodyFor(std::string_view user, std::size_t place) {
  return "the secret of \"" + std::string(user) + "\" at " + std::to_string(place);
}

// Takes its time, so that those who ask together are there together.
std::string answerTo(const OriginRequest& request, const std::vector<Combination>& all) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const std::size_t place = std::stoul(request.target().substr(1));
  const std::string_view user = userOf(request);
  const Combination& combination = all.at(place);
  const std::string body = bodyFor(user, place);
  std::string head = "HTTP/1.1 " + std::string(combination.status) + "\r\n" + std::string(combination.lifetime);
  if (!combination.control.empty()) head += "Cache-Control: " + std::string(combination.control) + "\r\n";
  if (!combination.vary.empty()) head += "Vary: " + std::string(combination.vary) + "\r\n";
  if (!combination.cookie.empty()) head += std::string(combination.cookie) + std::string(user) + "\r\n";
  // No name: a cache asks for one user whether another's has changed.
  const std::string tag(1, user.back());
  return head + "X-For: <" + std::string(user) + ">\r\nETag: \"" + tag +
         "\"\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// `site` is what stands before the path: nothing, or the origin as a forward proxy is told it.
std::string headOf(const std::string& site, std::string_view user, std::size_t place, const Combination& combination) {
  std::string head = "GET " + site + "/" + std::to_string(place) +
                     " HTTP/1.1\r\nHost: " + (site.empty() ? "two.test" : site.substr(site.rfind('/') + 1)) +
                     "\r\nAccept-Language: en\r\n";
  return head + std::string(combination.credentials) + std::string(user) + "\r\n\r\n";
}

struct Seen {
  std::string body;
  std::string owner;  // by the field that goes with the body
};

// What each user got at each place, in that order, one time after the other.
using Record = std::vector<std::vector<Seen>>;

constexpr std::size_t kTimes = 3;

// All users are at the same place at the same time.
std::array<Record, kUsers.size()> walk(const Httpd& httpd, const std::string& site,
                                       const std::vector<Combination>& all) {
  std::array<Record, kUsers.size()> records;
  std::barrier together(static_cast<std::ptrdiff_t>(kUsers.size()));
  std::vector<std::thread> walkers;
  for (std::size_t user = 0; user < kUsers.size(); ++user) {
    records[user].resize(all.size());
    walkers.emplace_back([&, user] {
      CaseClient client(httpd.port());
      for (std::size_t place = 0; place < all.size(); ++place) {
        together.arrive_and_wait();
        for (std::size_t time = 0; time < kTimes; ++time) {
          try {
            const Received received = client.ask("GET", headOf(site, kUsers[user], place, all[place]), "");
            records[user][place].push_back({received.body, received.field("X-For").value_or("")});
          } catch (const std::exception& error) {
            records[user][place].push_back({error.what(), ""});
          }
        }
      }
    });
  }
  for (std::thread& walker : walkers) walker.join();
  return records;
}

struct Fixture {
  Fixture(Mpm mpm, bool isForward, std::vector<Combination> combinations)
      : all(std::move(combinations)),
        origin(ScriptedOrigin::answering([this](const OriginRequest& request) { return answerTo(request, all); })),
        site(isForward ? origin.url() : ""),
        httpd(mpm, {.children = 2}) {
    httpd.configure(isForward ? "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nFwdProxyCache On\n"
                              : "RevProxyPass / " + origin.url("/") + "\nRevProxyCache on\n");
    httpd.start();
  }

  std::vector<Combination> all;
  ScriptedOrigin origin;
  const std::string site;
  Httpd httpd;
};

void expectEachItsOwn(Mpm mpm, bool isForward) {
  constexpr std::size_t kCount = 200;
  Fixture fixture(mpm, isForward, pick(kCount, [](const Combination& one) { return !one.mayBeShared(); }));
  BOOST_TEST_REQUIRE(fixture.all.size() == kCount);
  const auto records = walk(fixture.httpd, fixture.site, fixture.all);
  for (std::size_t user = 0; user < kUsers.size(); ++user) {
    const std::string owner = "<" + std::string(kUsers[user]) + ">";
    for (std::size_t place = 0; place < kCount; ++place) {
      const Combination& one = fixture.all[place];
      for (const Seen& seen : records[user][place]) {
        BOOST_TEST((seen.body == bodyFor(kUsers[user], place) && seen.owner == owner),
                   kUsers[user] << " got \"" << seen.body << "\" and X-For " << seen.owner << " with "
                                << one.credentials << ", " << one.status << ", Cache-Control: " << one.control
                                << ", Vary: " << one.vary << ", " << one.lifetime << one.cookie);
      }
    }
  }
}

}  // namespace

PROXY_TEST(no_body_reaches_another_user) {
  expectEachItsOwn(mpm, false);
}

PROXY_TEST(no_body_reaches_another_user_of_the_forward_proxy) {
  expectEachItsOwn(mpm, true);
}

namespace {

void expectShared(Mpm mpm, bool isForward) {
  constexpr std::size_t kCount = 30;
  Fixture fixture(mpm, isForward, pick(kCount, [](const Combination& one) { return one.shouldBeShared(); }));
  BOOST_TEST_REQUIRE(fixture.all.size() == kCount);
  walk(fixture.httpd, fixture.site, fixture.all);
  CaseClient client(fixture.httpd.port());
  for (std::size_t place = 0; place < kCount; ++place) {
    const Combination& one = fixture.all[place];
    const std::string body = client.ask("GET", headOf(fixture.site, kUsers[0], place, one), "").body;
    const bool isShared = std::all_of(kUsers.begin(), kUsers.end(), [&](std::string_view user) {
      return client.ask("GET", headOf(fixture.site, user, place, one), "").body == body;
    });
    BOOST_TEST(isShared, one.credentials << one.control << " is not shared");
  }
}

}  // namespace

// Else the test above would say nothing: in these the cache does reuse one user's response for others.
PROXY_TEST(bodies_that_may_be_shared_are) {
  expectShared(mpm, false);
}

PROXY_TEST(bodies_that_the_forward_proxy_may_share_are) {
  expectShared(mpm, true);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest::cache
