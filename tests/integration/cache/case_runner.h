// Plays the cases against one httpd and holds what is seen against what the row says. For Boost.Test's own thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cache/case.h"
#include "tests/integration/cache/case_client.h"
#include "tests/integration/cache/case_origin.h"
#include "tests/integration/support/httpd.h"

namespace proxytest::cache {

// Whose cache it is, and so how a client asks: for a path of that host, or for a whole URL of the origin's.
enum class Module { kReverse, kForward };

class CaseRunner {
 public:
  CaseRunner(Module module, Cases cases);
  ~CaseRunner();

  void run(std::size_t number);  // fails the test for what is not as the row says

 private:
  struct Play;

  std::string directives() const;
  std::string authority() const;  // of the URLs
  Play& playOf(std::size_t number);
  void playToPause(Play& play);  // up to the step that has to wait, or to the end
  void waitTogether();           // all that have to wait come to their pause, and there is one for all
  void perform(Play& play, const Step& step);
  void repeat(Play& play, const Step& step, const Answer& expected);
  Received ask(const Play& play, const Step& step);

  Module module_;
  Cases cases_;
  CaseOrigin origin_;
  Httpd httpd_;
  std::vector<std::unique_ptr<Play>> plays_;  // by number, those that have begun
  std::unique_ptr<CaseClient> client_;
  bool waited_ = false;
};

}  // namespace proxytest::cache
