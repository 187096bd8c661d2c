// RFC 9111 4 and 4.1: which stored response answers which request, and 4.3.2 where none does.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kFresh = "Cache-Control: max-age=60";

Cases keys() {
  const char* section = "9111 4";
  const char* uri = "the presented target URI (Section 7.1 of [HTTP]) and that of the stored response match";
  const char* method = "the request method associated with the stored response allows it to be used";
  const char* through = "A cache MUST write through requests with methods that are unsafe";
  Cases rows{
      {section, "other_path", uri, {first({kFresh}).at("/a"), get().at("/b"), get().at("/a").hit()}},
      {section, "path_in_other_letters", uri, {first({kFresh}).at("/a"), get().at("/A")}},
      {section, "path_with_slash", uri, {first({kFresh}).at("/a"), get().at("/a/")}},
      {section, "other_query", uri, {first({kFresh}).at("/?a=1"), get().at("/?a=2"), get().at("/?a=1").hit()}},
      {section, "query_in_other_order", uri, {first({kFresh}).at("/?a=1&b=2"), get().at("/?b=2&a=1")}},
      {section, "empty_query", uri, {first({kFresh}).at("/a?"), get().at("/a?").hit()}},
      {section, "query_against_none", uri, {first({kFresh}).at("/a"), get().at("/a?x")}},
      {section, "escaped_path", uri, {first({kFresh}).at("/%41%20b"), get().at("/%41%20b").hit()}},
      {section,
       "other_host",
       uri,
       {first({kFresh}, {"Host: one.test"}), get({"Host: two.test"}), get({"Host: one.test"}).hit()}},
      {section, "host_in_other_letters", uri, {first({kFresh}, {"Host: one.test"}), get({"Host: ONE.test"}).hit()}},
      {section, "host_with_its_port", uri, {first({kFresh}, {"Host: one.test"}), get({"Host: one.test:80"}).hit()}},
      {section, "host_with_another", uri, {first({kFresh}, {"Host: one.test"}), get({"Host: one.test:81"})}},
      {"9110 9.3.1",
       "with_a_body",
       "content received in a GET request has no generally defined semantics",
       {asked("GET", {}, "which").answered(ok({kFresh})), first({kFresh}), asked("GET", {}, "which"), get().hit(1)}},
      {"9110 9.3.1",
       "with_a_body_of_nothing",
       "content received in a GET request has no generally defined semantics",
       {first({kFresh}), get({"Content-Length: 0"}).hit()}},
      {section, "head_of_a_stored_get", method, {first({kFresh, "X-Own: 1"}), asked("HEAD").hit(), get().hit()}},
      {section, "get_of_a_stored_head", method, {asked("HEAD").answered(ok({kFresh})), get()}},
      {section, "head_of_a_stored_404", method, {get().answered(says("404 Not Found", {kFresh})), asked("HEAD").hit()}},
      {section, "many_hits", uri, {first({kFresh}), get().hit(), get().hit(), get().hit(), get().hit(), get().hit()}},
      {section,
       "age_is_generated",
       "a cache MUST generate an Age header field",
       {first({kFresh}), get().hit().sees({"Age in 0-5"})}},
      {section,
       "age_is_replaced",
       "replacing any present in the response with a value equal to the stored response's",
       {first({kFresh, "Age: 20"}), get().hit().sees({"Age in 20-25"})}},
      {section,
       "stale_is_validated",
       "successfully validated",
       {first({kFresh, "Age: 100", "ETag: \"kept\""}), get().validated({"If-None-Match: \"kept\""})}},
  };
  for (const char* unsafe : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
    rows.push_back({section,
                    std::string("written_through_") + unsafe,
                    through,
                    {first({kFresh}), asked(unsafe, {}, "what is sent").answered(says("403 Forbidden")), get().hit()}});
  }
  return rows;
}

