// RFC 9111 4.3 and 3.2, RFC 9110 13 and 15.4.5: questions whether something has changed, the cache's and the clients'.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kFresh = "Cache-Control: max-age=60";
constexpr const char* kOld = "Age: 100";
constexpr const char* kTag = "ETag: \"kept\"";
constexpr const char* kAsked = "If-None-Match: \"kept\"";

Cases questionsSent() {
  const char* section = "9111 4.3.1";
  const char* tags = "MUST send the relevant entity tags";
  const char* dates = "SHOULD send the Last-Modified value";
  return {
      {section, "tag", tags, {first({kFresh, kOld, kTag}), get().validated({kAsked, "!If-Modified-Since"})}},
      {section,
       "weak_tag",
       tags,
       {first({kFresh, kOld, "ETag: W/\"soft\""}), get().validated({"If-None-Match: W/\"soft\""})}},
      {section,
       "tag_with_odd_letters",
       tags,
       {first({kFresh, kOld, "ETag: \"a,b;c=d\""}), get().validated({"If-None-Match: \"a,b;c=d\""})}},
      {section,
       "date",
       dates,
       {first({kFresh, kOld, "Last-Modified: @-3600"}),
        get().validated({"If-Modified-Since: @-3600", "!If-None-Match"})}},
      {section,
       "date_as_it_came",
       dates,
       {first({kFresh, kOld, "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT"}),
        get().validated({"If-Modified-Since ~ 08:49:37"})}},
      {section,
       "both",
       "In most cases, both validators are generated in cache validation requests",
       {first({kFresh, kOld, kTag, "Last-Modified: @-3600"}), get().validated({kAsked, "If-Modified-Since: @-3600"})}},
      {section, "neither", tags, {first({kFresh, kOld}), get().tells({"!If-None-Match", "!If-Modified-Since"})}},
      {section,
       "other_fields_go_along",
       "a cache either starts with a request it is attempting to satisfy",
       {first({kFresh, kOld, kTag}),
        get({"X-Own: 1", "Accept: text/plain"}).validated({kAsked, "X-Own: 1", "Accept: text/plain"})}},
      {section,
       "range_does_not",
       "MUST send the relevant entity tags",
       {first({kFresh, kOld, kTag}), get().validated({kAsked, "!Range"})}},
      {section,
       "of_a_404",
       tags,
       {get().answered(says("404 Not Found", {kFresh, kOld, kTag})), get().validated({kAsked})}},
      {section,
       "after_time_has_passed",
       tags,
       {first({"Cache-Control: max-age=1", kTag}), get().later().validated({kAsked})}},
  };
}

