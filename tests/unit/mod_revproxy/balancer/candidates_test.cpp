// Which endpoints may have a request: each row is a balancer's state and what comes of it.
#include "mod_revproxy/balancer/candidates.h"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <map>

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(candidates)

namespace {

using Kind = Candidates::Kind;

// Members as words: "a", "a:spare", "b:standby,down", "c:set1,ejected".
class Scene {
 public:
  explicit Scene(const std::string& words) {
    for (std::size_t begin = 0; begin < words.size();) {
      const auto end = std::min(words.find(' ', begin), words.size());
      add(words.substr(begin, end - begin));
      begin = end + 1;
    }
  }

  std::string ask(Asker asker = {}) {
    asker.now = now_;
    const Candidates found = candidatesFor(asker, endpoints_);
    static const std::map<Kind, std::string> names = {{Kind::kSome, ""},        {Kind::kSession, "session "},
                                                      {Kind::kProbe, "probe "}, {Kind::kPanic, "panic "},
                                                      {Kind::kFull, "full "},   {Kind::kSessionDown, "session-down "},
                                                      {Kind::kNone, "none "}};
    std::string text = names.at(found.kind);
    for (const std::size_t place : found.places) text += endpoints_[place].name;
    return text;
  }

  const Endpoint* at(std::size_t place) const { return &endpoints_[place]; }
  void pass(milliseconds span) { now_ += span; }

 private:
  void add(const std::string& word) {
    const auto colon = word.find(':');
    Member& member = members_.emplace_back();
    MemberState& state = states_.emplace_back();
    const auto has = [&](const char* what) {
      return colon != std::string::npos && word.find(what, colon) != std::string::npos;
    };
    if (has("spare")) member.role = MemberRole::kSpare;
    if (has("standby")) member.role = MemberRole::kStandby;
    member.isStopped = has("stopped");
    member.isDrained = has("drained");
    if (has("down")) state.health.health = static_cast<std::uint32_t>(Health::kDown);
    if (has("ejected"))
      for (int one = 0; one < 5; ++one) noteFailure(state.ejection, {}, now_);
    endpoints_.push_back(
        {&member, word.substr(0, colon), "", 0, 100, has("set1") ? 1u : 0u, 0, true, "", {&state, {}, {}}});
  }

  Clock::time_point now_{std::chrono::hours{10}};
  std::deque<Member> members_;
  std::deque<MemberState> states_;
  Endpoints endpoints_;
};

std::string ask(const std::string& words, Asker asker = {}) {
  return Scene(words).ask(std::move(asker));
}

}  // namespace

BOOST_AUTO_TEST_CASE(states_and_roles) {
  const std::pair<const char*, const char*> rows[] = {
      {"a b c", "abc"},
      {"a b:stopped c:drained d:down e:ejected", "a"},
      {"a b:spare c:standby", "a"},
      {"a:down b c:spare d:spare", "bc"},
      {"a:down b:down c:spare d:spare e:standby", "cd"},
      {"a:down b:spare,down c:standby d:standby", "cd"},
      {"a:stopped b:standby", "b"},
      {"a:down b:set1 c:set1", "bc"},
      {"a:down b:standby c:set1", "b"},
      {"a:down b:standby,down c:set1,spare", "none "},
      {"a:down b:set1,down c:set1,spare", "c"},
      {"a b:set1", "a"},
      {"a:ejected b:ejected", "panic ab"},
      {"a:ejected b:down", "panic a"},
      {"a:ejected b:standby", "b"},
      {"a:ejected,drained b:down", "none "},
      {"a:down b:down", "none "},
      {"a:stopped b:drained", "none "},
      {"a:ejected", "panic a"},
  };
  for (const auto& [words, expected] : rows) BOOST_TEST(ask(words) == expected, words);
}

BOOST_AUTO_TEST_CASE(a_standby_of_a_higher_set_comes_when_no_lower_one_has_any) {
  BOOST_TEST(ask("a:down b:standby,down c:set1,standby") == "c");
}

BOOST_AUTO_TEST_CASE(what_was_tried_or_is_full_is_passed_over) {
  BOOST_TEST(ask("a b c", {.tried = {true, false, true}}) == "b");
  BOOST_TEST(ask("a b c", {.full = {true, false, true}}) == "b");
  BOOST_TEST(ask("a b c:spare", {.full = {true, false, false}}) == "bc");
  BOOST_TEST(ask("a b", {.full = {true, true}}) == "full ab");
  BOOST_TEST(ask("a b c:standby", {.full = {true, true, false}}) == "c");
  BOOST_TEST(ask("a b:down", {.full = {true, false}}) == "full a");
  BOOST_TEST(ask("a b", {.tried = {true, true}}) == "none ");
  BOOST_TEST(ask("a b:ejected", {.tried = {true, false}}) == "panic b");
  BOOST_TEST(ask("a b:ejected", {.full = {true, false}}) == "full a");
}

