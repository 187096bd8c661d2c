// See error_log.h.
#include "tests/integration/support/error_log.h"

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/integration/support/temporary_directory.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

constexpr std::chrono::seconds kLogPatience{5};

}  // namespace

std::string ErrorLog::text() const {
  return readFile(path_);
}

std::vector<std::string> ErrorLog::lines() const {
  std::vector<std::string> result;
  std::istringstream stream(text());
  for (std::string line; std::getline(stream, line);) result.push_back(line);
  return result;
}

std::vector<std::string> ErrorLog::linesMatching(const std::string& pattern) const {
  const std::regex expression(pattern);
  std::vector<std::string> result;
  for (const std::string& line : lines()) {
    if (std::regex_search(line, expression)) result.push_back(line);
  }
  return result;
}

bool ErrorLog::waitFor(const std::string& pattern) const {
  return waitUntil([&] { return !linesMatching(pattern).empty(); }, kLogPatience);
}

std::vector<std::string> ErrorLog::unexpectedLines() const {
  static const std::regex kCrash("AddressSanitizer|runtime error:|exit signal|Assertion|terminate called");
  // Of a child that the test has killed itself.
  static const std::regex kKill("exit signal Killed");
  // What does not look like a line of httpd's own went to stderr, past its log.
  static const std::regex kHarmless(R"(^\[[^\]]+\] \[[a-z0-9_]*:(notice|info|debug|trace[1-8])\] )");
  std::vector<std::regex> announced;
  for (const std::string& pattern : expected_) announced.emplace_back(pattern);
  std::vector<std::string> result;
  for (const std::string& line : lines()) {
    const auto matches = [&](const std::regex& expression) { return std::regex_search(line, expression); };
    const bool isAnnounced = std::any_of(announced.begin(), announced.end(), matches);
    const bool isCrash = matches(kCrash) && !(isAnnounced && matches(kKill));
    if (!line.empty() && (isCrash || !(isAnnounced || matches(kHarmless)))) result.push_back(line);
  }
  return result;
}

}  // namespace proxytest
