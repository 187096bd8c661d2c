// RFC 9111 4.4 and RFC 9110 9.3.3: what unsafe requests do to what is stored, and answers to POST.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kFresh = "Cache-Control: max-age=60";

Cases targetsOfUnsafeMethods() {
  const char* section = "9111 4.4";
  const char* must = "A cache MUST invalidate the target URI";
  const char* unknown = "in response to an unsafe request method (including methods whose safety is unknown)";
  const char* success = "is one with a 2xx (Successful) or 3xx (Redirection) status code";
  Cases rows;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    rows.push_back({section,
                    std::string("by_") + method,
                    must,
                    {first({kFresh}), asked(method, {}, "new"), get().answered(ok({kFresh})), get().hit(2)}});
  }
  rows.push_back({section, "by_unknown_method", unknown, {first({kFresh}), asked("BREW"), get()}});
  for (const char* status :
       {"201 Created", "202 Accepted", "204 No Content", "299 Odd", "302 Found", "303 See Other"}) {
    rows.push_back({section,
                    "by_status_" + std::string(status).substr(0, 3),
                    success,
                    {first({kFresh}), asked("POST", {}, "new").answered(says(status)), get()}});
  }
  for (const char* status :
       {"400 Bad Request", "403 Forbidden", "404 Not Found", "409 Conflict", "500 Oops", "503 Busy"}) {
    rows.push_back({section,
                    "not_by_status_" + std::string(status).substr(0, 3),
                    success,
                    {first({kFresh}), asked("POST", {}, "new").answered(says(status)), get().hit()}});
  }
  rows.push_back({section, "not_by_OPTIONS", unknown, {first({kFresh}), asked("OPTIONS"), get().hit()}});
  return rows;
}

Cases otherTargets() {
  const char* section = "9111 4.4";
  const char* candidates = "the URI(s) in the Location and Content-Location response header fields";
  const char* origins = "MUST NOT trigger an invalidation under these conditions if the origin";
  const char* must = "A cache MUST invalidate the target URI";
  const Step kept = first({kFresh}).at("/kept");
  const auto posts = [](std::string field) {
    return asked("POST", {}, "new").at("/form").answered(says("201 Created", {std::move(field)}));
  };
  const Step again = get().at("/kept");
  return {
      {section, "location", candidates, {kept, posts("Location: {base}/kept"), again}},
      {section, "absolute_location", candidates, {kept, posts("Location: {site}{base}/kept"), again}},
      {section, "relative_location", candidates, {kept, posts("Location: kept"), again}},
      {section, "location_with_fragment", candidates, {kept, posts("Location: {base}/kept#part"), again}},
      {section, "content_location", candidates, {kept, posts("Content-Location: {base}/kept"), again}},
      {section, "absolute_content_location", candidates, {kept, posts("Content-Location: {site}{base}/kept"), again}},
      {section, "relative_content_location", candidates, {kept, posts("Content-Location: ./kept"), again}},
      {section, "other_location", candidates, {kept, posts("Location: {base}/other"), again.hit()}},
      {section,
       "location_of_another_origin",
       origins,
       {kept, posts("Location: http://other.test{base}/kept"), again.hit()}},
      {section,
       "content_location_of_another_origin",
       origins,
       {kept, posts("Content-Location: http://other.test{base}/kept"), again.hit()}},
      {section,
       "location_of_another_scheme",
       origins,
       {kept, posts("Location: https://cache.test{base}/kept"), again.hit()}},
      {section,
       "location_of_another_port",
       origins,
       {kept, posts("Location: http://cache.test:1{base}/kept"), again.hit()}},
      {section,
       "location_of_an_error",
       "when it receives a non-error status code",
       {kept, asked("POST", {}, "new").at("/form").answered(says("409 Conflict", {"Location: {base}/kept"})),
        again.hit()}},
      {section,
       "location_of_a_get",
       "in response to an unsafe request method",
       {kept, get().at("/form").answered(says("302 Found", {"Location: {base}/kept"})), again.hit()}},
      {section, "another_path_stays", must, {kept, asked("POST", {}, "new").at("/form"), again.hit()}},
      {section,
       "another_query_stays",
       must,
       {first({kFresh}).at("/q?a=1"), asked("POST", {}, "new").at("/q?a=2"), get().at("/q?a=1").hit()}},
      {section,
       "all_variants",
       "remove all stored responses whose target URI matches the given URI",
       {first({kFresh, "Vary: X-V"}, {"X-V: 1"}), first({kFresh, "Vary: X-V"}, {"X-V: 2"}), asked("POST", {}, "new"),
        get({"X-V: 1"}), get({"X-V: 2"})}},
      {section,
       "stored_again",
       must,
       {first({kFresh}), asked("PUT", {}, "new"), get().answered(ok({kFresh})), get().hit(2), asked("DELETE"), get()}},
      {section,
       "body_is_what_is_sent",
       "A cache MUST write through requests with methods that are unsafe",
       {first({kFresh}), asked("PUT", {"X-Own: 1"}, "new").tells({"X-Own: 1", "Content-Length: 3"}), get()}},
  };
}

Cases answersToPost() {
  const char* section = "9110 9.3.3";
  const char* only = "Responses to POST requests are only cacheable when they include explicit freshness information";
  const char* later = "A cached POST response can be reused to satisfy a later GET or HEAD request";
  const char* itself = "a POST request cannot be satisfied by a cached POST response";
  const char* same = "a Content-Location header field that has the same value as the POST's target URI";
  const Step post = asked("POST", {}, "sent");
  const std::string here = "Content-Location: {base}";
  const auto reusedFor = [&](std::string name, const char* quote, Fields fields) -> Case {
    return {section, std::move(name), quote, {post.answered(ok(std::move(fields))), get().hit()}};
  };
  const auto notFor = [&](std::string name, const char* quote, Fields fields) -> Case {
    return {section, std::move(name), quote, {post.answered(ok(std::move(fields))), get()}};
  };
  return {
      reusedFor("get", later, {kFresh, here}),
      reusedFor("expires", later, {"Expires: @3600", here}),
      reusedFor("s_maxage", later, {"Cache-Control: s-maxage=60", here}),
      reusedFor("absolute_location", same, {kFresh, "Content-Location: {site}{base}"}),
      {section, "head", later, {post.answered(ok({kFresh, here})), asked("HEAD").hit()}},
      {section, "post_again", itself, {post.answered(ok({kFresh, here})), post}},
      {section, "takes_the_place_of_a_get", later, {first({kFresh}), post.answered(ok({kFresh, here})), get().hit(1)}},
      notFor("no_content_location", only, {kFresh}),
      notFor("heuristic", only, {"Last-Modified: @-36000", here}),
      notFor("no_freshness", only, {here}),
      notFor("other_location", same, {kFresh, here + "/other"}),
      notFor("location_of_another_origin", same, {kFresh, "Content-Location: http://other.test{base}"}),
      notFor("no_store", only, {"Cache-Control: max-age=60, no-store", here}),
      notFor("private", only, {"Cache-Control: max-age=60, private", here}),
      notFor("stale", only, {"Cache-Control: max-age=0", here}),
      {section, "not_at_the_other_location", same, {post.answered(ok({kFresh, here + "/other"})), get().at("/other")}},
      {section, "put_is_not_post", only, {asked("PUT", {}, "sent").answered(ok({kFresh, here})), get()}},
  };
}

}  // namespace

Cases invalidationCases() {
  return joined({targetsOfUnsafeMethods(), otherTargets(), answersToPost()});
}

}  // namespace proxytest::cache
