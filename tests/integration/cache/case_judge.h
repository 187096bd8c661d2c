// What is wrong with one step of a case, in words.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/cache/case.h"
#include "tests/integration/cache/case_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest::cache {

struct Observation {
  Step step;        // its texts filled in
  Answer expected;  // what the client is to get: the origin's answer now, or that of an earlier step
  Received received;
  std::vector<OriginRequest> requests;  // that reached the origin meanwhile
};

std::vector<std::string> faultsOf(const Observation& observation);

}  // namespace proxytest::cache