BOOST_AUTO_TEST_CASE(a_suspect_is_tried_when_its_time_is_over) {
  Scene scene("a b:ejected");
  BOOST_TEST(scene.ask() == "a");
  scene.pass(milliseconds{100});
  BOOST_TEST(scene.ask() == "probe b");
  BOOST_TEST(scene.ask({.tried = {false, true}}) == "a");
  BOOST_TEST(scene.ask({.full = {false, true}}) == "a");
  BOOST_TEST(scene.ask({.mayBeRepeated = false}) == "a", "what may not be sent twice leaves that to others");
  scene.pass(milliseconds{1000});
  BOOST_TEST(scene.ask({.mayBeRepeated = false}) == "probe b", "who have had their time");
}

BOOST_AUTO_TEST_CASE(only_a_suspect_that_would_have_requests_is_tried) {
  const std::pair<const char*, const char*> rows[] = {
      {"a b:standby,ejected", "a"},
      {"a b:set1,ejected", "a"},
      {"a b:spare,ejected", "a"},
      {"a:down b:spare,ejected", "probe b"},
      {"a:down b:standby,ejected", "probe b"},
      {"a:down b:set1,ejected", "probe b"},
      {"a:ejected b:standby", "probe a"},
  };
  for (const auto& [words, expected] : rows) {
    Scene scene(words);
    scene.pass(milliseconds{100});
    BOOST_TEST(scene.ask() == expected, words);
  }
}

BOOST_AUTO_TEST_CASE(suspects_that_are_full_are_waited_for) {
  BOOST_TEST(ask("a:ejected b:ejected", {.full = {true, true}}) == "full ab");
  BOOST_TEST(ask("a:ejected b:ejected", {.full = {true, false}}) == "panic b");
  Scene scene("a b:ejected");
  BOOST_TEST(scene.ask({.full = {false, true}, .session = scene.at(1)}) == "full b");
  BOOST_TEST(scene.ask({.full = {false, true}, .session = scene.at(1), .keepsSession = true}) == "full b");
  scene.pass(milliseconds{100});
  BOOST_TEST(scene.ask({.full = {false, true}, .session = scene.at(1)}) == "full b");
}

BOOST_AUTO_TEST_CASE(what_nobody_checks_is_not_down) {
  Scene scene("a:down b");
  Endpoints endpoints = {*scene.at(0), *scene.at(1)};
  BOOST_TEST((standingOf(endpoints[0]) == Standing::kDown));
  endpoints[0].isChecked = false;
  BOOST_TEST((standingOf(endpoints[0]) == Standing::kUsable));
}

BOOST_AUTO_TEST_CASE(a_member_that_is_back_starts_slowly) {
  Scene scene("a");
  BalancerSettings settings;
  settings.slowStart = milliseconds{10'000};
  const Clock::time_point now{std::chrono::hours{20}};
  BOOST_TEST(weightOf(*scene.at(0), settings, now) == 100u);
  scene.at(0)->shared.state->health.returnedAt =
      std::chrono::duration_cast<milliseconds>((now - milliseconds{5000}).time_since_epoch()).count();
  BOOST_TEST(weightOf(*scene.at(0), settings, now) == 50u, "checks have found it up again");
}

BOOST_AUTO_TEST_CASE(a_session_goes_to_its_endpoint_and_elsewhere_when_that_cannot_be) {
  struct Row {
    const char* words;
    bool keeps;
    const char* expected;
  };
  const Row rows[] = {
      {"a b c", false, "session b"},
      {"a b:drained c", false, "session b"},
      {"a b:set1 c", false, "session b"},
      {"a b:standby c", false, "session b"},
      {"a b:down c", false, "ac"},
      {"a b:stopped c", false, "ac"},
      {"a b:ejected c", false, "ac"},
      {"a b:down c", true, "session-down "},
      {"a b:stopped c", true, "session-down "},
      {"a b:ejected c", true, "panic b"},
  };
  for (const Row& row : rows) {
    Scene scene(row.words);
    BOOST_TEST(scene.ask({.session = scene.at(1), .keepsSession = row.keeps}) == row.expected, row.words);
  }
  Scene scene("a b c");
  BOOST_TEST(scene.ask({.full = {false, true, false}, .session = scene.at(1)}) == "full b");
  BOOST_TEST(scene.ask({.tried = {false, true, false}, .session = scene.at(1)}) == "ac");
  BOOST_TEST(scene.ask({.tried = {false, true, false}, .session = scene.at(1), .keepsSession = true}) ==
             "session-down ");
}

BOOST_AUTO_TEST_CASE(the_log_can_say_why_nobody_can) {
  Scene scene("a:down b:stopped c");
  const Endpoints endpoints = {*scene.at(0), *scene.at(1), *scene.at(2)};
  BOOST_TEST(describeStandings(endpoints, {false, false, true}) == "a: down; b: stopped; c: tried");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
