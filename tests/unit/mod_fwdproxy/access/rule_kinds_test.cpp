// The contract of every kind of rule: it recognises its own form, and what it makes of it matches what it names and
// nothing else. A new kind needs a row in kSamples.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "mod_fwdproxy/access/rule.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace fwdproxy;

BOOST_AUTO_TEST_SUITE(rule_kinds)

namespace {

struct Sample {
  std::string_view kind;
  std::string_view text;
  std::vector<std::string_view> own;
  std::vector<std::string_view> foreign;
};

const std::vector<Sample> kSamples = {
    {"any name",
     "*",
     {"example.com", "a", "x.example", "1.2.3.4.example"},
     {"127.0.0.1", "8.8.8.8", "::1", "2001:db8::1", "::ffff:8.8.8.8"}},
    {"suffix",
     "*.example.com",
     {"a.example.com", "a.b.example.com", "example.com.example.com"},
     {"example.com", ".example.com", "xexample.com", "a.example.com.evil.test", "a.example.net", "com", "", "127.0.0.1",
      "::1"}},
    {"network",
     "10.1.0.0/16",
     {"10.1.0.0", "10.1.255.255"},
     {"10.0.255.255", "10.2.0.0", "example.com", "10.1", "10.1.0.0.example", "::ffff:10.1.0.0", "::10.1.0.0", "::1",
      "*"}},
    {"network", "192.0.2.1", {"192.0.2.1"}, {"192.0.2.0", "192.0.2.2", "192.0.2.1.example", "::ffff:192.0.2.1"}},
    {"network", "2001:db8::/32", {"2001:db8::", "2001:db8:ffff::1"}, {"2001:db9::", "::1", "127.0.0.1", "example.com"}},
    {"name",
     "Example.COM.",
     {"example.com"},
     {"a.example.com", "xexample.com", "example.co", "example.com.evil.test", "", "127.0.0.1", "::1", "*"}},
};

// The kind that is asked first of those that recognise the text.
std::string_view kindOf(std::string_view text) {
  for (const auto& row : ruleKinds().rows())
    if (row.implementation.recognises(text)) return row.name;
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_kind_has_a_sample) {
  for (const auto& row : ruleKinds().rows())
    BOOST_TEST(
        std::any_of(kSamples.begin(), kSamples.end(), [&](const Sample& sample) { return sample.kind == row.name; }),
        row.name);
}

BOOST_AUTO_TEST_CASE(each_kind_takes_its_own_form_before_any_other_does) {
  for (const Sample& sample : kSamples) BOOST_TEST(kindOf(sample.text) == sample.kind, sample.text);
  for (const std::string_view text : {"", "**", "*x", "a*"}) BOOST_TEST(kindOf(text) == "none", text);
  for (const std::string_view text : {"10.1", "10.0.0.256", "::", "a/8"}) BOOST_TEST(kindOf(text) == "network", text);
}

BOOST_AUTO_TEST_CASE(each_rule_matches_what_it_names_and_nothing_else) {
  for (const Sample& sample : kSamples) BOOST_TEST_CONTEXT(sample.text) {
      const RuleKind* kind = ruleKinds().find(sample.kind);
      BOOST_REQUIRE(kind);
      const auto rule = kind->make(sample.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(rule), "done");
      for (const std::string_view host : sample.own) BOOST_TEST((*rule)->matches(NamedHost::of(host)), host);
      for (const std::string_view host : sample.foreign) BOOST_TEST(!(*rule)->matches(NamedHost::of(host)), host);
    }
}

BOOST_AUTO_TEST_CASE(rules_over_networks_alone_name_one) {
  for (const Sample& sample : kSamples) BOOST_TEST_CONTEXT(sample.text) {
      const auto rule = makeHostRule(sample.text);
      BOOST_REQUIRE_EQUAL(outcomeOf(rule), "done");
      BOOST_TEST((*rule)->network().has_value() == (sample.kind == "network"));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
