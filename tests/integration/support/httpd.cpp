// See httpd.h.
#include "tests/integration/support/httpd.h"

#include <signal.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <stdexcept>

#include "tests/integration/support/port.h"
#include "tests/integration/support/process_memory.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

constexpr std::chrono::seconds kStopPatience{20};
constexpr const char* kProgram = "/usr/sbin/apache2";
constexpr const char* kHttpdModules = "/usr/lib/apache2/modules";

std::filesystem::path buildDirectory() {
  const char* configured = std::getenv("BUILD");
  return std::filesystem::absolute(configured != nullptr ? configured : "build");
}

std::string loadModuleLine(const std::string& name, const std::filesystem::path& folder) {
  return "LoadModule " + name + "_module \"" + (folder / ("mod_" + name + ".so")).string() + "\"\n";
}

const char* mpmModule(Mpm mpm) {
  switch (mpm) {
    case Mpm::kPrefork:
      return "mpm_prefork";
    case Mpm::kWorker:
      return "mpm_worker";
    default:
      return "mpm_event";
  }
}

// httpd itself is not built with the sanitizer, so its run-time library has to be there first.
std::vector<std::string> sanitizerEnvironment() {
  if (!sanitized()) return {};
  static const std::string kLibrary = [] {
    std::string path = runChecked({"gcc", "-print-file-name=libasan.so"});
    path.erase(path.find_last_not_of('\n') + 1);
    return path;
  }();
  return {"LD_PRELOAD=" + kLibrary, "ASAN_OPTIONS=detect_leaks=0", "UBSAN_OPTIONS=print_stacktrace=1"};
}

}  // namespace

bool sanitized() {
  const char* sanitizer = std::getenv("SANITIZE");
  return sanitizer != nullptr && *sanitizer != '\0';
}

Httpd::Httpd(Mpm mpm, HttpdLimits limits)
    : mpm_(mpm), limits_(limits), errorLog_(directory_.path() / "error.log"), ports_{freePort()} {
  std::filesystem::create_directories(documentRoot());
  std::filesystem::create_directories(directory_.path() / "run");
  // mod_ssl may have been built against a newer patch level of OpenSSL than the machine has.
  expectLog("AH01882");
}

Httpd::~Httpd() {
  try {
    stop();
    checkErrorLog();
  } catch (const std::exception& error) {
    BOOST_ERROR(error.what());
  }
}

void Httpd::loadModule(const std::string& name) {
  modules_.push_back(name);
}

int Httpd::addPort() {
  return ports_.emplace_back(freePort());
}

std::string Httpd::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + path;
}

std::string Httpd::moduleLines() const {
  std::string lines = loadModuleLine(mpmModule(mpm_), kHttpdModules);
  lines += loadModuleLine("authz_core", kHttpdModules);
  for (const std::string& name : modules_) lines += loadModuleLine(name, kHttpdModules);
  return lines + loadModuleLine("fwdproxy", buildDirectory()) + loadModuleLine("revproxy", buildDirectory());
}

std::string Httpd::preforkLines() const {
  const std::string most = std::to_string(limits_.preforkChildren);
  return "StartServers " + std::to_string(limits_.preforkStart) + "\nMinSpareServers 1\nMaxSpareServers " + most +
         "\nServerLimit " + most + "\nMaxRequestWorkers " + most + "\n";
}

std::string Httpd::mpmLines() const {
  if (mpm_ == Mpm::kPrefork) return preforkLines();
  const std::string workers = std::to_string(limits_.children * limits_.threadsPerChild);
  std::string lines = "ServerLimit " + std::to_string(limits_.children + limits_.serverLimitRoom) + "\nStartServers " +
                      std::to_string(limits_.children) + "\nThreadsPerChild " +
                      std::to_string(limits_.threadsPerChild) + "\nMaxRequestWorkers " + workers +
                      "\nMinSpareThreads 1\nMaxSpareThreads " + workers + "\n";
  const bool counted = mpm_ == Mpm::kEvent && limits_.asyncRequestWorkerFactor > 0;
  if (counted) lines += "AsyncRequestWorkerFactor " + std::to_string(limits_.asyncRequestWorkerFactor) + "\n";
  return lines;
}