Cases questionsOfClients() {
  const char* section = "9111 4.3.2";
  const char* evaluates = "the cache SHOULD evaluate any applicable conditional header field preconditions";
  const char* precedence = "If-None-Match takes precedence over If-Modified-Since";
  const char* weak = "A recipient MUST use the weak comparison function when comparing entity tags for If-None-Match";
  const char* earlier =
      "If the selected representation's last modification date is earlier or equal to the date provided";
  const char* invalid = "if the received field value is not a valid HTTP-date";
  const Step tagged = first({kFresh, kTag});
  const Step dated = first({kFresh, "Last-Modified: @-3600", "Date: @0"});
  return {
      {section, "same_tag", evaluates, {tagged, get({kAsked}).own(304).sees({kTag})}},
      {section, "other_tag", evaluates, {tagged, get({"If-None-Match: \"other\""}).hit()}},
      {"9110 13.1.2", "list_with_it", weak, {tagged, get({"If-None-Match: \"a\", \"kept\", \"b\""}).own(304)}},
      {"9110 13.1.2", "list_without_it", weak, {tagged, get({"If-None-Match: \"a\", \"b\""}).hit()}},
      {"9110 13.1.2", "two_lines", weak, {tagged, get({"If-None-Match: \"a\"", kAsked}).own(304)}},
      {"9110 13.1.2", "weak_asked", weak, {tagged, get({"If-None-Match: W/\"kept\""}).own(304)}},
      {"9110 13.1.2",
       "weak_stored",
       weak,
       {first({kFresh, "ETag: W/\"kept\""}), get({kAsked}).own(304).sees({"ETag: W/\"kept\""})}},
      {"9110 13.1.2",
       "both_weak",
       weak,
       {first({kFresh, "ETag: W/\"kept\""}), get({"If-None-Match: W/\"kept\""}).own(304)}},
      {"9110 13.1.2", "tag_in_other_letters", weak, {tagged, get({"If-None-Match: \"KEPT\""}).hit()}},
      {"9110 13.1.2",
       "tag_with_comma",
       weak,
       {first({kFresh, "ETag: \"a,b\""}), get({"If-None-Match: \"a\", \"b\""}).hit(),
        get({"If-None-Match: \"a,b\""}).own(304)}},
      {"9110 13.1.2",
       "star",
       "If the field value is \"*\", the condition is false",
       {tagged, get({"If-None-Match: *"}).own(304)}},
      {"9110 13.1.2", "no_tag_stored", weak, {first({kFresh}), get({kAsked}).hit()}},
      {"9110 13.1.3", "same_date", earlier, {dated, get({"If-Modified-Since: @-3600"}).own(304)}},
      {"9110 13.1.3", "later_date", earlier, {dated, get({"If-Modified-Since: @-1800"}).own(304)}},
      {"9110 13.1.3", "earlier_date", earlier, {dated, get({"If-Modified-Since: @-7200"}).hit()}},
      {"9110 13.1.3", "invalid_date", invalid, {dated, get({"If-Modified-Since: yesterday"}).hit()}},
      {"9110 13.1.3",
       "two_dates",
       "the field value has more than one member",
       {dated, get({"If-Modified-Since: @-1800, @-1000"}).hit()}},
      {section,
       "date_of_the_response",
       "a cache SHOULD use the stored response's Date field value",
       {first({kFresh, "Date: @-10"}), get({"If-Modified-Since: @-5"}).own(304),
        get({"If-Modified-Since: @-30"}).hit()}},
      {section,
       "tag_before_date",
       precedence,
       {first({kFresh, kTag, "Last-Modified: @-3600"}),
        get({"If-None-Match: \"other\"", "If-Modified-Since: @-1800"}).hit(),
        get({kAsked, "If-Modified-Since: @-7200"}).own(304)}},
      {section, "head", evaluates, {tagged, asked("HEAD", {kAsked}).own(304)}},
      {section,
       "of_a_404",
       "reusing a stored 200 (OK) or 206 (Partial Content) response",
       {get().answered(says("404 Not Found", {kFresh, kTag})), get({kAsked}).hit()}},
      {section,
       "of_a_redirect",
       "redirects and failures that can be detected before significant processing occurs",
       {get().answered(says("301 Moved", {kFresh, kTag, "Location: /"})), get({kAsked}).hit()}},
      {section,
       "answer_to_one_is_stored",
       "conditional requests",
       {get({"If-None-Match: \"other\""}).answered(ok({kFresh, kTag})), get().hit()}},
      {section,
       "stale_and_other_tag",
       "the cache MUST generate a 200 (OK) response for the client",
       {first({kFresh, kOld, kTag}),
        get({"If-None-Match: \"other\""}).answered(notModified({kTag})).validated({"If-None-Match ~ \"kept\""})}},
      {section,
       "stale_and_same_tag",
       evaluates,
       {first({kFresh, kOld, kTag}),
        get({kAsked}).answered(notModified({kTag})).tells({"If-None-Match ~ \"kept\""}).code(304)}},
      {"9110 15.4.5",
       "fields_of_a_304",
       "MUST generate any of the following header fields that would have been sent in a 200",
       {first({kFresh, kTag, "Date: @-5", "Expires: @3600", "Vary: X-Own", "Content-Location: {base}/here"}),
        get({kAsked}).own(304).sees(
            {kFresh, kTag, "Date: @-5", "Expires: @3600", "Vary: X-Own", "Content-Location: {base}/here", "Age"})}},
  };
}