Cases variants() {
  const char* section = "9111 4.1";
  const char* match = "unless all the presented request header fields nominated by that Vary field value match";
  const char* spaces = "adding or removing whitespace, where allowed in the header field's syntax";
  const char* lines = "combining multiple header field lines with the same field name";
  const char* absent = "it can only match another request if it is also absent there";
  const Fields english{"Accept-Language: en"};
  const Fields french{"Accept-Language: fr"};
  const Fields byLanguage{kFresh, "Vary: Accept-Language"};
  const Fields byBoth{kFresh, "Vary: X-One, X-Two"};
  return {
      {section, "same_field", match, {first(byLanguage, english), get(english).hit()}},
      {section, "other_field", match, {first(byLanguage, english), get(french)}},
      {section,
       "variants_stay",
       "A cache might store multiple responses for a request target",
       {first(byLanguage, english), first(byLanguage, french), get(english).hit(0), get(french).hit(1)}},
      {section,
       "three_variants",
       "A cache might store multiple responses for a request target",
       {first(byLanguage, english), first(byLanguage, french), first(byLanguage, {"Accept-Language: de"}),
        get(english).hit(0), get(french).hit(1), get({"Accept-Language: de"}).hit(2)}},
      {section, "star", "containing a member \"*\" always fails to match", {first({kFresh, "Vary: *"}), get(), get()}},
      {section,
       "star_among_others",
       "containing a member \"*\" always fails to match",
       {first({kFresh, "Vary: Accept-Language, *"}, english), get(english)}},
      {section, "absent_then_there", absent, {first(byLanguage), get(english)}},
      {section, "there_then_absent", absent, {first(byLanguage, english), get()}},
      {section, "absent_both_times", absent, {first(byLanguage), get().hit()}},
      {section,
       "fields_not_nominated",
       match,
       {first(byLanguage, {"Accept-Language: en", "X-Own: 1"}), get({"Accept-Language: en", "X-Own: 2"}).hit()}},
      {section,
       "two_nominated",
       match,
       {first(byBoth, {"X-One: 1", "X-Two: 2"}), get({"X-One: 1", "X-Two: 2"}).hit(), get({"X-One: 1", "X-Two: 3"}),
        get({"X-One: 0", "X-Two: 2"}), get({"X-One: 1"})}},
      {section,
       "two_lines_of_vary",
       match,
       {first({kFresh, "Vary: X-One", "Vary: X-Two"}, {"X-One: 1", "X-Two: 2"}), get({"X-One: 1", "X-Two: 2"}).hit(),
        get({"X-One: 1", "X-Two: 3"})}},
      {section,
       "name_in_other_letters",
       match,
       {first({kFresh, "Vary: ACCEPT-language"}, english), get({"accept-LANGUAGE: en"}).hit(), get(french)}},
      {section,
       "value_in_other_letters",
       match,
       {first({kFresh, "Vary: X-Own"}, {"X-Own: value"}), get({"X-Own: VALUE"})}},
      {section,
       "spaces_in_the_value",
       spaces,
       {first(byLanguage, {"Accept-Language: en,fr"}), get({"Accept-Language: en, fr"}).hit()}},
      {section,
       "spaces_around_the_value",
       spaces,
       {first(byLanguage, {"Accept-Language: en"}), get({"Accept-Language:   en  "}).hit()}},
      {section,
       "two_lines_of_the_field",
       lines,
       {first(byLanguage, {"Accept-Language: en", "Accept-Language: fr"}), get({"Accept-Language: en, fr"}).hit()}},
      {section,
       "one_line_then_two",
       lines,
       {first(byLanguage, {"Accept-Language: en, fr"}), get({"Accept-Language: en", "Accept-Language: fr"}).hit()}},
      {section, "longer_list", match, {first(byLanguage, english), get({"Accept-Language: en, fr"})}},
      {section,
       "cookies",
       match,
       {first({kFresh, "Vary: Cookie"}, {"Cookie: user=1"}), get({"Cookie: user=2"}), get({"Cookie: user=1"}).hit()}},
      {section,
       "encodings",
       match,
       {first({kFresh, "Vary: Accept-Encoding", "Content-Encoding: x-own"}, {"Accept-Encoding: x-own"}),
        first({kFresh, "Vary: Accept-Encoding"}), get({"Accept-Encoding: x-own"}).hit(0), get().hit(1)}},
      {section,
       "agents",
       match,
       {first({kFresh, "Vary: User-Agent"}, {"User-Agent: one/1"}), get({"User-Agent: two/1"}),
        get({"User-Agent: one/1"}).hit()}},
      {section,
       "vary_changes",
       match,
       {first(byLanguage, english), first({kFresh, "Vary: X-Own"}, {"Accept-Language: fr", "X-Own: 1"}),
        get({"Accept-Language: fr", "X-Own: 2"})}},
      {section,
       "of_a_404",
       match,
       {get(english).answered(says("404 Not Found", byLanguage)), get(english).hit(), get(french)}},
      {section,
       "head_of_a_variant",
       match,
       {first(byLanguage, english), first(byLanguage, french), asked("HEAD", english).hit(0)}},
      {section,
       "stale_variant",
       match,
       {first({kFresh, "Vary: X-Own", "Age: 100", "ETag: \"one\""}, {"X-Own: 1"}),
        first({kFresh, "Vary: X-Own", "ETag: \"two\""}, {"X-Own: 2"}),
        get({"X-Own: 1"}).validated({"If-None-Match ~ \"one\""})}},
      {section, "empty_vary", match, {first({kFresh, "Vary:"}, english), get(french).hit()}},
      // Once it is known by what all of them are selected, none is lost to another.
      {section,
       "vary_that_changes_back_and_forth",
       match,
       {first({kFresh, "Vary: X-One"}, {"X-One: 1"}), first(byBoth, {"X-One: 2"}),
        first({kFresh, "Vary: X-One"}, {"X-One: 1"}), get({"X-One: 2"}).hit(1), get({"X-One: 1"}).hit(2)}},
      {section,
       "request_goes_on_with_it",
       "If no stored response matches, the cache cannot satisfy the presented request",
       {first(byLanguage, english), get(french).tells({"Accept-Language: fr"})}},
  };
}

// What the client alone has is the origin's to compare, where the store has nothing and will have nothing of it.
Cases conditionsForTheOrigin() {
  const char* section = "9111 4.3.2";
  const char* forOrigin = "occur in a request with a target resource for which it has no stored responses";
  const std::string tag = "ETag: \"kept\"";
  const std::string asked = "If-None-Match: \"kept\"";
  return {
      {section,
       "with_authorization",
       forOrigin,
       {get({"Authorization: Basic eDp5", asked}).answered(notModified({tag})).tells({asked}).code(304)}},
      {section,
       "not_to_be_stored",
       forOrigin,
       {get({"Cache-Control: no-store", asked}).answered(notModified({tag})).tells({asked}).code(304)}},
      {section,
       "known_to_be_private",
       forOrigin,
       {get({"Cache-Control: no-cache"}).answered(ok({"Cache-Control: private", tag})),
        get({asked}).answered(notModified({tag})).tells({asked}).code(304)}},
      // What one client must not have stored another's may be.
      {section,
       "after_one_not_to_be_stored",
       "conditional requests",
       {get({"Cache-Control: no-store"}).answered(ok({kFresh, tag})),
        get({"If-None-Match: \"other\""}).answered(ok({kFresh, tag})).tells({"!If-None-Match"}), get().hit(1)}},
  };
}

}  // namespace

Cases reuseCases() {
  return joined({keys(), variants(), conditionsForTheOrigin()});
}

}  // namespace proxytest::cache
