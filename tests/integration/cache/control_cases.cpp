// RFC 9111 5.2.2 and 5.2.3, RFC 8246: what the directives of a response mean.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kStale = "Age: 100";  // of what is fresh for 60 seconds

Cases maxAgeCases() {
  const char* section = "9111 5.2.2.1";
  const char* quote =
      "the response is to be considered stale after its age is greater than the specified number of seconds";
  const char* form = "recipients ought to accept both forms, even if a specific form is required for generation";
  const char* name = "Cache directives are identified by a token, to be compared case-insensitively";
  return {
      reused(section, "young", quote, ok({"Cache-Control: max-age=60"})),
      validatedAlways(section, "old", quote, ok({"Cache-Control: max-age=60", kStale})),
      validatedAlways(section, "zero", quote, ok({"Cache-Control: max-age=0"})),
      {section,
       "expires_with_time",
       quote,
       {first({"Cache-Control: max-age=1", "ETag: \"kept\""}), get().hit(),
        get().later().validated({"If-None-Match: \"kept\""})}},
      reused("9111 5.2", "quoted_argument", form, ok({"Cache-Control: max-age=\"60\""})),
      validatedAlways("9111 5.2", "quoted_zero", form, ok({"Cache-Control: max-age=\"0\""})),
      reused("9111 5.2", "capital_letters", name, ok({"Cache-Control: MAX-AGE=60"})),
      reused("9111 5.2", "mixed_letters", name, ok({"Cache-Control: Max-Age=60"})),
      reused("9111 5.2", "empty_members", "Cache-Control = #cache-directive", ok({"Cache-Control: , ,max-age=60,,"})),
      reused("9111 5.2", "second_line", "Cache-Control = #cache-directive",
             ok({"Cache-Control: public", "Cache-Control: max-age=60"})),
      reused("9111 5.2", "directives_inside_quotes",
             "an optional argument that can use both token and quoted-string syntax",
             ok({"Cache-Control: extension=\"no-store, max-age=0\", max-age=60"})),
      reused("9111 5.2", "escaped_quote", "an optional argument that can use both token and quoted-string syntax",
             ok({"Cache-Control: extension=\"\\\", no-store\", max-age=60"})),
      askedAgain("9111 5.2", "freshness_inside_quotes",
                 "an optional argument that can use both token and quoted-string syntax",
                 ok({"Cache-Control: extension=\"max-age=60\""})),
      {"9111 5.2",
       "passed_on",
       "MUST pass cache directives through in forwarded messages, regardless of their significance",
       {first({"Cache-Control: max-age=60, own=\"a, b\""}, {"Cache-Control: their=1"})
            .tells({"Cache-Control: their=1"}),
        get().hit()}},
  };
}

Cases revalidateCases() {
  const char* must = "once the response has become stale, a cache MUST NOT reuse that response";
  const char* error = "if a cache is disconnected, the cache MUST generate an error response";
  const char* shared = "once the response has become stale, a shared cache MUST NOT reuse that response";
  const Fields old{"Cache-Control: max-age=60, must-revalidate", kStale, "ETag: \"kept\""};
  return {
      reused("9111 5.2.2.2", "young", must, ok({"Cache-Control: max-age=60, must-revalidate"})),
      validatedAlways("9111 5.2.2.2", "old", must, ok({"Cache-Control: max-age=60, must-revalidate", kStale})),
      {"9111 5.2.2.2", "disconnected", error, {first(old), get().answered(silence()).error()}},
      {"9111 5.2.2.2", "max_stale", must, {first(old), get({"Cache-Control: max-stale"}).validated({})}},
      {"9111 5.2.2.2",
       "capitals",
       must,
       {first({"Cache-Control: max-age=60, MUST-REVALIDATE", kStale, "ETag: \"kept\""}),
        get({"Cache-Control: max-stale"}).validated({})}},
      reused("9111 5.2.2.8", "young", shared, ok({"Cache-Control: max-age=60, proxy-revalidate"})),
      validatedAlways("9111 5.2.2.8", "old", shared, ok({"Cache-Control: max-age=60, proxy-revalidate", kStale})),
      {"9111 5.2.2.8",
       "max_stale",
       shared,
       {first({"Cache-Control: max-age=60, proxy-revalidate", kStale, "ETag: \"kept\""}),
        get({"Cache-Control: max-stale"}).validated({})}},
      {"9111 5.2.2.8",
       "disconnected",
       shared,
       {first({"Cache-Control: max-age=60, proxy-revalidate", kStale, "ETag: \"kept\""}),
        get().answered(silence()).error()}},
      askedAgain("9111 5.2.2.8", "is_not_freshness",
                 "proxy-revalidate on its own does not imply that a response is cacheable",
                 says("302 Found", {"Cache-Control: proxy-revalidate", "Last-Modified: @-36000"})),
  };
}

