// RFC 9111 4.2.1 to 4.2.3, 5.1, 5.3: how long a response is fresh, and how old it is.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

Cases lifetimes() {
  const char* section = "9111 4.2.1";
  const char* first = "evaluating the following rules and using the first match";
  const char* twice = "either the first occurrence should be used or the response should be considered stale";
  const char* invalid = "Caches are encouraged to consider responses that have invalid freshness information";
  const char* overflow = "the cache MUST consider the value to be 2147483648";
  Cases rows{
      reused(section, "max_age_over_expires", first, ok({"Cache-Control: max-age=60", "Expires: @-3600"})),
      validatedAlways(section, "zero_over_expires", first, ok({"Cache-Control: max-age=0", "Expires: @3600"})),
      reused(section, "s_maxage_over_all", first,
             ok({"Cache-Control: max-age=0, s-maxage=60", "Expires: @-3600", "Date: @0"})),
      reused(section, "expires_minus_date", first, ok({"Date: @7200", "Expires: @10800"})),
      validatedAlways(section, "expires_before_date", first, ok({"Date: @7200", "Expires: @3600"})),
      validatedAlways(section, "expires_is_date", first, ok({"Date: @0", "Expires: @0"})),
      validatedAlways(section, "two_max_ages", twice, ok({"Cache-Control: max-age=0, max-age=60"})),
      validatedAlways(section, "two_expires", twice, ok({"Expires: @-3600", "Expires: @3600"})),
      validatedAlways(section, "no_cache_and_max_age", "the most restrictive directive should be honored",
                      ok({"Cache-Control: max-age=60, no-cache"})),
      reused("9111 1.2.2", "larger_than_31_bits", overflow, ok({"Cache-Control: max-age=2147483648"})),
      reused("9111 1.2.2", "larger_than_63_bits", overflow, ok({"Cache-Control: max-age=99999999999999999999"})),
      reused("9111 1.2.2", "leading_zeros", "a non-negative integer, representing time in seconds",
             ok({"Cache-Control: max-age=0060"})),
  };
  for (const char* value : {"1.5", "sixty", "-5", "", "60s", "6 0", "0x60"}) {
    rows.push_back(askedAgain(section, "invalid_max_age_" + std::to_string(rows.size()), invalid,
                              ok({"Cache-Control: max-age=" + std::string(value)})));
  }
  return rows;
}

Cases expires() {
  const char* section = "9111 5.3";
  const char* quote = "gives the date/time after which the response is considered stale";
  const char* invalid = "A cache recipient MUST interpret invalid date formats, especially the value \"0\"";
  Cases rows{
      reused(section, "to_come", quote, ok({"Expires: @3600"})),
      validatedAlways(section, "past", quote, ok({"Expires: @-3600"})),
      reused(section, "ignored_for_max_age", "a recipient MUST ignore the Expires header field",
             ok({"Cache-Control: max-age=60", "Expires: 0"})),
      reused(section, "ignored_for_s_maxage", "a shared cache recipient MUST ignore the Expires header field",
             ok({"Cache-Control: s-maxage=60", "Expires: 0"})),
      reused(section, "far_away", "longer freshness lifetimes are no longer prohibited",
             ok({"Expires: Thu, 01 Jan 2060 00:00:00 GMT"})),
      reused("9111 4.2", "rfc_850_date", "to avoid common problems in date parsing",
             ok({"Expires: Thursday, 01-Jan-60 00:00:00 GMT"})),
      reused("9111 4.2", "asctime_date", "to avoid common problems in date parsing",
             ok({"Expires: Thu Jan  1 00:00:00 2060"})),
      reused("9111 4.2", "date_in_other_letters", "a cache recipient SHOULD match the field value case-insensitively",
             ok({"Expires: thu, 01 JAN 2060 00:00:00 gmt"})),
      askedAgain("9111 4.2", "other_zone",
                 "A cache recipient SHOULD consider a date with a zone abbreviation other than",
                 ok({"Expires: Thu, 01 Jan 2060 00:00:00 EST"})),
  };
  for (const char* value : {"0", "-1", "", "soon", "3600", "Thu, 32 Jan 2060 00:00:00 GMT", "2060-01-01T00:00:00Z",
                            "Thu, 01 Foo 2060 00:00:00 GMT", "Thu, 01 Jan 2060 25:00:00 GMT"}) {
    rows.push_back(askedAgain(section, "invalid_" + std::to_string(rows.size()), invalid,
                              ok({"Expires: " + std::string(value), "Last-Modified: @-36000"})));
  }
  return rows;
}