Cases answersToTheCache() {
  const char* section = "9111 4.3.3";
  const char* full = "the cache MUST use the full response to satisfy the request";
  return {
      {section,
       "not_modified",
       "indicates that the stored response can be updated and reused",
       {first({kFresh, kOld, kTag}), get().answered(notModified({kTag, "Age: 0"})).validated({kAsked}), get().hit()}},
      {section,
       "not_modified_without_fields",
       "indicates that the stored response can be updated and reused",
       {first({"Cache-Control: no-cache", kTag}), get().validated({kAsked}), get().validated({kAsked})}},
      {section,
       "full_response",
       full,
       {first({kFresh, kOld, kTag}), get().answered(ok({kFresh, "ETag: \"new\""})).tells({kAsked}), get().hit(1)}},
      {section,
       "full_response_with_same_tag",
       full,
       {first({kFresh, kOld, kTag}), get().answered(ok({kFresh, kTag})).tells({kAsked}), get().hit(1)}},
      {section,
       "full_response_not_to_be_stored",
       full,
       {first({kFresh, kOld, kTag}), first({"Cache-Control: no-store"}), get()}},
      {section,
       "gone_now",
       full,
       {first({kFresh, kOld, kTag}), get().answered(says("410 Gone", {kFresh})).tells({kAsked}), get().hit(1)}},
      {section,
       "redirect_now",
       full,
       {first({kFresh, kOld, kTag}), get().answered(says("301 Moved", {kFresh, "Location: /"})), get().hit(1)}},
      {section,
       "no_error_is_kept_for_it",
       "it can either forward this response to the requesting client",
       {first({"Cache-Control: no-cache", kTag}), get().answered(says("500 Oops")), get().validated({kAsked})}},
  };
}

