// RFC 9111 4.2.4 and RFC 5861: when what is not fresh goes out all the same.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kTag = "ETag: \"kept\"";

// Fresh for 60 seconds, with that many seconds of age and further directives.
Step old(const std::string& directives, int age = 100) {
  return first({"Cache-Control: max-age=60" + directives, "Age: " + std::to_string(age), kTag});
}

Cases disconnected() {
  const char* section = "9111 4.2.4";
  const char* may = "A cache MUST NOT generate a stale response unless it is disconnected";
  const char* prohibited =
      "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive";
  const char* explicitly = "doing so is explicitly permitted by the client or origin server";
  return {
      {section, "connected", may, {old(""), get().validated({"If-None-Match: \"kept\""})}},
      {section, "origin_is_gone", may, {old(""), get().answered(silence()).stale().sees({"Age in 100-105"})}},
      {section, "gone_and_back", may, {old(""), get().answered(silence()).stale(), get().validated({})}},
      {section, "must_revalidate", prohibited, {old(", must-revalidate"), get().answered(silence()).error()}},
      {section, "proxy_revalidate", prohibited, {old(", proxy-revalidate"), get().answered(silence()).error()}},
      {section, "s_maxage", prohibited, {old(", s-maxage=60"), get().answered(silence()).error()}},
      {section, "no_cache", prohibited, {old(", no-cache"), get().answered(silence()).error()}},
      {section, "no_cache_while_fresh", prohibited, {old(", no-cache", 0), get().answered(silence()).error()}},
      {section,
       "client_says_no_cache",
       prohibited,
       {old(""), get({"Cache-Control: no-cache"}).answered(silence()).error()}},
      {section, "max_stale", explicitly, {old(""), get({"Cache-Control: max-stale"}).hit()}},
      {section, "nothing_stored", may, {get().answered(silence()).error(), get()}},
      {section,
       "gone_and_nothing_to_validate_with",
       may,
       {first({"Cache-Control: max-age=1"}), get().later().answered(silence()).stale()}},
      {section,
       "must_revalidate_and_nothing_to_validate_with",
       prohibited,
       {first({"Cache-Control: max-age=1, must-revalidate"}), get().later().answered(silence()).error()}},
      {section,
       "max_stale_and_nothing_to_validate_with",
       explicitly,
       {first({"Cache-Control: max-age=1"}), get({"Cache-Control: max-stale"}).later().hit()}},
  };
}

Cases whileRevalidating() {
  const char* section = "5861 3";
  const char* may = "caches MAY serve the response it appears in after it becomes stale";
  const char* over = "If delta-seconds passes without the cached entity being revalidated, it SHOULD NOT continue";
  const char* prohibited =
      "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive";
  const Answer renewed = ok({"Cache-Control: max-age=60", "ETag: \"new\""});
  const auto background = [&](std::string name, std::string directives) -> Case {
    return {section,
            std::move(name),
            may,
            {old(directives), get().answered(renewed).behind().sees({"Age in 100-105"}), get().eventually(1)}};
  };
  const auto validated = [&](std::string name, const char* quote, std::string directives, int age = 100) -> Case {
    return {section, std::move(name), quote, {old(directives, age), get().validated({"If-None-Match: \"kept\""})}};
  };
  return {
      background("new_one_comes", ", stale-while-revalidate=60"),
      background("capital_letters", ", Stale-While-Revalidate=60"),
      background("quoted", ", stale-while-revalidate=\"60\""),
      background("very_long", ", stale-while-revalidate=99999999999"),
      background("with_stale_if_error", ", stale-while-revalidate=60, stale-if-error=60"),
      {section,
       "asks_for_a_change",
       "the cache SHOULD attempt to revalidate it while still serving stale responses",
       {old(", stale-while-revalidate=60"), get().answered(renewed).behind().tells({"If-None-Match: \"kept\""}),
        get().eventually(1)}},
      {section,
       "stays_new",
       may,
       {old(", stale-while-revalidate=60"), get().answered(renewed).behind(), get().eventually(1), get().hit(1)}},
      {section,
       "error_in_the_background",
       may,
       {old(", stale-while-revalidate=60"), get().answered(says("500 Oops")).behind(), get().answered(renewed).stale(),
        get().eventually(2)}},
      {section, "while_fresh", may, {old(", stale-while-revalidate=60", 10), get().hit()}},
      validated("window_is_over", over, ", stale-while-revalidate=60", 200),
      validated("no_window", over, ", stale-while-revalidate=0"),
      validated("invalid_window", over, ", stale-while-revalidate=long"),
      validated("must_revalidate", prohibited, ", stale-while-revalidate=60, must-revalidate"),
      validated("proxy_revalidate", prohibited, ", stale-while-revalidate=60, proxy-revalidate"),
      validated("no_cache", prohibited, ", stale-while-revalidate=60, no-cache"),
      validated("s_maxage", prohibited, ", stale-while-revalidate=60, s-maxage=60"),
      {section,
       "client_says_no_cache",
       "the client prefers a stored response not be used",
       {old(", stale-while-revalidate=60"), get({"Cache-Control: no-cache"}).validated({"If-None-Match: \"kept\""})}},
  };
}

