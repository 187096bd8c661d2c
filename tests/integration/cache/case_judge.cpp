// See case_judge.h.
#include "tests/integration/cache/case_judge.h"

#include "tests/integration/cache/expectation.h"

namespace proxytest::cache {
namespace {

using Way = Step::Way;
using Faults = std::vector<std::string>;

void add(Faults& faults, const std::string& where, const Faults& more) {
  for (const std::string& fault : more) faults.push_back(where + ": " + fault);
}

bool isFromStore(Way way) {
  return way == Way::kStored || way == Way::kStale || way == Way::kBehind || way == Way::kEventually;
}

// An origin that closes may be asked again.
bool hasRightNumber(const Observation& seen) {
  const std::size_t count = seen.requests.size();
  switch (seen.step.way) {
    case Way::kStored:
    case Way::kOwn:
      return count == 0;
    case Way::kBehind:
      return count == 1;
    case Way::kForwarded:
    case Way::kValidated:
      if (seen.step.unconditional) return count == 2;
      return count == 1 || (count > 1 && seen.step.origin.framing == Answer::Framing::kNothing);
    case Way::kError:
      return !seen.step.unconditional || count == 2;
    default:
      return true;
  }
}

void judgeOrigin(const Observation& seen, Faults& faults) {
  if (!hasRightNumber(seen)) {
    faults.push_back("the origin saw " + std::to_string(seen.requests.size()) + " requests");
    for (const OriginRequest& request : seen.requests) faults.push_back("the origin saw\n" + request.head);
  }
  for (const OriginRequest& request : seen.requests) {
    add(faults, "at the origin", unmet(request.headers(), seen.step.originSees));
  }
}

void judgeStatus(const Observation& seen, Faults& faults) {
  const std::string& line = seen.received.statusLine;
  const auto& code = seen.step.status;
  if (code && seen.received.status() != *code) faults.push_back("the status is " + line);
  if (!code && line != "HTTP/1.1 " + seen.expected.status) {
    faults.push_back("the status is \"" + line + "\", not " + seen.expected.status);
  }
}

std::string shortened(const std::string& text) {
  constexpr std::size_t kEnough = 200;
  return text.size() <= kEnough ? text : text.substr(0, kEnough) + "… of " + std::to_string(text.size()) + " bytes";
}

void judgeBody(const Observation& seen, Faults& faults) {
  if (seen.step.seenBody && seen.received.body != *seen.step.seenBody) {
    faults.push_back("the body is \"" + shortened(seen.received.body) + "\", not \"" + shortened(*seen.step.seenBody) +
                     "\"");
  }
  for (const std::string& part : seen.step.bodyParts) {
    if (seen.received.body.find(part) == std::string::npos) {
      faults.push_back("\"" + part + "\" is not in the body \"" + shortened(seen.received.body) + "\"");
    }
  }
  if (seen.step.seenBody || seen.step.status) return;
  const int status = seen.received.status();
  const bool none = seen.step.method == "HEAD" || status == 204 || status == 304;
  const std::string expected = none ? "" : seen.expected.body.value_or("");
  if (seen.received.body != expected) faults.push_back("the body is \"" + shortened(seen.received.body) + "\"");
}

// A field that a 304 brings replaces the stored one: the row says what it is then.
void judgeFields(const Observation& seen, Faults& faults) {
  add(faults, "to the client", unmet(seen.received.fields, seen.step.seen));
  if (seen.step.status) return;
  Fields besides = seen.step.seen;
  if (seen.step.way == Way::kValidated) {
    besides.push_back("Date");  // a 304 without one is dated when it comes: RFC 9110 6.6.1
    for (const std::string& field : seen.step.origin.fields) besides.push_back(nameOf(field));
  }
  add(faults, "to the client", changed(listOf(seen.expected.fields), seen.received.fields, besides));
  if (!isFromStore(seen.step.way)) return;
  // What went forward in vain is not a hit: RFC 9211 2.2.
  Fields always{"Age", seen.step.way == Way::kStored ? "Cache-Status ~ hit" : "Cache-Status"};
  if (!isAbout(seen.expected.fields, "Warning")) always.push_back("!Warning");
  add(faults, "from the store", unmet(seen.received.fields, always));
}

// A response that breaks off must not look whole.
bool isBroken(const Received& received) {
  return !received.complete || received.status() >= 500;
}

}  // namespace

std::vector<std::string> faultsOf(const Observation& observation) {
  Faults faults;
  judgeOrigin(observation, faults);
  if (observation.step.way == Way::kBroken || observation.step.way == Way::kError) {
    const bool isRight =
        observation.step.way == Way::kBroken ? isBroken(observation.received) : observation.received.status() >= 500;
    if (!isRight) faults.push_back("the client got a whole \"" + observation.received.statusLine + "\"");
    add(faults, "to the client", unmet(observation.received.fields, observation.step.seen));
    return faults;
  }
  judgeStatus(observation, faults);
  judgeBody(observation, faults);
  judgeFields(observation, faults);
  return faults;
}

}  // namespace proxytest::cache
