// RFC 9111 3, 3.1, 3.3 and 3.5: what may be kept.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

using Framing = Answer::Framing;

constexpr const char* kFresh = "Cache-Control: max-age=60";
constexpr const char* kOld = "Last-Modified: @-36000";

Cases whatIsStored() {
  const char* section = "9111 3";
  const char* least = "the response contains at least one of the following";
  const char* method = "the request method is understood by the cache";
  Cases rows{
      reused(section, "max_age", least, ok({kFresh})),
      reused(section, "s_maxage", least, ok({"Cache-Control: s-maxage=60"})),
      reused(section, "expires", least, ok({"Expires: @3600"})),
      reused(section, "public", least, ok({"Cache-Control: public", kOld})),
      reused(section, "heuristic_status", least, ok({kOld})),
      reused(section, "without_validators", "caches are not prohibited from storing such responses", ok({kFresh})),
      askedAgain(section, "nothing_of_it", least, says("302 Found", {"Location: /"})),
      notStored(section, "no_store", "the no-store cache directive is not present in the response",
                ok({"Cache-Control: no-store, max-age=60"})),
      notStored(section, "private", "the private response directive is either not present",
                ok({"Cache-Control: private, max-age=60"})),
      {section,
       "interim_response",
       "the response status code is final",
       {get().answered(ok({kFresh}).framed(Framing::kInterim)), get().hit()}},
      {section, "no_body_at_all", least, {get().answered(ok({kFresh}).saying("")), get().hit()}},
      {section,
       "large_body",
       least,
       {get().answered(ok({kFresh}).saying(std::string(300'000, 'l'))), get().hit(), get().hit()}},
      {section,
       "reason_of_its_own",
       "The cache key is the information a cache uses to choose a response",
       {get().answered(says("200 Fine", {kFresh})), get().hit()}},
      {section,
       "query",
       "composed from, at a minimum, the request method and target URI",
       {first({kFresh}).at("?q=1"), get().at("?q=1").hit(), get().at("?q=2"), get()}},
  };
  for (const char* unknown : {"BREW", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"}) {
    rows.push_back({section,
                    std::string("answer_to_") + unknown,
                    method,
                    {asked(unknown).answered(ok({kFresh})), get(), asked(unknown)}});
  }
  return rows;
}

Cases fieldsThatAreStored() {
  const char* section = "9111 3.1";
  const char* all = "Caches MUST include all received response header fields";
  const char* connection = "The Connection header field and fields whose names are listed in it";
  const char* proxy = "Header fields that are specific to the proxy that a cache uses when forwarding a request";
  return {
      {section, "unknown_field", all, {first({kFresh, "X-Unheard-Of: yes", "Other: 1"}), get().hit()}},
      {section, "repeated_field", all, {first({kFresh, "X-Many: 1", "X-Many: 2", "X-Many: 3"}), get().hit()}},
      {section, "empty_field", all, {first({kFresh, "X-Empty:"}), get().hit()}},
      {section,
       "types_and_languages",
       all,
       {first({kFresh, "Content-Type: text/plain; charset=koi8-r", "Content-Language: ru", "Content-Encoding: x-own"}),
        get().hit()}},
      {section, "date_as_it_came", all, {first({kFresh, "Date: @-20"}), get().hit().sees({"Date: @-20"})}},
      {section, "server_as_it_came", all, {first({kFresh, "Server: Own/1.0"}), get().hit()}},
      {section, "link_and_via", all, {first({kFresh, "Link: </a>; rel=next", "X-Via: 1.1 other"}), get().hit()}},
      {section, "long_field", all, {first({kFresh, "X-Long: " + std::string(4000, 'x')}), get().hit()}},
      {section,
       "many_fields",
       all,
       {first({kFresh, "X-A: 1", "X-B: 2", "X-C: 3", "X-D: 4", "X-E: 5", "X-F: 6", "X-G: 7", "X-H: 8"}), get().hit()}},
      {section,
       "named_in_connection",
       connection,
       {first({kFresh, "Connection: X-Hop", "X-Hop: 1", "X-End: 2"}).sees({"!X-Hop"}), get().hit().sees({"!X-Hop"})}},
      {section,
       "proxy_authenticate",
       proxy,
       {first({kFresh, "Proxy-Authenticate: Basic realm=\"x\""}).sees({"?Proxy-Authenticate"}),
        get().hit().sees({"!Proxy-Authenticate"})}},
      {section,
       "proxy_authentication_info",
       proxy,
       {first({kFresh, "Proxy-Authentication-Info: nextnonce=\"x\""}).sees({"?Proxy-Authentication-Info"}),
        get().hit().sees({"!Proxy-Authentication-Info"})}},
      {section,
       "trailers",
       "Caches MUST NOT combine trailer fields with header fields",
       {get().answered(ok({kFresh}).framed(Framing::kTrailers)), get().hit().sees({"!X-Trailer"})}},
      {section, "chunked", all, {get().answered(ok({kFresh}).framed(Framing::kChunked)), get().hit()}},
      notStored("9111 7.3", "set_cookie",
                "Servers that wish to control caching of these responses are encouraged to emit",
                ok({kFresh, "Set-Cookie: user=one"})),
  };
}

// A row that asks for a whole one after an answer that broke off.
Case broken(std::string name, Answer answer) {
  return {"9111 3.3",
          std::move(name),
          "A cache MUST NOT use an incomplete response to answer requests",
          {get().answered(std::move(answer)).broken(), get(), get()}};
}

Cases incompleteResponses() {
  const std::string large(200'000, 'i');
  return {
      broken("length_not_reached", ok({kFresh}).framed(Framing::kCut)),
      broken("length_not_reached_with_tag", ok({kFresh, "ETag: \"kept\""}).framed(Framing::kCut)),
      broken("large_and_cut", ok({kFresh}).framed(Framing::kCut).saying(large)),
      broken("last_chunk_missing", ok({kFresh}).framed(Framing::kCutChunks)),
      broken("large_and_last_chunk_missing", ok({kFresh}).framed(Framing::kCutChunks).saying(large)),
      broken("of_a_404", says("404 Not Found", {kFresh}).framed(Framing::kCut)),
      {"9111 3.3",
       "cut_while_revalidated",
       "A cache MUST NOT use an incomplete response to answer requests",
       {first({kFresh, "Age: 100", "ETag: \"kept\""}),
        get().answered(ok({kFresh, "ETag: \"new\""}).framed(Framing::kCut)).broken(), get()}},
  };
}

Cases authorized() {
  const char* section = "9111 3.5";
  const char* must = "A shared cache MUST NOT use a cached response to a request with an Authorization header field";
  const char* allow = "the following response directives have such an effect";
  const Fields one{"Authorization: Basic b25lOm9uZQ=="};
  const Fields two{"Authorization: Basic dHdvOnR3bw=="};
  const auto shared = [&](std::string name, Fields answer) -> Case {
    return {section, std::move(name), allow, {first(std::move(answer), one), get(two).hit(), get().hit()}};
  };
  const auto own = [&](std::string name, Fields answer) -> Case {
    return {section, std::move(name), must, {first(std::move(answer), one), get(two), get(), get(one)}};
  };
  return {
      own("max_age", {kFresh}),
      own("expires", {"Expires: @3600"}),
      own("heuristic", {kOld}),
      own("proxy_revalidate", {"Cache-Control: max-age=60, proxy-revalidate"}),
      own("immutable", {"Cache-Control: max-age=60, immutable"}),
      own("vary", {kFresh, "Vary: Authorization"}),
      own("private", {"Cache-Control: public, private, max-age=60"}),
      own("no_store", {"Cache-Control: public, no-store, max-age=60"}),
      shared("public", {"Cache-Control: public, max-age=60"}),
      shared("public_and_expires", {"Cache-Control: public", "Expires: @3600"}),
      shared("s_maxage", {"Cache-Control: s-maxage=60"}),
      shared("must_revalidate", {"Cache-Control: must-revalidate, max-age=60"}),
      {section,
       "must_revalidate_when_old",
       "the cache conforms to the requirements of that directive for that response",
       {first({"Cache-Control: must-revalidate, max-age=60", "Age: 100", "ETag: \"kept\""}, one),
        get(two).validated({"If-None-Match: \"kept\"", "Authorization: Basic dHdvOnR3bw=="})}},
      {section,
       "s_maxage_when_old",
       "the cache conforms to the requirements of that directive for that response",
       {first({"Cache-Control: s-maxage=60", "Age: 100"}, one), get(two)}},
      {section, "of_a_request_without", must, {first({kFresh}), get(one).hit()}},
      {section, "other_schemes", must, {first({kFresh}, {"Authorization: Bearer abc"}), get(), get(two)}},
      {section,
       "replaces_nothing_of_another",
       must,
       {first({kFresh}, one), first({kFresh}, two), get().answered(ok({kFresh})), get().hit(2)}},
  };
}

}  // namespace

Cases storingCases() {
  return joined({whatIsStored(), fieldsThatAreStored(), incompleteResponses(), authorized()});
}

}  // namespace proxytest::cache
