// See case_runner.h.
#include "tests/integration/cache/case_runner.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "tests/integration/cache/case_judge.h"
#include "tests/integration/cache/case_texts.h"
#include "tests/integration/cache/expectation.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest::cache {
namespace {

// Beyond max-age=1, whose age counts whole seconds.
constexpr std::chrono::milliseconds kExpiry{2100};
// What begins in the same millisecond as an invalidation may be taken for older, and is then not stored.
constexpr std::chrono::milliseconds kMoment{2};

bool hasPause(const Case& row) {
  for (const Step& step : row.steps) {
    if (step.afterExpiry) return true;
  }
  return false;
}

}  // namespace

struct CaseRunner::Play {
  Play(const Case& theRow, std::size_t number, const std::string& authority)
      : row(theRow), texts("/c" + std::to_string(number), authority) {}

  const Case& row;
  CaseTexts texts;
  std::size_t next = 0;         // step
  std::vector<Answer> answers;  // that the origin was prepared to give, by step
  std::vector<std::string> faults;
};

CaseRunner::CaseRunner(Module module, Cases cases)
    : module_(module), cases_(std::move(cases)), httpd_(Mpm::kEvent), plays_(cases_.size()) {
  httpd_.configure(directives());
  httpd_.expectLog(module == Module::kForward ? "fwdproxy" : "revproxy");  // origins that break off are told of
  httpd_.start();
  client_ = std::make_unique<CaseClient>(httpd_.port());
}

CaseRunner::~CaseRunner() = default;

std::string CaseRunner::directives() const {
  const std::string origin = "127.0.0.1:" + std::to_string(origin_.port());
  if (module_ == Module::kForward) return "FwdProxyRequests On\nFwdProxyAllow " + origin + "\nFwdProxyCache On\n";
  return "RevProxyPass / http://" + origin + "/\nRevProxyCache On\n";
}

std::string CaseRunner::authority() const {
  if (module_ == Module::kForward) return "127.0.0.1:" + std::to_string(origin_.port());
  return "cache.test:" + std::to_string(httpd_.port());
}

void CaseRunner::run(std::size_t number) {
  Play& play = playOf(number);
  if (hasPause(play.row)) waitTogether();
  while (play.next < play.row.steps.size()) {
    perform(play, play.row.steps[play.next]);
    ++play.next;
  }
  for (const std::string& fault : play.faults) BOOST_ERROR(fault);
  BOOST_TEST(play.faults.empty(), "RFC " << play.row.section << ": \"" << play.row.quote << "\"");
}

CaseRunner::Play& CaseRunner::playOf(std::size_t number) {
  std::unique_ptr<Play>& play = plays_[number];
  if (!play) play = std::make_unique<Play>(cases_[number], number, authority());
  return *play;
}

void CaseRunner::playToPause(Play& play) {
  while (play.next < play.row.steps.size() && !play.row.steps[play.next].afterExpiry) {
    perform(play, play.row.steps[play.next]);
    ++play.next;
  }
}

void CaseRunner::waitTogether() {
  if (std::exchange(waited_, true)) return;
  for (std::size_t number = 0; number < cases_.size(); ++number) {
    if (hasPause(cases_[number])) playToPause(playOf(number));
  }
  std::this_thread::sleep_for(kExpiry);
}

Received CaseRunner::ask(const Play& play, const Step& step) {
  const std::string site = module_ == Module::kForward ? "http://" + play.texts.authority() : "";
  std::string head = step.method + " " + site + play.texts.base() + step.path + " HTTP/1.1\r\n";
  if (!isAbout(step.request, "Host")) head += "Host: " + play.texts.authority() + "\r\n";
  for (const std::string& field : step.request) head += field + "\r\n";
  if (!step.body.empty()) head += "Content-Length: " + std::to_string(step.body.size()) + "\r\n";
  try {
    return client_->ask(step.method, head + "\r\n", step.body);
  } catch (const std::exception&) {
    client_ = std::make_unique<CaseClient>(httpd_.port());
    throw;
  }
}

void CaseRunner::repeat(Play& play, const Step& step, const Answer& expected) {
  const bool came = waitUntil([&] { return ask(play, step).body == expected.body; });
  if (!came) play.faults.push_back("what the origin has said in the background never comes");
}

void CaseRunner::perform(Play& play, const Step& row) {
  const std::string where = "step " + std::to_string(play.next) + " of " + play.row.name + ": ";
  Step step = row;
  step.request = play.texts.filled(row.request);
  step.seen = play.texts.filled(row.seen);
  step.originSees = play.texts.filled(row.originSees);
  step.origin = play.texts.filled(row.origin, play.next);
  if (row.unconditional) step.unconditional = play.texts.filled(*row.unconditional, play.next);
  play.answers.push_back(step.unconditional.value_or(step.origin));
  // What is waited for may yet have to be asked for.
  if (step.way != Step::Way::kEventually) {
    origin_.prepare(play.texts.base(), step.origin, step.unconditional.value_or(step.origin));
  }
  using Way = Step::Way;
  const bool isOfBefore = step.way == Way::kStored || step.way == Way::kValidated || step.way == Way::kStale ||
                          step.way == Way::kBehind || step.way == Way::kEventually;
  const Answer& expected = play.answers[isOfBefore ? step.from : play.next];
  try {
    if (step.way == Step::Way::kEventually) return repeat(play, step, expected);
    const Received received = ask(play, step);
    // Else the next step might tell the origin what to say to it.
    if (step.way == Way::kBehind) waitUntil([&] { return !origin_.seen(play.texts.base()).empty(); });
    if (step.method != "GET" && step.method != "HEAD") std::this_thread::sleep_for(kMoment);
    const Observation observation{step, expected, received, origin_.seen(play.texts.base())};
    for (const std::string& fault : faultsOf(observation)) play.faults.push_back(where + fault);
  } catch (const std::exception& error) {
    play.faults.push_back(where + error.what());
  }
}

}  // namespace proxytest::cache