void Httpd::writeConfiguration() const {
  const std::string root = directory_.path().string();
  std::string text = "ServerRoot \"" + root + "\"\nServerName httpd.test:" + std::to_string(port()) + "\n";
  for (const int port : ports_) text += "Listen 127.0.0.1:" + std::to_string(port) + "\n";
  text += moduleLines() + mpmLines();
  if (::geteuid() == 0) text += "User www-data\nGroup www-data\n";
  text += "ListenBackLog 4096\nPidFile run/httpd.pid\nDefaultRuntimeDir \"" + root + "/run\"\nMutex \"file:" + root +
          "/run\" default\nErrorLog error.log\nLogLevel info\n"
          "LogFormat \"%h %>s %b %X \\\"%r\\\"\" test\nCustomLog access.log test\n"
          "Timeout 30\nKeepAlive On\nMaxKeepAliveRequests 0\nKeepAliveTimeout 30\n"
          "DocumentRoot \"" +
          documentRoot().string() + "\"\nInclude site.conf\n";
  replaceFile("httpd.conf", text);
  replaceFile("site.conf", site_);
}

// A graceful restart of before may be reading it just now.
void Httpd::replaceFile(const std::string& name, const std::string& content) const {
  const auto written = directory_.write(name + ".new", content);
  std::filesystem::rename(written, directory_.path() / name);
}

CommandLine Httpd::commandLine(std::vector<std::string> options) const {
  CommandLine command{{kProgram, "-f", (directory_.path() / "httpd.conf").string()}, sanitizerEnvironment()};
  command.arguments.insert(command.arguments.end(), options.begin(), options.end());
  return command;
}

// Asks what every httpd answers by itself, so that no origin sees the question.
bool Httpd::answers() const {
  try {
    RawClient client(port());
    client.send("OPTIONS * HTTP/1.0\r\n\r\n");
    return !client.readToEnd().data.empty();
  } catch (const std::exception&) {
    return false;
  }
}

void Httpd::start() {
  writeConfiguration();
  process_ = std::make_unique<ChildProcess>(commandLine({"-DFOREGROUND"}), directory_.path() / "console.log");
  const bool ready = waitUntil([this] { return !process_->running() || answers(); });
  if (ready && process_->running()) return;
  throw std::runtime_error("httpd does not start:\n" + readFile(directory_.path() / "console.log") + errorLog_.text());
}

void Httpd::graceful() {
  writeConfiguration();
  process_->signal(SIGUSR1);
}

// SIGTERM makes an event child shut down the sockets of its workers, and one whose connection just ends may have freed
// its socket already: httpd itself then crashes, without any of our modules. So connections that were closed are given
// the time to be gone.
void Httpd::settle() const {
  constexpr std::chrono::milliseconds kMoment{10};
  for (const int port : ports_) waitUntil([port] { return !owesClosing(port); }, std::chrono::seconds(1));
  std::this_thread::sleep_for(kMoment);
}

void Httpd::stop() {
  if (!process_) return;
  settle();
  const bool byItself = process_->terminate(SIGTERM, kStopPatience);
  const int status = process_->waitFor(std::chrono::milliseconds(0)).value_or(-1);
  process_.reset();
  BOOST_TEST(byItself, "httpd did not stop within " << kStopPatience.count() << " s");
  BOOST_TEST((!byItself || status == 0), "httpd ended with status " << status);
}

void Httpd::kill() {
  const std::vector<pid_t> all = children();
  // All are of its group, for it was started in the foreground.
  ::kill(-process_->pid(), SIGKILL);
  process_->waitFor(kStopPatience);
  process_.reset();
  for (const pid_t child : all) waitUntil([child] { return openDescriptors(child) == 0; });
  // The kernel closes a socket somewhat later than its descriptor is gone.
  for (const int port : ports_) waitUntil([port] { return !isListenedOn(port); });
}

CommandResult Httpd::configtest() {
  writeConfiguration();
  return runCommand(commandLine({"-t"}));
}

CommandResult Httpd::configtest(const std::string& define) {
  writeConfiguration();
  return runCommand(commandLine({"-t", "-D", define}));
}

std::vector<pid_t> Httpd::children() const {
  return childrenOf(parent());
}

void Httpd::requireLog(const std::string& pattern) {
  errorLog_.expect(pattern);
  const bool found = errorLog_.waitFor(pattern);  // before the message is made
  BOOST_TEST(found, "no line of the error log matches " << pattern << "\n" << errorLog_.text());
}

void Httpd::checkErrorLog() {
  for (const std::string& line : errorLog_.unexpectedLines()) BOOST_ERROR("in httpd's error log: " + line);
  const std::string console = readFile(directory_.path() / "console.log");
  BOOST_TEST(console.empty(), "on httpd's console: " << console);
}

}  // namespace proxytest
