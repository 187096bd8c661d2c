// RFC 9211: what Cache-Status tells. That a hit says so is looked at in every row that has one.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {

Cases statusFieldCases() {
  const char* hit = "a response that was in cache but not able to be used without going forward";
  const char* exclusive = "are exclusive; only one of them should appear on each list member";
  const char* uri = "The cache did not contain any responses that matched the request URI";
  const char* vary =
      "it could not select a response based upon this request's header fields and stored Vary header fields";
  const char* method = "The request method's semantics require the request to be forwarded";
  const char* request = "but the request's semantics (e.g., Cache-Control request directives) did not allow its use";
  const char* stale = "The cache was able to select a response for the request, but it was stale";
  const char* stored = "indicates whether the cache stored the response";
  const char* ttl = "the response's remaining freshness lifetime";
  const Fields fresh{"Cache-Control: max-age=60"};
  const Fields old{"Cache-Control: max-age=60", "Age: 100", "ETag: \"kept\""};
  return {
      {"9211 2.1",
       "hit",
       exclusive,
       {first(fresh), get().hit().sees({"Cache-Status ~ ; hit", "Cache-Status !~ fwd="})}},
      {"9211 2.1", "miss", exclusive, {first(fresh).sees({"Cache-Status ~ fwd=", "Cache-Status !~ hit"})}},
      {"9211 2.1", "validated_is_no_hit", hit, {first(old), get().validated({}).sees({"Cache-Status !~ ; hit"})}},
      {"9211 2.1",
       "made_into_304",
       "is still considered a hit, as long as it did not go forward",
       {first({"Cache-Control: max-age=60", "ETag: \"kept\""}),
        get({"If-None-Match: \"kept\""}).own(304).sees({"Cache-Status ~ ; hit"})}},
      {"9211 2.1",
       "made_into_206",
       "is still considered a hit, as long as it did not go forward",
       {first(fresh), get({"Range: bytes=0-3"}).own(206).sees({"Cache-Status ~ ; hit"})}},
      {"9211 2.1",
       "stale_hit",
       "a stale response that is used without going forward",
       {first(old), get({"Cache-Control: max-stale"}).hit().sees({"Cache-Status ~ ttl=-"})}},
      {"9211 2.2", "uri_miss", uri, {first(fresh).sees({"Cache-Status ~ fwd=uri-miss"})}},
      {"9211 2.2",
       "uri_miss_of_a_head",
       uri,
       {asked("HEAD").answered(ok(fresh)).sees({"Cache-Status ~ fwd=uri-miss", "Cache-Status !~ stored"})}},
      {"9211 2.2",
       "bypass",
       "The cache was configured to not handle this request",
       {first(fresh), asked("GET", {}, "x").sees({"Cache-Status ~ fwd=bypass"})}},
      {"9211 2.2", "other_uri", uri, {first(fresh), get().at("?other").sees({"Cache-Status ~ fwd=uri-miss"})}},
      {"9211 2.2",
       "vary_miss",
       vary,
       {first({"Cache-Control: max-age=60", "Vary: X-V"}, {"X-V: 1"}),
        get({"X-V: 2"}).sees({"Cache-Status ~ fwd=vary-miss"})}},
      {"9211 2.2", "method", method, {asked("POST", {}, "x").sees({"Cache-Status ~ fwd=method"})}},
      {"9211 2.2", "method_of_stored", method, {first(fresh), asked("DELETE").sees({"Cache-Status ~ fwd=method"})}},
      {"9211 2.2",
       "request",
       request,
       {first(fresh), get({"Cache-Control: no-cache"}).sees({"Cache-Status ~ fwd=request"})}},
      {"9211 2.2",
       "request_for_a_young_one",
       request,
       {first({"Cache-Control: max-age=60", "Age: 30"}),
        get({"Cache-Control: max-age=10"}).sees({"Cache-Status ~ fwd=request"})}},
      {"9211 2.2", "stale", stale, {first(old), get().sees({"Cache-Status ~ fwd=stale"})}},
      {"9211 2.2", "stale_and_validated", stale, {first(old), get().validated({}).sees({"Cache-Status ~ fwd=stale"})}},
      {"9211 2.3",
       "status_of_the_origin",
       "which status code (see [HTTP], Section 15) the next-hop server returned",
       {first(old), get().validated({}).sees({"Cache-Status ~ fwd-status=304"})}},
      {"9211 2.3",
       "status_behind_a_304_of_its_own",
       "which status code (see [HTTP], Section 15) the next-hop server returned",
       {get({"If-None-Match: \"kept\""})
            .answered(ok({"Cache-Control: max-age=60", "ETag: \"kept\""}))
            .code(304)
            .sees({"Cache-Status ~ fwd-status=200"})}},
      {"9211 2.3",
       "status_that_the_client_gets",
       "which status code (see [HTTP], Section 15) the next-hop server returned",
       {first(fresh).sees({"Cache-Status !~ fwd-status"})}},
      {"9211 2.4",
       "ttl_of_a_hit",
       ttl,
       {first({"Cache-Control: max-age=6000", "Age: 1050"}), get().hit().sees({"Cache-Status ~ ttl=49"})}},
      {"9211 2.5", "stored", stored, {first(fresh).sees({"Cache-Status ~ stored"})}},
      {"9211 2.5", "not_stored", stored, {first({"Cache-Control: no-store"}).sees({"Cache-Status !~ stored"})}},
      {"9211 2.5",
       "private_is_not_stored",
       stored,
       {first({"Cache-Control: private, max-age=60"}).sees({"Cache-Status !~ stored"})}},
      {"9211 2.5",
       "stored_404",
       stored,
       {get().answered(says("404 Not Found", fresh)).sees({"Cache-Status ~ stored"})}},
      {"9211 2.6",
       "not_collapsed",
       "If not present, the request was not collapsed with others",
       {first(fresh).sees({"Cache-Status !~ collapsed"})}},
      {"9211 2.7",
       "key",
       "Conveys a representation of the cache key",
       {first(fresh).sees({"Cache-Status ~ ; key=\""}), get().hit().sees({"Cache-Status ~ ; key=\""})}},
      {"9211 2.7",
       "key_of_what_is_asked_again",
       "Conveys a representation of the cache key",
       {first(old), get().validated({}).sees({"Cache-Status ~ ; key=\""}),
        asked("DELETE").sees({"Cache-Status ~ ; key=\""})}},
      {"9211 2.8",
       "why_not_stored",
       "additional information not captured in other parameters",
       {first({"Cache-Control: private"}).sees({"Cache-Status ~ ; detail=private"})}},
      {"9211 2",
       "others_come_first",
       "a second cache stored that response and later reused it",
       {first({"Cache-Control: max-age=60", "Cache-Status: OriginCache; hit; ttl=1100"})
            .sees({"Cache-Status ~ OriginCache; hit; ttl=1100, "}),
        get().hit().sees({"Cache-Status ~ OriginCache; hit; ttl=1100, "})}},
      {"9211 2.2",
       "every_answer_tells",
       "when present, indicates that the request went forward",
       {get().answered(says("500 Oops")).sees({"Cache-Status ~ fwd=uri-miss"})}},
  };
}

}  // namespace proxytest::cache
