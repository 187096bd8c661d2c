// httpd's error log as a test sees it: lines that it announced may be there, any other one at level warn or worse makes
// it fail, and so does a crash or a sanitizer's report, announced or not; of those only a kill can be announced.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace proxytest {

class ErrorLog {
 public:
  explicit ErrorLog(std::filesystem::path path) : path_(std::move(path)) {}

  void expect(const std::string& pattern) { expected_.push_back(pattern); }

  std::string text() const;
  std::vector<std::string> linesMatching(const std::string& pattern) const;
  bool waitFor(const std::string& pattern) const;  // for a line that a process may be about to write

  std::vector<std::string> unexpectedLines() const;

 private:
  std::vector<std::string> lines() const;

  std::filesystem::path path_;
  std::vector<std::string> expected_;
};

}  // namespace proxytest
