// A real httpd with both modules, in a ServerRoot of its own, started and stopped by a test. It knows httpd's
// processes, files and log, and nothing of what the modules do.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/child_process.h"
#include "tests/integration/support/error_log.h"
#include "tests/integration/support/temporary_directory.h"

namespace proxytest {

enum class Mpm { kEvent, kPrefork, kWorker };

// How many processes and threads serve. Under event and worker there are never more than `children` of one generation.
struct HttpdLimits {
  int children = 1;
  int threadsPerChild = 25;
  int serverLimitRoom = 14;             // slots for children of earlier generations that still finish a request
  int asyncRequestWorkerFactor = 1000;  // 0: httpd's own, as Debian's configuration leaves it
  int preforkStart = 4;
  int preforkChildren = 32;
};

// What httpd says when all workers or slots are taken, for tests that take them.
inline constexpr const char* kAllTaken = "AH00(161|288|484|485)";

class Httpd {
 public:
  explicit Httpd(Mpm mpm, HttpdLimits limits = {});
  // Stops it and fails the test for what the error log should not hold.
  ~Httpd();
  Httpd(const Httpd&) = delete;
  Httpd& operator=(const Httpd&) = delete;

  // Before start. Names are those of the files in httpd's modules folder: "ssl" is mod_ssl.so.
  void loadModule(const std::string& name);
  int addPort();
  // The test's own directives, in a file of their own: line 1 of the text is line 1 of site.conf.
  void configure(std::string text) { site_ = std::move(text); }

  int port() const { return ports_.front(); }
  std::string url(const std::string& path = "/") const;
  std::string proxyUrl() const { return url(""); }
  const TemporaryDirectory& directory() const { return directory_; }
  std::filesystem::path documentRoot() const { return directory_.path() / "htdocs"; }

  void start();     // returns when it answers; throws with the error log when it does not start
  void graceful();  // takes up what configure() said since
  void stop();
  void kill();                 // it and all its children at once, as when the machine goes down; start() may follow
  CommandResult configtest();  // does not start anything
  // The same with a -D, such as one that makes a module print what it has read.
  CommandResult configtest(const std::string& define);

  pid_t parent() const { return process_->pid(); }
  std::vector<pid_t> children() const;

  void expectLog(const std::string& pattern) { errorLog_.expect(pattern); }  // may appear
  void requireLog(const std::string& pattern);                               // must appear, waits for it
  void checkErrorLog();                                                      // also done at the end
  const ErrorLog& errorLog() const { return errorLog_; }

 private:
  void writeConfiguration() const;
  void replaceFile(const std::string& name, const std::string& content) const;
  std::string moduleLines() const;
  std::string mpmLines() const;
  std::string preforkLines() const;
  CommandLine commandLine(std::vector<std::string> options) const;
  bool answers() const;
  void settle() const;

  Mpm mpm_;
  HttpdLimits limits_;
  TemporaryDirectory directory_;
  ErrorLog errorLog_;
  std::vector<int> ports_;
  std::vector<std::string> modules_;
  std::string site_;
  std::unique_ptr<ChildProcess> process_;
};

// Under a sanitizer memory and time say nothing about the product.
bool sanitized();

}  // namespace proxytest