Cases heuristics() {
  const char* section = "9111 4.2.2";
  const char* explicitly =
      "A cache MUST NOT use heuristics to determine freshness when an explicit expiration time is present";
  const char* fraction = "no more than some fraction of the interval since that time";
  return {
      reused(section, "old_document", fraction, ok({"Last-Modified: @-36000"})),
      reused(section, "tenth_of_the_time", fraction, ok({"Last-Modified: @-36000", "Age: 3000"})),
      validatedAlways(section, "more_than_a_tenth", fraction, ok({"Last-Modified: @-36000", "Age: 4000"})),
      askedAgain(section, "just_changed", fraction, ok({"Last-Modified: @-5"})),
      askedAgain(section, "nothing_to_go_by", "employing algorithms that use other field values", ok()),
      askedAgain(section, "change_to_come", fraction, ok({"Last-Modified: @3600"})),
      askedAgain(section, "invalid_date", fraction, ok({"Last-Modified: yesterday"})),
      validatedAlways(section, "not_beside_max_age", explicitly,
                      ok({"Cache-Control: max-age=0", "Last-Modified: @-36000"})),
      validatedAlways(section, "not_beside_s_maxage", explicitly,
                      ok({"Cache-Control: s-maxage=0", "Last-Modified: @-36000"})),
      validatedAlways(section, "not_beside_expires", explicitly, ok({"Expires: @-10", "Last-Modified: @-36000"})),
      validatedAlways(section, "not_beside_no_cache", explicitly,
                      ok({"Cache-Control: no-cache", "Last-Modified: @-36000"})),
      {section,
       "query_is_no_hindrance",
       "In practice, this has not been widely implemented",
       {first({"Last-Modified: @-36000"}).at("/?a=b"), get().at("/?a=b").hit()}},
  };
}

Cases ages() {
  const char* section = "9111 4.2.3";
  const char* sum = "the sum of the time that the response has been resident in each of the caches along the path";
  const char* apparent = "response_time minus date_value";
  const char* list = "a cache encountering a message with a list-based Age field value SHOULD use the first member";
  const char* invalid = "a cache SHOULD ignore the field";
  const char* fresh = "Cache-Control: max-age=60";
  const auto aged = [&](const char* where, std::string name, const char* quote, Fields fields,
                        std::string range) -> Case {
    fields.emplace_back(fresh);
    return {where, std::move(name), quote, {first(std::move(fields)), get().hit().sees({"Age in " + range})}};
  };
  return {
      aged(section, "of_others", sum, {"Age: 30"}, "30-35"),
      aged(section, "none", sum, {}, "0-5"),
      aged(section, "by_date", apparent, {"Date: @-30"}, "30-35"),
      aged(section, "larger_of_both", "can be calculated more conservatively", {"Date: @-30", "Age: 10"}, "30-35"),
      aged(section, "larger_of_both_is_age", "can be calculated more conservatively", {"Date: @-10", "Age: 30"},
           "30-35"),
      aged(section, "date_to_come", "If the result is negative, the result is replaced by zero", {"Date: @50"}, "0-5"),
      validatedAlways(section, "age_is_the_lifetime", "response_is_fresh = (freshness_lifetime > current_age)",
                      ok({fresh, "Age: 60"})),
      validatedAlways(section, "too_old_by_age", sum, ok({fresh, "Age: 100"})),
      validatedAlways(section, "too_old_by_date", apparent, ok({fresh, "Date: @-100"})),
      {section,
       "grows",
       "adding the time (in seconds) since the stored response was last validated",
       {first({fresh, "Age: 20"}), get().hit().sees({"Age in 20-21"}), get().later().hit().sees({"Age in 22-40"})}},
      {section,
       "new_after_validation",
       "since the stored response was last validated by the origin server",
       {first({fresh, "Age: 100", "ETag: \"kept\""}),
        get().answered(notModified({"ETag: \"kept\"", "Age: 0"})).validated({}), get().hit().sees({"Age in 0-5"})}},
      aged("9111 5.1", "list", list, {"Age: 5, 1000"}, "5-10"),
      aged("9111 5.1", "two_lines", list, {"Age: 5", "Age: 1000"}, "5-10"),
      aged("9111 5.1", "no_number", invalid, {"Age: abc"}, "0-5"),
      aged("9111 5.1", "negative", invalid, {"Age: -20"}, "0-5"),
      aged("9111 5.1", "fraction", invalid, {"Age: 5.5"}, "0-5"),
      aged("9111 5.1", "empty", invalid, {"Age:"}, "0-5"),
      aged("9111 5.1", "number_and_more", invalid, {"Age: 20 seconds"}, "0-5"),
      validatedAlways("9111 5.1", "enormous", "the cache MUST consider the value to be 2147483648",
                      ok({fresh, "Age: 99999999999999999999"})),
  };
}

}  // namespace

Cases freshnessCases() {
  return joined({lifetimes(), expires(), heuristics(), ages()});
}

}  // namespace proxytest::cache
