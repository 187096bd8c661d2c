// RFC 9110 15 with RFC 9111 3 and 4.2.2: which statuses are kept for what reason, and that they go out as they came.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

// "404 Not Found" is status_404.
std::string nameOf(const std::string& what, const std::string& status) {
  return what + "_" + status.substr(0, 3);
}

Cases heuristicStatuses() {
  const char* quote =
      "heuristics can only be used on responses without explicit freshness whose status codes are defined";
  Cases rows;
  for (const char* status : {"200 OK", "203 Non-Authoritative Information", "204 No Content", "300 Multiple Choices",
                             "301 Moved Permanently", "308 Permanent Redirect", "404 Not Found",
                             "405 Method Not Allowed", "410 Gone", "414 URI Too Long", "501 Not Implemented"}) {
    rows.push_back(reused("9111 4.2.2", nameOf("heuristic", status), quote, says(status, {"Last-Modified: @-36000"})));
  }
  for (const char* status :
       {"201 Created", "202 Accepted", "302 Found", "303 See Other", "307 Temporary Redirect", "400 Bad Request",
        "403 Forbidden", "406 Not Acceptable", "409 Conflict", "418 I'm a teapot", "422 Unprocessable Content",
        "429 Too Many Requests", "500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable",
        "504 Gateway Timeout", "299 Odd", "599 Odd"}) {
    rows.push_back(
        askedAgain("9111 4.2.2", nameOf("no_heuristic", status), quote, says(status, {"Last-Modified: @-36000"})));
  }
  return rows;
}

Cases explicitStatuses() {
  const char* quote = "the response contains at least one of the following";
  Cases rows;
  for (const char* status : {"201 Created",
                             "202 Accepted",
                             "203 Other",
                             "204 No Content",
                             "300 Multiple Choices",
                             "301 Moved",
                             "302 Found",
                             "303 See Other",
                             "307 Temporary Redirect",
                             "308 Permanent Redirect",
                             "400 Bad Request",
                             "403 Forbidden",
                             "404 Not Found",
                             "405 Method Not Allowed",
                             "410 Gone",
                             "414 URI Too Long",
                             "418 I'm a teapot",

                             "451 Unavailable For Legal Reasons",
                             "500 Internal Server Error",
                             "501 Not Implemented",
                             "502 Bad Gateway",
                             "503 Service Unavailable",
                             "504 Gateway Timeout"}) {
    rows.push_back(reused("9111 3", nameOf("explicit", status), quote, says(status, {"Cache-Control: max-age=60"})));
  }
  const char* unknown = "treat an unrecognized status code as being equivalent to the x00 status code of that class";
  for (const char* status : {"299 Odd", "299 ", "399 Odder", "499 Oddest", "599 Very Odd", "218 This is fine"}) {
    rows.push_back(reused("9110 15", nameOf("unknown", status) + "_" + std::to_string(rows.size()), unknown,
                          says(status, {"Cache-Control: max-age=60"})));
  }
  for (const char* status : {"428 Precondition Required", "429 Too Many Requests",
                             "431 Request Header Fields Too Large", "511 Network Authentication Required"}) {
    rows.push_back(notStored("6585", nameOf("never", status), "MUST NOT be stored by a cache",
                             says(status, {"Cache-Control: max-age=60"})));
  }
  return rows;
}

}  // namespace

Cases statusCases() {
  return joined({heuristicStatuses(), explicitStatuses()});
}

}  // namespace proxytest::cache
