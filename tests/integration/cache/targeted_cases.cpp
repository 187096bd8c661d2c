// RFC 9213: CDN-Cache-Control, which is on the list of targets of a reverse proxy unless its configuration says another
// one, and not on that of a forward proxy.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

Cases followed() {
  const char* section = "9213 2.2";
  const char* select =
      "use its value to determine the caching policy for the response, and it MUST ignore the Cache-Control";
  const char* implement = "MUST implement the semantics of the following cache directives";
  const char* listed = "Targeted fields that are not on a cache's target list MUST NOT change that cache's behavior";
  const char* precedence = "no-store and no-cache make max-age inoperative";
  const std::string fresh = "Cache-Control: max-age=60";
  const std::string cdn = "CDN-Cache-Control: ";
  return {
      reused(section, "instead_of_no_store", select, ok({"Cache-Control: no-store", cdn + "max-age=60"})),
      reused(section, "instead_of_private", select, ok({"Cache-Control: private", cdn + "max-age=60"})),
      reused(section, "instead_of_max_age", select, ok({"Cache-Control: max-age=0", cdn + "max-age=60"})),
      reused(section, "instead_of_s_maxage", select, ok({"Cache-Control: s-maxage=0", cdn + "max-age=60"})),
      reused(section, "instead_of_expires", select, ok({"Expires: 0", cdn + "max-age=60"})),
      reused(section, "alone", select, ok({cdn + "max-age=60"})),
      reused(section, "longer", "From the CDN's perspective, this response is still fresh",
             ok({"Cache-Control: max-age=60", cdn + "max-age=3600", "Age: 180"})),
      validatedAlways(section, "shorter", select, ok({fresh, cdn + "max-age=0"})),
      validatedAlways(section, "no_cache", implement, ok({fresh, cdn + "no-cache"})),
      validatedAlways(section, "no_cache_and_max_age", precedence, ok({fresh, cdn + "max-age=60, no-cache"})),
      notStored(section, "no_store", implement, ok({fresh, cdn + "no-store"})),
      notStored(section, "no_store_and_max_age", precedence, ok({fresh, cdn + "max-age=60, no-store"})),
      notStored(section, "private", implement, ok({fresh, cdn + "private, max-age=60"})),
      {section,
       "must_revalidate",
       implement,
       {first({fresh, cdn + "max-age=60, must-revalidate", "Age: 100", "ETag: \"kept\""}),
        get({"Cache-Control: max-stale"}).validated({"If-None-Match: \"kept\""})}},
      {section,
       "max_stale_where_only_cache_control_forbids",
       select,
       {first({"Cache-Control: must-revalidate", cdn + "max-age=60", "Age: 100", "ETag: \"kept\""}),
        get({"Cache-Control: max-stale"}).hit()}},
      reused(section, "s_maxage", "they SHOULD implement other cache directives",
             ok({"Cache-Control: max-age=0", cdn + "s-maxage=60"})),
      {section,
       "stale_if_error",
       "they SHOULD implement other cache directives",
       {first({cdn + "max-age=60, stale-if-error=60", "Age: 100"}), get().answered(says("500 Oops")).stale()}},
      reused(section, "unknown_directive", "unrecognized extension directives are ignored",
             ok({cdn + "max-age=60, unheard-of=1"})),
      notStored(section, "other_target", listed,
                ok({"Cache-Control: no-store", "ExampleCDN-Cache-Control: max-age=60"})),
      reused(section, "other_target_says_no_store", listed, ok({fresh, "ExampleCDN-Cache-Control: no-store"})),
      reused(section, "surrogate_control_is_no_target", listed, ok({fresh, "Surrogate-Control: no-store"})),
      reused("9213 2.1", "two_lines", "Targeted fields are Dictionary Structured Fields",
             ok({"Cache-Control: no-store", cdn + "public", cdn + "max-age=60"})),
      reused("9213 2.1", "last_member_counts", "Targeted fields are Dictionary Structured Fields",
             ok({"Cache-Control: no-store", cdn + "max-age=0, max-age=60"})),
      reused("9213 2.1", "parameters", "Parameters received on cache directives are to be ignored",
             ok({"Cache-Control: no-store", cdn + "max-age=60;own=1"})),
  };
}

Cases ignoredValues() {
  const char* ignored =
      "If a targeted field in a given response is empty, or a parsing error is encountered, that field MUST be ignored";
  const char* types = "Implementations SHOULD NOT consume values that violate these inferred constraints";
  const std::string fresh = "Cache-Control: max-age=60";
  const std::string cdn = "CDN-Cache-Control: ";
  Cases rows;
  const auto addIgnored = [&](const char* quote, const std::string& value) {
    const std::string number = std::to_string(rows.size());
    rows.push_back(reused("9213 2.1", "ignored_" + number, quote, ok({fresh, cdn + value})));
    rows.push_back(notStored("9213 2.1", "ignored_beside_no_store_" + number, quote,
                             ok({"Cache-Control: no-store", cdn + value})));
  };
  for (const char* broken :
       {"", "max-age=60, &&&", "no-store, MAX-AGE=60", "no-store,", "max-age=", "no-store \"", "=1", "no-store; "})
    addIgnored(ignored, broken);
  for (const char* value : {"max-age=\"60\"", "max-age=60.0", "max-age=-1", "max-age"}) addIgnored(types, value);
  return rows;
}

}  // namespace

Cases targetedCases() {
  return joined({followed(), ignoredValues()});
}

Cases untargetedCases() {
  const char* section = "9213 3.1";
  const char* separately = "to control the behavior of CDN caches interposed between them and clients separately";
  return {
      reused(section, "no_store_for_others", separately,
             ok({"Cache-Control: max-age=60", "CDN-Cache-Control: no-store"})),
      notStored(section, "no_store_for_this_one", separately,
                ok({"Cache-Control: no-store", "CDN-Cache-Control: max-age=60"})),
      validatedAlways(section, "fresh_for_others", separately,
                      ok({"Cache-Control: max-age=0", "CDN-Cache-Control: max-age=60"})),
      validatedAlways(section, "alone", separately, ok({"CDN-Cache-Control: max-age=60"})),
  };
}

}  // namespace proxytest::cache
