// One row of the table of RFC cases: what clients ask, what the origin would say, and what the RFC wants to be seen at
// both ends. Rows are data: they know nothing of httpd, sockets or the module.
//
// In all texts {base} stands for the path that the case has for itself, {site} for scheme and authority, and @N for the
// HTTP date N seconds from now (@-3600: an hour ago).
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace proxytest::cache {

using Fields = std::vector<std::string>;  // "Name: value"

// What the origin says if it is asked. Without a body of its own an answer gets one that no other has.
struct Answer {
  enum class Framing {
    kLength,      // Content-Length and as much
    kChunked,     // chunked, whole
    kUntilClose,  // neither: the body ends with the connection
    kCut,         // Content-Length, and the connection ends in the middle
    kCutChunks,   // chunked, and the connection ends before the last chunk
    kInterim,     // behind a 103, with Content-Length
    kTrailers,    // chunked, with "X-Trailer: behind" after the body
    kNothing,     // the connection is closed without a byte
  };

  std::string status = "200 OK";
  Fields fields = {};
  std::optional<std::string> body = {};
  Framing framing = Framing::kLength;

  Answer saying(std::string text) const;
  Answer framed(Framing how) const;
  Answer with(Fields more) const;
};

Answer ok(Fields fields = {});
Answer says(std::string status, Fields fields = {});  // with that status and reason
Answer notModified(Fields fields = {});
Answer silence();  // closes instead of answering

// One request. Unless something else is said, it reaches the origin and the client gets what the origin says.
struct Step {
  enum class Way {
    kForwarded,   // the origin sees it, its answer goes to the client
    kStored,      // the origin sees nothing, the client gets what an earlier step has brought
    kValidated,   // the origin is asked for a change, the client gets what an earlier step has brought
    kOwn,         // the origin sees nothing, the cache speaks itself (206, 304, 416, 504)
    kBroken,      // the client gets no whole response, or an error
    kError,       // the client gets a 5xx that is not of the origin
    kStale,       // the client gets what an earlier step has brought, whatever the origin sees of it
    kBehind,      // the client gets what an earlier step has brought, and the origin is asked behind it, once
    kEventually,  // asked again until it is what an earlier step's origin has said meanwhile
  };

  // What is asked.
  std::string method = "GET";
  std::string path = {};  // behind {base}
  Fields request = {};
  std::string body = {};
  // What the origin says if it sees it, now or in the background.
  Answer origin = {};
  // What it says to a request without conditions, where that is something else: the cache is to ask so afterwards.
  std::optional<Answer> unconditional = {};
  // What is to be seen. Of fields: "Name: value" is one that is there as it stands, "Name" one that is there, "!Name"
  // one that is not, "Name ~ part" one whose value holds that part, "Name !~ part" one whose value does not, "Name in
  // 3-5" a number, and "?Name" one that the RFC leaves open.
  Way way = Way::kForwarded;
  std::size_t from = 0;  // the step whose answer is seen
  std::optional<int> status = {};
  std::optional<std::string> seenBody = {};
  Fields bodyParts = {};     // texts that are in the body
  Fields seen = {};          // in the client's response
  Fields originSees = {};    // in the request that reaches the origin
  bool afterExpiry = false;  // two seconds after the step before it

  Step at(std::string place) const;        // under {base}
  Step answered(Answer answer) const;      // by the origin
  Step askedAgain(Answer answer) const;    // without conditions, when the first answer is of no use: then that one
  Step hit(std::size_t step = 0) const;    // from the store, as that step's origin has said it
  Step stale(std::size_t step = 0) const;  // the same, and the origin may or may not have been asked
  // The same, and the step ends once the origin has been asked in the background: what it says then is this step's.
  Step behind(std::size_t step = 0) const;
  Step eventually(std::size_t step) const;
  Step validated(Fields conditions, std::size_t step = 0) const;  // 304 of the origin, and what was stored
  Step own(int code) const;                                       // the cache's own word
  Step broken() const;
  Step error() const;
  Step sees(Fields fields) const;
  Step tells(Fields fields) const;  // the origin
  Step code(int code) const;
  Step text(std::string body) const;
  Step holds(Fields parts) const;
  Step later() const;
};

Step get(Fields request = {});
Step asked(std::string method, Fields request = {}, std::string body = {});
Step first(Fields answer, Fields request = {});  // a GET that a 200 with these fields answers

struct Case {
  std::string section;  // of which RFC: "9111 5.2.2.5"
  std::string name;     // words with _ between them
  std::string quote;    // of that section
  std::vector<Step> steps;
};

using Cases = std::vector<Case>;

// Rows that many cases have in common. Each gives the answer an ETag, so that what is stored would show at the origin.
Case reused(std::string section, std::string name, std::string quote, Answer answer, Fields request = {});
// Not stored: the second request goes to the origin as it came.
Case notStored(std::string section, std::string name, std::string quote, Answer answer, Fields request = {});
// The second request reaches the origin, with or without conditions.
Case askedAgain(std::string section, std::string name, std::string quote, Answer answer, Fields request = {});
// Stored, and the second request is a question whether it has changed.
Case validatedAlways(std::string section, std::string name, std::string quote, Answer answer, Fields request = {});

// By section; each in a file of that name.
Cases storingCases();         // 9111 3, 3.1-3.3, 3.5
Cases statusCases();          // 9110 15 with 9111 3 and 4.2.2: which statuses are kept, and how they go out
Cases partialCases();         // 9110 14, 13.1.5, 15.3.7: of what is stored whole
Cases storedPartCases();      // 9111 3.3, 3.4: parts that the origin sends
Cases reuseCases();           // 9111 4, 4.1, 4.2, 4.3.2
Cases freshnessCases();       // 9111 4.2.1-4.2.3, 5.1, 5.3
Cases staleCases();           // 9111 4.2.4, 5861
Cases validationCases();      // 9111 4.3, 9110 13, 15.4.5
Cases invalidationCases();    // 9111 4.4, 9110 9.3.3
Cases requestControlCases();  // 9111 5.2.1, 5.4
Cases controlCases();         // 9111 5.2.2, 5.2.3, 8246
Cases targetedCases();        // 9213, of a cache that follows CDN-Cache-Control
Cases untargetedCases();      // 9213, of one that follows no such field; not in allCases()
Cases statusFieldCases();     // 9211
Cases joined(std::initializer_list<Cases> parts);
Cases allCases();

}  // namespace proxytest::cache
