// The rows of case.h as test cases, each in a suite named after its section: cache_table/rfc9111_5_2_2_5/no_store, and
// cache_table_forward/rfc9111_5_2_2_5/no_store for the same through the forward proxy.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <memory>
#include <optional>

#include "tests/integration/cache/case_runner.h"
#include "tests/integration/cache/expectation.h"

namespace proxytest::cache {
namespace {

using boost::unit_test::function_based_fixture;
using boost::unit_test::test_suite;

std::string suiteName(const std::string& section) {
  std::string name = "rfc" + section;
  std::replace_if(
      name.begin(), name.end(), [](char letter) { return letter == ' ' || letter == '.'; }, '_');
  return name;
}

// Rows that name a host of their own are left out: whoever asks a forward proxy names the origin's.
Cases forwardCases() {
  Cases cases = allCases();
  std::erase_if(cases, [](const Case& row) {
    return std::any_of(row.steps.begin(), row.steps.end(),
                       [](const Step& step) { return isAbout(step.request, "Host"); });
  });
  return cases;
}

// One httpd for all that run: it starts and ends with the suite.
test_suite* tableOf(const char* name, Module module, const Cases& cases) {
  const auto runner = std::make_shared<std::optional<CaseRunner>>();
  test_suite* table = BOOST_TEST_SUITE(name);
  table->p_fixtures.value.emplace_back(new function_based_fixture(
      [runner, module, cases] { runner->emplace(module, cases); }, [runner] { runner->reset(); }));
  std::map<std::string, test_suite*> sections;
  for (std::size_t number = 0; number < cases.size(); ++number) {
    const Case& row = cases[number];
    test_suite*& section = sections[row.section];
    if (section == nullptr) {
      section = BOOST_TEST_SUITE(suiteName(row.section));
      table->add(section);
    }
    section->add(
        boost::unit_test::make_test_case([runner, number] { (*runner)->run(number); }, row.name, __FILE__, __LINE__));
  }
  return table;
}

const bool kIsAdded = [] {
  test_suite& all = boost::unit_test::framework::master_test_suite();
  all.add(tableOf("cache_table", Module::kReverse, allCases()));
  all.add(tableOf("cache_table_forward", Module::kForward, forwardCases()));
  return true;
}();

}  // namespace

BOOST_AUTO_TEST_CASE(cache_table_is_long_enough) {
  BOOST_TEST(kIsAdded);
  BOOST_TEST(allCases().size() >= 300U);
  BOOST_TEST(forwardCases().size() + 10 >= allCases().size());
}

}  // namespace proxytest::cache
