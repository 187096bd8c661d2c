// The origin of the table: answers a request by the case whose path it has, and keeps what it saw of each case apart.
// Its own threads answer; a test's thread tells it what to say before it asks.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/integration/cache/case.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest::cache {

class CaseOrigin {
 public:
  CaseOrigin();

  int port() const { return origin_.port(); }

  // From now on requests below that path get this, or that where they have no conditions, texts filled in and with a
  // body; what was seen of it is forgotten.
  void prepare(const std::string& base, Answer answer, Answer unconditional);
  std::vector<OriginRequest> seen(const std::string& base) const;

 private:
  struct Place {
    Answer answer;
    Answer unconditional;
    std::vector<OriginRequest> requests;
  };

  void serve(OriginConnection& connection);
  Answer answerTo(const OriginRequest& request);

  mutable std::mutex mutex_;
  std::map<std::string, Place> places_;
  ScriptedOrigin origin_;  // last: its threads use the others
};

}  // namespace proxytest::cache