Cases understandCases() {
  const char* quote =
      "the cache SHOULD ignore the no-store directive if it understands and implements the status code's";
  const char* limit = "limits caching of the response to a cache that understands";
  const char* section = "9111 5.2.2.3";
  return {
      reused(section, "overrides_no_store", quote, ok({"Cache-Control: must-understand, no-store, max-age=60"})),
      reused(section, "known_status", limit, says("404 Not Found", {"Cache-Control: must-understand, max-age=60"})),
      reused(section, "redirect", limit, says("301 Moved", {"Cache-Control: must-understand, no-store, max-age=60"})),
      notStored(section, "unknown_status", limit, says("299 Odd", {"Cache-Control: must-understand, max-age=60"})),
      notStored(section, "unknown_status_no_store", limit,
                says("299 Odd", {"Cache-Control: must-understand, no-store, max-age=60"})),
      notStored(section, "unknown_error", limit, says("599 Odd", {"Cache-Control: max-age=60, must-understand"})),
      notStored(section, "private_all_the_same", "a shared cache MUST NOT store the response",
                ok({"Cache-Control: must-understand, private, max-age=60"})),
  };
}

Cases noCacheCases() {
  const char* section = "9111 5.2.2.4";
  const char* quote = "MUST NOT be used to satisfy any other request without forwarding it for validation";
  const char* named = "if the listed header fields are excluded from the subsequent response";
  return {
      validatedAlways(section, "alone", quote, ok({"Cache-Control: no-cache"})),
      validatedAlways(section, "beside_max_age", quote, ok({"Cache-Control: no-cache, max-age=60"})),
      validatedAlways(section, "behind_max_age", quote, ok({"Cache-Control: max-age=60, No-Cache"})),
      validatedAlways(section, "beside_s_maxage", quote, ok({"Cache-Control: s-maxage=60, no-cache"})),
      validatedAlways(section, "beside_public", quote, ok({"Cache-Control: public, no-cache, max-age=60"})),
      {section,
       "by_date",
       quote,
       {first({"Cache-Control: no-cache", "Last-Modified: @-3600"}),
        get().validated({"If-Modified-Since: @-3600", "!If-None-Match"})}},
      askedAgain(section, "max_stale_does_not_help", "even by caches that have been configured to send stale responses",
                 ok({"Cache-Control: no-cache, max-age=60"}), {"Cache-Control: max-stale=1000"}),
      {section,
       "disconnected",
       "This allows an origin server to prevent a cache from using the response",
       {first({"Cache-Control: no-cache, max-age=60", "ETag: \"kept\""}), get().answered(silence()).error()}},
      {section,
       "named_field",
       named,
       {first({"Cache-Control: max-age=60, no-cache=\"X-Own\"", "X-Own: 1", "X-Other: 2"}),
        get().hit().sees({"!X-Own", "X-Other: 2"})}},
      {section,
       "named_fields",
       named,
       {first({"Cache-Control: max-age=60, no-cache=\"X-Own, x-third\"", "X-Own: 1", "X-Other: 2", "X-Third: 3"}),
        get().hit().sees({"!X-Own", "X-Other: 2", "!X-Third"})}},
      {section,
       "name_in_other_letters",
       "Field names are case-insensitive",
       {first({"Cache-Control: max-age=60, no-cache=\"x-OWN\"", "X-Own: 1"}), get().hit().sees({"!X-Own"})}},
  };
}