Cases freshening() {
  const char* section = "9111 4.3.4";
  const char* update = "the cache MUST update its header fields with the header fields provided in the 304";
  const char* replace = "the cache MUST add each header field in the provided response to the stored response";
  return {
      {section,
       "new_lifetime",
       update,
       {first({"Cache-Control: max-age=0", kTag}),
        get()
            .answered(notModified({kTag, "Cache-Control: max-age=60"}))
            .validated({})
            .sees({"Cache-Control: max-age=60"}),
        get().hit().sees({"Cache-Control: max-age=60"})}},
      {section,
       "new_expires",
       update,
       {first({"Expires: @-100", "Date: @-200", kTag}),
        get().answered(notModified({kTag, "Expires: @3600", "Date: @0"})).validated({}),
        get().hit().sees({"Expires: @3600", "Date: @0"})}},
      {section,
       "weak_tag",
       "the most recent of those matching stored responses is identified for update",
       {first({kFresh, kOld, "ETag: W/\"soft\""}),
        get().answered(notModified({"ETag: W/\"soft\"", "Age: 0", "X-Own: new"})).validated({}).sees({"X-Own: new"}),
        get().hit().sees({"X-Own: new"})}},
      {section,
       "by_date",
       "each of those strong validators identifies a selected representation for update",
       {first({kFresh, kOld, "Last-Modified: @-3600"}),
        get().answered(notModified({"Last-Modified: @-3600", "Age: 0"})).validated({"If-Modified-Since: @-3600"}),
        get().hit()}},
      {"9111 3.2",
       "value_replaced",
       replace,
       {first({kFresh, kOld, kTag, "X-Own: old"}),
        get().answered(notModified({kTag, "Age: 0", "X-Own: new"})).validated({}).sees({"X-Own: new"}),
        get().hit().sees({"X-Own: new"})}},
      {"9111 3.2",
       "field_added",
       replace,
       {first({kFresh, kOld, kTag}),
        get().answered(notModified({kTag, "Age: 0", "X-Own: new"})).validated({}).sees({"X-Own: new"}),
        get().hit().sees({"X-Own: new"})}},
      {"9111 3.2",
       "two_values_by_one",
       replace,
       {first({kFresh, kOld, kTag, "X-Own: 1", "X-Own: 2"}),
        get().answered(notModified({kTag, "Age: 0", "X-Own: 3"})).validated({}).sees({"X-Own: 3"}),
        get().hit().sees({"X-Own: 3"})}},
      {"9111 3.2",
       "others_stay",
       replace,
       {first({kFresh, kOld, kTag, "X-Stays: 1", "Content-Type: text/x-own"}),
        get().answered(notModified({kTag, "Age: 0"})).validated({}).sees({"X-Stays: 1", "Content-Type: text/x-own"}),
        get().hit()}},
      {"9111 3.2",
       "length_stays",
       "The Content-Length header field",
       {first({kFresh, kOld, kTag}), get().answered(notModified({kTag, "Age: 0", "Content-Length: 3"})).validated({}),
        get().hit()}},
      {"9111 3.2",
       "content_type_is_updated",
       "the Content-* prefix is not a signal that a header field is omitted",
       {first({kFresh, kOld, kTag, "Content-Type: text/x-old"}),
        get()
            .answered(notModified({kTag, "Age: 0", "Content-Type: text/x-new"}))
            .validated({})
            .sees({"Content-Type: text/x-new"}),
        get().hit().sees({"Content-Type: text/x-new"})}},
      {"9111 5.2.1.5",
       "no_store_beside_a_304",
       "a cache MUST NOT store any part of either this request or any response to it",
       {first({kFresh, kOld, kTag}),
        get({"Cache-Control: no-store"}).answered(notModified({kTag, "Age: 0", "X-Own: new"})).validated({kAsked}),
        get().validated({kAsked}).sees({"!X-Own"})}},
      {"9111 3.5",
       "authorization_beside_a_304",
       "MUST NOT use a cached response to a request with an Authorization header field",
       {first({kFresh, kOld, kTag}),
        get({"Authorization: Basic eDp5"})
            .answered(notModified({kTag, "Age: 0", "X-Own: of alice"}))
            .validated({kAsked}),
        get().validated({kAsked}).sees({"!X-Own"})}},
      {"9111 3.5",
       "authorization_beside_a_304_for_all",
       "unless the response contains a Cache-Control field with a response directive",
       {first({kFresh, kOld, kTag}),
        get({"Authorization: Basic eDp5"})
            .answered(notModified({kTag, "Age: 0", "Cache-Control: public, max-age=60"}))
            .validated({kAsked}),
        get().hit().sees({"?Cache-Control"})}},
      {"9111 4.1",
       "vary_of_a_304",
       "unless all the presented request header fields nominated by that Vary field value match",
       {first({kFresh, kOld, kTag}, {"X-User: alice"}),
        get({"X-User: alice"}).answered(notModified({kTag, "Age: 0", "Vary: X-User"})).validated({kAsked}),
        get({"X-User: bob"})}},
      {"9111 3.2",
       "content_encoding_is_updated",
       "MUST add each header field in the provided response to the stored response, replacing field values",
       {first({kFresh, kOld, kTag, "Content-Encoding: x-old"}),
        get()
            .answered(notModified({kTag, "Age: 0", "Content-Encoding: x-new"}))
            .validated({})
            .sees({"Content-Encoding: x-new"}),
        get().hit().sees({"Content-Encoding: x-new"})}},
      {section,
       "twice",
       update,
       {first({"Cache-Control: no-cache", kTag, "X-Own: 1"}),
        get().answered(notModified({kTag, "X-Own: 2"})).validated({kAsked}).sees({"X-Own: 2"}),
        get().answered(notModified({kTag, "X-Own: 3"})).validated({kAsked}).sees({"X-Own: 3"})}},
      {section,
       "only_that_variant",
       "those that could have been chosen for that request",
       {first({kFresh, kOld, "Vary: X-V", "ETag: \"one\"", "X-Own: 1"}, {"X-V: 1"}),
        first({kFresh, "Vary: X-V", "ETag: \"two\"", "X-Own: 2"}, {"X-V: 2"}),
        get({"X-V: 1"})
            .answered(notModified({"ETag: \"one\"", "Age: 0", "X-Own: new"}))
            .validated({})
            .sees({"X-Own: new"}),
        get({"X-V: 2"}).hit(1), get({"X-V: 1"}).hit(0).sees({"X-Own: new"})}},
  };
}

