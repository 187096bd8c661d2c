// Every configuration that the project ships is one that httpd takes.
#include <fstream>
#include <iterator>

#include "tests/integration/support/proxy_test.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(examples)

namespace {

std::string textOf(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The directives that a shipped file has behind its comment signs, so that what users uncomment is right too.
std::string uncommented(const std::string& text) {
  std::string directives;
  std::size_t start = 0;
  while (start < text.size()) {
    const auto end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (line.starts_with("#   ") && line.find("Listen") == std::string::npos) directives += line.substr(4) + "\n";
    start = end + 1;
  }
  return directives;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_example_passes_configtest) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("conf/examples")) {
    Httpd httpd(Mpm::kEvent);
    httpd.configure(textOf(entry.path()));
    const CommandResult result = httpd.configtest();
    BOOST_TEST(result.exitStatus == 0, entry.path() << ": " << result.output);
    ++count;
  }
  BOOST_TEST(count > 0);
}

BOOST_AUTO_TEST_CASE(what_the_installed_files_suggest_passes_configtest) {
  for (const std::string name : {"conf/fwdproxy.conf", "conf/revproxy.conf"}) {
    const std::string text = uncommented(textOf(name));
    BOOST_TEST(text.find("Proxy") != std::string::npos);
    Httpd httpd(Mpm::kEvent);
    httpd.configure(text);
    const CommandResult result = httpd.configtest();
    BOOST_TEST(result.exitStatus == 0, name << ": " << result.output);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