Cases noStoreCases() {
  const char* section = "9111 5.2.2.5";
  const char* quote = "a cache MUST NOT store any part of either the immediate request or the response";
  return {
      notStored(section, "alone", quote, ok({"Cache-Control: no-store"})),
      notStored(section, "beside_max_age", quote, ok({"Cache-Control: no-store, max-age=60"})),
      notStored(section, "behind_max_age", quote, ok({"Cache-Control: max-age=60, no-store"})),
      notStored(section, "capitals", quote, ok({"Cache-Control: max-age=60, NO-STORE"})),
      notStored(section, "beside_public", quote, ok({"Cache-Control: public, max-age=60, no-store"})),
      notStored(section, "beside_s_maxage", quote, ok({"Cache-Control: s-maxage=60, no-store"})),
      notStored(section, "beside_expires", quote, ok({"Cache-Control: no-store", "Expires: @3600"})),
      notStored(section, "on_a_second_line", quote, ok({"Cache-Control: max-age=60", "Cache-Control: no-store"})),
      notStored(section, "of_an_error", quote, says("404 Not Found", {"Cache-Control: max-age=60, no-store"})),
      {section,
       "takes_the_place_of_what_was_stored",
       "MUST NOT use the response to satisfy any other request",
       {first({"Cache-Control: max-age=60", kStale, "ETag: \"kept\""}),
        get().answered(ok({"Cache-Control: no-store", "ETag: \"new\""})), get()}},
  };
}

Cases privateCases() {
  const char* section = "9111 5.2.2.7";
  const char* quote = "a shared cache MUST NOT store the response";
  const char* named = "a shared cache MUST NOT store the listed header fields";
  return {
      notStored(section, "alone", quote, ok({"Cache-Control: private"})),
      notStored(section, "beside_max_age", quote, ok({"Cache-Control: private, max-age=60"})),
      notStored(section, "capitals", quote, ok({"Cache-Control: max-age=60, Private"})),
      notStored(section, "beside_s_maxage", quote, ok({"Cache-Control: private, s-maxage=60"})),
      notStored(section, "beside_public", "the most restrictive directive should be honored",
                ok({"Cache-Control: public, private, max-age=60"})),
      notStored(section, "beside_expires", quote, ok({"Cache-Control: private", "Expires: @3600"})),
      {section,
       "named_field",
       named,
       {first({"Cache-Control: max-age=60, private=\"X-Own\"", "X-Own: 1", "X-Other: 2"}),
        get().hit().sees({"!X-Own", "X-Other: 2"})}},
      {section,
       "named_fields",
       named,
       {first({"Cache-Control: private=\"x-own , X-Third\", max-age=60", "X-Own: 1", "X-Other: 2", "X-Third: 3"}),
        get().hit().sees({"!X-Own", "X-Other: 2", "!X-Third"})}},
  };
}