Cases onErrors() {
  const char* section = "5861 4";
  const char* may = "when an error is encountered, a cached stale response MAY be used to satisfy the request";
  const char* over = "when the cached response is more stale than the indicated amount";
  const char* error = "any situation which would result in a 500, 502, 503 or 504 HTTP response status code";
  const char* prohibited =
      "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive";
  Cases rows{
      {section, "origin_is_gone", may, {old(", stale-if-error=60"), get().answered(silence()).stale()}},
      {section, "while_fresh", may, {old(", stale-if-error=60", 10), get().hit()}},
      {section, "no_error", may, {old(", stale-if-error=60"), get().validated({"If-None-Match: \"kept\""})}},
      {section, "capital_letters", may, {old(", STALE-IF-ERROR=60"), get().answered(says("500 Oops")).stale()}},
      {section,
       "age_is_told",
       "SHOULD still be visibly stale when sent",
       {old(", stale-if-error=60"), get().answered(says("503 Busy")).stale().sees({"Age in 100-105"})}},
      {section, "for_long", may, {old(", stale-if-error=86400", 4000), get().answered(says("500 Oops")).stale()}},
      {section,
       "error_then_new",
       may,
       {old(", stale-if-error=60"), get().answered(says("500 Oops")).stale(), first({"Cache-Control: max-age=60"}),
        get().hit(2)}},
      {section, "window_is_over", over, {old(", stale-if-error=60", 200), get().answered(says("500 Oops"))}},
      {section, "no_window", over, {old(", stale-if-error=0"), get().answered(says("500 Oops"))}},
      {section,
       "must_revalidate",
       prohibited,
       {old(", stale-if-error=60, must-revalidate"), get().answered(says("500 Oops"))}},
      {section,
       "proxy_revalidate",
       prohibited,
       {old(", stale-if-error=60, proxy-revalidate"), get().answered(says("500 Oops"))}},
      {section, "no_cache", prohibited, {old(", stale-if-error=60, no-cache"), get().answered(says("500 Oops"))}},
      {section,
       "asked_for_by_the_client",
       "its scope of application is the request it appears in",
       {old(""), get({"Cache-Control: stale-if-error=60"}).answered(says("500 Oops")).stale()}},
      {section,
       "asked_for_and_nothing_to_validate_with",
       "its scope of application is the request it appears in",
       {first({"Cache-Control: max-age=1"}),
        get({"Cache-Control: stale-if-error=60"}).later().answered(says("500 Oops")).stale()}},
      {section, "nothing_stored", may, {get({"Cache-Control: stale-if-error=60"}).answered(says("500 Oops"))}},
  };
  for (const char* status : {"500 Internal Server Error", "502 Bad Gateway", "503 Busy", "504 Gateway Timeout"}) {
    rows.push_back({section,
                    std::string("error_") + std::string(status).substr(0, 3),
                    error,
                    {old(", stale-if-error=60"), get().answered(says(status)).stale()}});
  }
  for (const char* status : {"403 Forbidden", "404 Not Found", "410 Gone", "501 Not Implemented"}) {
    rows.push_back({section,
                    std::string("no_error_") + std::string(status).substr(0, 3),
                    error,
                    {old(", stale-if-error=60"), get().answered(says(status))}});
  }
  return rows;
}

}  // namespace

Cases staleCases() {
  return joined({disconnected(), whileRevalidating(), onErrors()});
}

}  // namespace proxytest::cache
