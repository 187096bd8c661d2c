// See configtest.h.
#include "tests/integration/support/configtest.h"

#include <boost/test/unit_test.hpp>
#include <regex>

#include "tests/integration/support/httpd.h"

namespace proxytest {

void expectMessage(const std::string& text, int line, const std::vector<std::string>& said) {
  Httpd httpd(Mpm::kEvent);
  httpd.configure(text);
  const CommandResult result = httpd.configtest();
  BOOST_TEST_CONTEXT(text << "\nsays\n" << result.output) {
    BOOST_TEST(result.exitStatus != 0);
    BOOST_TEST(std::regex_search(result.output, std::regex("line " + std::to_string(line) + " of .*site\\.conf|" +
                                                           "site\\.conf:" + std::to_string(line) + "\\b")));
    for (const std::string& pattern : said) {
      BOOST_TEST(std::regex_search(result.output, std::regex(pattern)), "not said: " << pattern);
    }
  }
}

void expectMessages(const std::string& directive, const std::vector<Mistake>& mistakes) {
  // So that a line number is worth something.
  const std::string before = "# the test's own file\nRevProxyTimeout 10\n";
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> said = mistake.said;
    said.push_back("\\b" + directive + "\\b");
    expectMessage(before + mistake.line + "\n", 3, said);
  }
}

}  // namespace proxytest