Cases sharedCases() {
  const char* open = "explicitly marks the response as cacheable";
  const char* over = "overrides the maximum age specified by either the max-age directive or the Expires header field";
  const char* stale = "A shared cache MUST NOT reuse a stale response with s-maxage";
  return {
      reused("9111 5.2.2.9", "with_max_age", open, ok({"Cache-Control: public, max-age=60"})),
      reused("9111 5.2.2.9", "heuristic", "it is heuristically cacheable",
             says("302 Found", {"Cache-Control: public", "Last-Modified: @-36000", "Location: /"})),
      validatedAlways("9111 5.2.2.9", "is_not_freshness", open, ok({"Cache-Control: public, max-age=0"})),
      reused("9111 5.2.2.10", "alone", over, ok({"Cache-Control: s-maxage=60"})),
      reused("9111 5.2.2.10", "over_max_age", over, ok({"Cache-Control: max-age=0, s-maxage=60"})),
      validatedAlways("9111 5.2.2.10", "zero_over_max_age", over, ok({"Cache-Control: max-age=60, s-maxage=0"})),
      reused("9111 5.2.2.10", "over_expires", over, ok({"Cache-Control: s-maxage=60", "Expires: @-3600"})),
      validatedAlways("9111 5.2.2.10", "zero_over_expires", over, ok({"Cache-Control: s-maxage=0", "Expires: @3600"})),
      validatedAlways("9111 5.2.2.10", "old", stale, ok({"Cache-Control: max-age=1000, s-maxage=60", kStale})),
      {"9111 5.2.2.10",
       "max_stale",
       stale,
       {first({"Cache-Control: s-maxage=60", kStale, "ETag: \"kept\""}),
        get({"Cache-Control: max-stale"}).validated({})}},
      {"9111 5.2.2.10",
       "disconnected",
       stale,
       {first({"Cache-Control: s-maxage=60", kStale, "ETag: \"kept\""}), get().answered(silence()).error()}},
      reused("9111 5.2.2.6", "no_transform_goes_on",
             "an intermediary (regardless of whether it implements a cache) MUST NOT transform",
             ok({"Cache-Control: no-transform, max-age=60", "Content-Type: text/html"})),
  };
}

Cases extensionCases() {
  const char* ignore = "A cache MUST ignore unrecognized cache directives";
  const char* arguments = "If any arguments are present, they have no meaning and MUST be ignored";
  const Fields immutable{"Cache-Control: max-age=60, immutable", "ETag: \"kept\""};
  return {
      reused("9111 5.2.3", "unknown_directive", ignore, ok({"Cache-Control: max-age=60, unheard-of"})),
      reused("9111 5.2.3", "unknown_with_argument", ignore, ok({"Cache-Control: unheard-of=\"no-store\", max-age=60"})),
      notStored("9111 5.2.3", "does_not_open_private", "would ignore it and adhere to the private directive",
                ok({"Cache-Control: private, community=\"UCI\", max-age=60"})),
      askedAgain("9111 5.2.3", "no_freshness_of_its_own", ignore, ok({"Cache-Control: unheard-of=60"})),
      reused("8246 2", "fresh", "will not update the representation of that resource during the freshness lifetime",
             ok(immutable)),
      validatedAlways("8246 2", "old", "Stale responses SHOULD be revalidated as they normally would be",
                      ok({"Cache-Control: max-age=60, immutable", kStale})),
      reused("8246 2", "with_argument", arguments, ok({"Cache-Control: max-age=60, immutable=no"})),
      validatedAlways("8246 2", "is_not_freshness",
                      "The immutable extension only applies during the freshness lifetime",
                      ok({"Cache-Control: max-age=0, immutable"})),
      {"8246 2",
       "in_a_request",
       "The presence of an immutable Cache-Control extension in a request has no effect",
       {first({"Cache-Control: max-age=60", kStale, "ETag: \"kept\""}),
        get({"Cache-Control: immutable"}).validated({"If-None-Match: \"kept\""})}},
      {"8246 2.1",
       "reload_of_the_client",
       "proxies SHOULD skip conditionally revalidating fresh responses containing the immutable extension",
       {first(immutable), get({"Cache-Control: max-age=0"}).hit(),
        get({"Cache-Control: max-age=0", "If-None-Match: \"kept\""}).own(304)}},
      {"8246 2.1",
       "no_cache_of_the_client",
       "unless there is a signal from the client that a validation is necessary",
       {first(immutable), get({"Cache-Control: no-cache"}).validated({"If-None-Match: \"kept\""})}},
  };
}

}  // namespace

Cases controlCases() {
  return joined({maxAgeCases(), revalidateCases(), understandCases(), noCacheCases(), noStoreCases(), privateCases(),
                 sharedCases(), extensionCases()});
}

}  // namespace proxytest::cache