// Beyond the RFC, which forbids to use such a 304 and leaves open what comes of the request: it is sent once more, as
// RFC 2616 10.3.5 had it.
Cases nothingSelected() {
  const char* section = "9111 4.3.4";
  const char* unused = "the cache MUST NOT use this new response to update any stored responses";
  const Answer ofAnother = notModified({"ETag: \"other\""});
  const Step stored = first({kFresh, kOld, kTag});
  const Step again = get().answered(ofAnother);
  return {
      {section, "of_another", unused, {stored, again.askedAgain(ok({kFresh, kTag})), get().hit(1)}},
      {section,
       "of_another_date",
       unused,
       {first({kFresh, kOld, "Last-Modified: @-3600"}),
        get().answered(notModified({"Last-Modified: @-60"})).askedAgain(ok({kFresh})), get().hit(1)}},
      {section, "of_another_not_to_be_stored", unused, {stored, again.askedAgain(ok({"Cache-Control: no-store"}))}},
      {section, "of_another_that_fails_then", unused, {stored, again.askedAgain(says("500 Oops"))}},
      {section, "of_another_and_another", unused, {stored, again.askedAgain(ofAnother).error()}},
      {section,
       "of_another_where_stale_may_stand_in",
       unused,
       {first({"Cache-Control: max-age=60, stale-if-error=60", kOld, kTag}), again.askedAgain(says("503 Oops")).stale(),
        again.askedAgain(silence()).stale()}},
      {section,
       "of_another_on_head",
       unused,
       {stored, asked("HEAD").answered(ofAnother).askedAgain(ok({kFresh, kTag}))}},
      {section,
       "of_another_and_the_client_asks_too",
       unused,
       {stored, get({kAsked}).answered(ofAnother).askedAgain(ok({kFresh, kTag})).code(304), get().hit(1)}},
  };
}

Cases byHead() {
  const char* section = "9111 4.3.5";
  const char* update = "the cache SHOULD update the stored response as described below";
  const char* stale = "otherwise, the cache SHOULD consider the stored response to be stale";
  const auto head = [](Fields fields, std::string body) {
    return asked("HEAD", {"Cache-Control: no-cache"}).answered(ok(std::move(fields)).saying(std::move(body)));
  };
  const Step stored = get().answered(ok({kFresh, kTag, "X-Own: old"}).saying("the same"));
  return {
      {section,
       "same_tag",
       update,
       {stored, head({kFresh, kTag, "X-Own: new"}, "the same"), get().hit().sees({"X-Own: new"})}},
      {section,
       "makes_it_fresh",
       update,
       {get().answered(ok({kFresh, kOld, kTag}).saying("the same")),
        asked("HEAD").answered(ok({kFresh, "Age: 0", kTag}).saying("the same")), get().hit()}},
      {"9111 5.2.2.7",
       "private_says_a_head",
       "a shared cache MUST NOT store the response",
       {stored, head({"Cache-Control: private, max-age=60", kTag, "X-Own: of alice"}, "the same"),
        get().tells({"!If-None-Match"})}},
      {section, "other_tag", stale, {stored, head({kFresh, "ETag: \"new\""}, "the same"), get()}},
      {section,
       "tag_that_it_had_not",
       stale,
       {get().answered(ok({kFresh, "Last-Modified: @-3600"}).saying("the same")),
        head({kFresh, "Last-Modified: @-3600", kTag}, "the same"), get()}},
      {section, "other_length", stale, {stored, head({kFresh, kTag}, "something longer"), get()}},
      {section,
       "other_date",
       stale,
       {get().answered(ok({kFresh, "Last-Modified: @-3600"}).saying("the same")),
        head({kFresh, "Last-Modified: @-60"}, "the same"), get()}},
  };
}

}  // namespace

Cases validationCases() {
  return joined(
      {questionsSent(), questionsOfClients(), answersToTheCache(), freshening(), nothingSelected(), byHead()});
}

}  // namespace proxytest::cache
