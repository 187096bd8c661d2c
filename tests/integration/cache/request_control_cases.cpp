// RFC 9111 5.2.1 and 5.4: what clients say about what they want.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kTag = "ETag: \"kept\"";
constexpr const char* kAsked = "If-None-Match: \"kept\"";

Step aged(int age) {
  return first({"Cache-Control: max-age=60", "Age: " + std::to_string(age), kTag});
}

Step wanting(const std::string& directives) {
  return get({"Cache-Control: " + directives});
}

Cases ages() {
  const char* most = "the client prefers a response whose age is less than or equal to the specified number of seconds";
  const char* unless = "Unless the max-stale request directive is also present, the client does not wish";
  const char* by =
      "a response that has exceeded its freshness lifetime by no more than the specified number of seconds";
  const char* any = "then the client will accept a stale response of any age";
  const char* least = "whose freshness lifetime is no less than its current age plus the specified time in seconds";
  const auto must = [](const char* directive) {
    return first({"Cache-Control: max-age=60, " + std::string(directive), "Age: 100", kTag});
  };
  const char* prohibited =
      "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol directive";
  return {
      {"9111 5.2.1.1", "young_enough", most, {aged(30), wanting("max-age=50").hit()}},
      {"9111 5.2.1.1", "too_old", most, {aged(30), wanting("max-age=20").validated({kAsked})}},
      {"9111 5.2.1.1", "zero", most, {aged(5), wanting("max-age=0").validated({kAsked})}},
      {"9111 5.2.1.1", "capital_letters", most, {aged(30), wanting("MAX-AGE=20").validated({kAsked})}},
      {"9111 5.2.1.1", "quoted", most, {aged(30), wanting("max-age=\"20\"").validated({kAsked})}},
      {"9111 5.2.1.1", "does_not_make_fresh", unless, {aged(100), wanting("max-age=1000").validated({kAsked})}},
      {"9111 5.2.1.1", "beside_max_stale", unless, {aged(100), wanting("max-age=1000, max-stale").hit()}},
      {"9111 5.2.1.1",
       "answer_is_stored_all_the_same",
       most,
       {aged(30), wanting("max-age=0").answered(ok({"Cache-Control: max-age=60"})), get().hit(1)}},
      {"9111 5.2.1.2", "any_staleness", any, {aged(10'000), wanting("max-stale").hit()}},
      {"9111 5.2.1.2", "stale_enough", by, {aged(100), wanting("max-stale=100").hit()}},
      {"9111 5.2.1.2", "too_stale", by, {aged(100), wanting("max-stale=10").validated({kAsked})}},
      {"9111 5.2.1.2", "zero", by, {aged(100), wanting("max-stale=0").validated({kAsked})}},
      {"9111 5.2.1.2", "fresh_anyway", by, {aged(10), wanting("max-stale=10").hit()}},
      {"9111 5.2.1.2", "age_is_told", by, {aged(100), wanting("max-stale").hit().sees({"Age in 100-105"})}},
      {"9111 5.2.1.2",
       "must_revalidate",
       prohibited,
       {must("must-revalidate"), wanting("max-stale").validated({kAsked})}},
      {"9111 5.2.1.2",
       "proxy_revalidate",
       prohibited,
       {must("proxy-revalidate"), wanting("max-stale").validated({kAsked})}},
      {"9111 5.2.1.2", "s_maxage", prohibited, {must("s-maxage=60"), wanting("max-stale").validated({kAsked})}},
      {"9111 5.2.1.2", "no_cache", prohibited, {must("no-cache"), wanting("max-stale").validated({kAsked})}},
      {"9111 5.2.1.3", "fresh_long_enough", least, {aged(10), wanting("min-fresh=20").hit()}},
      {"9111 5.2.1.3", "not_long_enough", least, {aged(50), wanting("min-fresh=20").validated({kAsked})}},
      {"9111 5.2.1.3", "longer_than_ever", least, {aged(0), wanting("min-fresh=1000").validated({kAsked})}},
      {"9111 5.2.1.3", "zero", least, {aged(10), wanting("min-fresh=0").hit()}},
      {"9111 5.2.1.3", "two_wishes", least, {aged(10), wanting("max-age=30, min-fresh=20").hit()}},
  };
}

Cases stores() {
  const char* noCache =
      "the client prefers a stored response not be used to satisfy the request without successful validation";
  const char* noStore = "a cache MUST NOT store any part of either this request or any response to it";
  const char* only =
      "respond with either a stored response consistent with the other constraints of the request or a 504";
  const Answer fresh = ok({"Cache-Control: max-age=60"});
  return {
      {"9111 5.2.1.4", "validated", noCache, {aged(0), wanting("no-cache").validated({kAsked})}},
      {"9111 5.2.1.4", "capital_letters", noCache, {aged(0), wanting("NO-CACHE").validated({kAsked})}},
      {"9111 5.2.1.4", "among_others", noCache, {aged(0), wanting("own=1, no-cache, max-stale").validated({kAsked})}},
      {"9111 5.2.1.4", "new_answer_is_stored", noCache, {aged(0), wanting("no-cache").answered(fresh), get().hit(1)}},
      {"9111 5.2.1.4", "nothing_stored", noCache, {wanting("no-cache").answered(fresh), get().hit()}},
      {"9111 5.2.1.4",
       "goes_on",
       "MUST pass cache directives through in forwarded messages",
       {wanting("no-cache").tells({"Cache-Control: no-cache"})}},
      {"9111 5.2.1.5", "not_stored", noStore, {wanting("no-store").answered(fresh), get()}},
      {"9111 5.2.1.5", "capital_letters", noStore, {wanting("No-Store").answered(fresh), get()}},
      {"9111 5.2.1.5", "among_others", noStore, {wanting("max-age=10, no-store").answered(fresh), get()}},
      {"9111 5.2.1.5",
       "what_is_stored_stays",
       "the no-store request directive does not apply to the already stored response",
       {aged(0), wanting("no-store").hit(), get().hit()}},
      {"9111 5.2.1.6",
       "no_transform_goes_on",
       "the client is asking for intermediaries to avoid transforming the content",
       {wanting("no-transform").answered(fresh).tells({"Cache-Control: no-transform"}), wanting("no-transform").hit()}},
      {"9111 5.2.1.7", "nothing_stored", only, {wanting("only-if-cached").own(504)}},
      {"9111 5.2.1.7", "fresh", only, {aged(10), wanting("only-if-cached").hit()}},
      {"9111 5.2.1.7", "stale", only, {aged(100), wanting("only-if-cached").own(504)}},
      {"9111 5.2.1.7", "stale_but_wanted", only, {aged(100), wanting("only-if-cached, max-stale").hit()}},
      {"9111 5.2.1.7",
       "other_variant",
       only,
       {first({"Cache-Control: max-age=60", "Vary: X-V"}, {"X-V: 1"}),
        get({"X-V: 2", "Cache-Control: only-if-cached"}).own(504)}},
      {"9111 5.2.1.7", "too_old", only, {aged(30), wanting("only-if-cached, max-age=10").own(504)}},
      {"9111 5.2.1.7", "head", only, {asked("HEAD", {"Cache-Control: only-if-cached"}).own(504)}},
      {"9111 5.2.1.7",
       "is_not_remembered",
       only,
       {wanting("only-if-cached").own(504), get().answered(fresh), get().hit(1)}},
      {"9111 5.2.1.7", "after_invalidation", only, {aged(0), asked("DELETE"), wanting("only-if-cached").own(504)}},
      {"9111 5.2.3",
       "unknown_directive_of_a_client",
       "A cache MUST ignore unrecognized cache directives",
       {aged(0), wanting("own=\"no-cache\"").hit()}},
      {"9111 5.2",
       "response_directives_of_a_client",
       "Cache directives are unidirectional",
       {aged(0), wanting("private").hit(), wanting("s-maxage=0").hit(), wanting("must-revalidate").hit()}},
      {"9111 5.4",
       "pragma_of_a_response",
       "the meaning of \"Pragma: no-cache\" in responses was never specified",
       {first({"Cache-Control: max-age=60", "Pragma: no-cache"}), get().hit()}},
      {"9111 5.4", "other_pragma", "this specification deprecates Pragma", {aged(0), get({"Pragma: own"}).hit()}},
  };
}

}  // namespace

Cases requestControlCases() {
  return joined({ages(), stores()});
}

}  // namespace proxytest::cache
