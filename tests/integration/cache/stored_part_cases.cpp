// RFC 9111 3.3 and 3.4, RFC 9110 15.3.7.3: parts that the origin sends, kept, served and put together.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kFresh = "Cache-Control: max-age=60";
constexpr const char* kTag = "ETag: \"kept\"";
constexpr const char* kDigits = "0123456789";
// Of 9111 3.3.
constexpr const char* kIncomplete = "A cache MUST NOT use an incomplete response to answer requests";
constexpr const char* kWithin = "the request is partial and specifies a range wholly within the incomplete response";
// Of 9111 3.4.
constexpr const char* kCombined = "if they all share the same strong validator";

Step range(const std::string& value, Fields more = {}) {
  Fields fields{"Range: bytes=" + value};
  fields.insert(fields.end(), more.begin(), more.end());
  return get(std::move(fields));
}

// What the origin says: "0-4" of the ten digits.
Answer partly(const std::string& place, Fields more = {kTag}) {
  const std::size_t first = static_cast<std::size_t>(place.front() - '0');
  const std::size_t last = static_cast<std::size_t>(place.back() - '0');
  return says("206 Partial Content", {kFresh, "Content-Range: bytes " + place + "/10"})
      .with(std::move(more))
      .saying(std::string(kDigits).substr(first, last - first + 1));
}

Step bringing(const std::string& place, Fields more = {kTag}) {
  return range(place).answered(partly(place, std::move(more)));
}

// What the cache says.
Step part(const Step& asking, const std::string& place, std::string text) {
  return asking.own(206).text(std::move(text)).sees({"Content-Range: bytes " + place + "/10", "Cache-Status ~ hit"});
}

Step all(const Step& asking = get()) {
  return asking.own(200).text(kDigits).sees({"!Content-Range", "Content-Length: 10", "Cache-Status ~ hit"});
}

// Something that nobody has sent before.
Step news() {
  return get().answered(ok({kFresh}).saying("ABCDEFGHIJ"));
}

Cases whatAPartAnswers() {
  const char* marked = "without explicitly marking it using the 206 (Partial Content) status code";
  const char* partial = "it did not contain all of the requested ranges (or the request was for the complete response)";
  const char* conditions = "can be satisfied by reusing a stored 200 (OK) or 206 (Partial Content) response";
  const std::string kept = "If-None-Match: \"kept\"";
  const Step low = bringing("0-4");
  const Step high = bringing("5-9");
  return {
      {"9111 3.3", "same_range", kWithin, {low, part(range("0-4"), "0-4", "01234")}},
      {"9111 3.3",
       "range_within",
       kWithin,
       {low, part(range("1-3"), "1-3", "123").sees({"Age", kTag, kFresh, "Content-Length: 3"})}},
      {"9111 3.3", "open_end_within", kWithin, {high, part(range("7-"), "7-9", "789")}},
      {"9111 3.3", "suffix_within", kWithin, {high, part(range("-2"), "8-9", "89")}},
      {"9111 3.3", "suffix_not_within", kWithin, {low, range("-2").answered(partly("8-9"))}},
      {"9111 3.3", "begins_before", kWithin, {high, range("4-6").answered(partly("4-6"))}},
      {"9111 3.3", "ends_behind", kWithin, {low, range("3-6").answered(partly("3-6"))}},
      {"9111 3.3", "another_part", kWithin, {low, high}},
      {"9111 3.3", "several_ranges", kWithin, {low, range("0-1,3-4").answered(ok({kFresh}).saying(kDigits))}},
      {"9111 3.3", "part_is_not_the_whole", kIncomplete, {low, news()}},
      {"9111 3.3", "whole_after_a_part", kIncomplete, {low, news(), get().hit(1)}},
      {"9111 3.3", "not_for_a_head", kIncomplete, {low, asked("HEAD").answered(ok({kFresh}).saying(kDigits))}},
      {"9111 3.3",
       "not_only_if_cached",
       kIncomplete,
       {low, get({"Cache-Control: only-if-cached"}).own(504), range("4-5", {"Cache-Control: only-if-cached"}).own(504),
        part(range("2-4", {"Cache-Control: only-if-cached"}), "2-4", "234")}},
      {"9111 3.3", "part_is_marked", marked, {low.sees({"Content-Range: bytes 0-4/10"}).code(206).text("01234")}},
      {"9211 2.2", "part_for_a_whole", partial, {low, news().sees({"Cache-Status ~ fwd=partial"})}},
      {"9211 2.2", "part_for_another", partial, {low, high.sees({"Cache-Status ~ fwd=partial"})}},
      {"9111 4.3.2", "range_not_modified", conditions, {low, range("0-4", {kept}).own(304)}},
      {"9111 4.3.2",
       "range_modified",
       conditions,
       {low, part(range("0-4", {"If-None-Match: \"other\""}), "0-4", "01234")}},
      {"9111 4.3.2",
       "whole_not_modified",
       conditions,
       {low, get({kept}).answered(ok({kFresh, kTag}).saying(kDigits)).code(304).text(""), get().hit(1)}},
      {"9110 13.1.5",
       "part_of_same_tag",
       "exactly matches the ETag field value for the selected representation using the strong comparison",
       {low, part(range("0-4", {"If-Range: \"kept\""}), "0-4", "01234")}},
      {"9110 13.1.5",
       "part_of_other_tag",
       "MUST ignore the Range header field if the If-Range condition evaluates as false",
       {low, range("0-4", {"If-Range: \"other\""}).answered(ok({kFresh, kTag}).saying(kDigits)), get().hit(1)}},
      {"9111 4.1",
       "part_of_a_variant",
       "all the presented request header fields nominated by that Vary field value match",
       {range("0-4", {"X-V: 1"}).answered(partly("0-4", {kTag, "Vary: X-V"})),
        range("0-4", {"X-V: 2"}).answered(partly("0-4", {"ETag: \"two\"", "Vary: X-V"})),
        part(range("1-2", {"X-V: 1"}), "1-2", "12")}},
      {"9111 4.4", "part_of_what_was_changed", "MUST invalidate the target URI", {low, asked("PUT", {}, "x"), low}},
  };
}

Cases whatIsNoPart() {
  const char* section = "9111 3.3";
  const char* units = "MUST NOT store incomplete or partial-content responses if it does not support";
  const char* multipart =
      "to avoid confusion with single-part responses, a server MUST NOT generate a Content-Range header field in the "
      "HTTP header section of a multiple part response";
  const auto not206 = [&](std::string name, const char* quote, Answer answer) -> Case {
    return {section, std::move(name), quote, {range("0-4").answered(std::move(answer)), bringing("0-4")}};
  };
  const Answer small = partly("0-3");
  return {
      {section,
       "range_answered_whole",
       "Because servers are free to ignore Range",
       {range("0-4").answered(ok({kFresh}).saying(kDigits)).code(200).text(kDigits), get().hit()}},
      not206("other_unit", units,
             says("206 Partial Content", {kFresh, kTag, "Content-Range: lines 0-4/10"}).saying("01234")),
      not206("weak_tag", kCombined, partly("0-4", {"ETag: W/\"kept\""})),
      not206("no_tag", kCombined, partly("0-4", {"Last-Modified: @-3600"})),
      not206("no_place", units, says("206 Partial Content", {kFresh, kTag}).saying("01234")),
      not206("two_places", units, partly("0-4", {kTag, "Content-Range: bytes 0-4/10"})),
      not206("unknown_length", units,
             says("206 Partial Content", {kFresh, kTag, "Content-Range: bytes 0-4/*"}).saying("01234")),
      not206("too_short", kIncomplete, partly("0-4").saying("0123")),
      not206("too_long", kIncomplete, partly("0-4").saying("012345")),
      not206("short_chunks", kIncomplete, partly("0-4").saying("0123").framed(Answer::Framing::kChunked)),
      {section, "unasked", kIncomplete, {get().answered(partly("0-4")), range("0-4").answered(partly("0-4")), news()}},
      {section,
       "cut",
       kIncomplete,
       {bringing("0-4").answered(partly("0-4").framed(Answer::Framing::kCut)).broken(), bringing("0-4")}},
      {section,
       "chunked",
       kWithin,
       {range("0-4").answered(partly("0-4").framed(Answer::Framing::kChunked)), part(range("2-3"), "2-3", "23")}},
      {"9110 15.3.7.2",
       "parts_of_the_origin",
       multipart,
       {range("0-1,3-4").answered(partly("0-4", {kTag, "Content-Type: multipart/byteranges; boundary=x"})),
        bringing("0-4")}},
      {"9110 15.5.17",
       "not_for_other_ranges",
       "the set of ranges in the request's Range header field (Section 14.2) has been rejected",
       {range("20-").answered(says("416 Range Not Satisfiable", {kFresh, "Content-Range: bytes */10"})), news()}},
  };
}

Cases whatPartsBecome() {
  const char* section = "9111 3.4";
  const char* whole = "MUST process the combined response as if it were a complete 200 (OK) response";
  const char* fields =
      "a cache MUST update the stored response header fields using the header fields provided in the new response";
  const char* few = "SHOULD NOT generate other representation header fields beyond those required";
  const auto apart = [&](std::string name, const std::string& one, const std::string& two) -> Case {
    return {section,
            std::move(name),
            kCombined,
            {bringing("0-4", {"ETag: " + one}), bringing("5-9", {"ETag: " + two}), news()}};
  };
  std::string many;
  while (many.size() < 300'000) many += kDigits;
  const auto large = [&](std::size_t first, std::size_t last) {
    const std::string place = std::to_string(first) + "-" + std::to_string(last);
    return range(place).answered(
        says("206 Partial Content", {kFresh, kTag, "Content-Range: bytes " + place + "/300000"})
            .saying(many.substr(first, last - first + 1)));
  };
  return {
      apart("other_tags", "\"one\"", "\"two\""),
      apart("weak_tags", "W/\"kept\"", "W/\"kept\""),
      {section, "gap_between", kCombined, {bringing("0-4"), bringing("7-9"), news()}},
      {section,
       "newest_of_two",
       kCombined,
       {bringing("0-4", {"ETag: \"one\""}), bringing("5-9", {"ETag: \"two\""}), part(range("6-7"), "6-7", "67"),
        bringing("0-4", {"ETag: \"one\""})}},
      {section, "touching", kCombined, {bringing("0-2"), bringing("3-5"), part(range("1-4"), "1-4", "1234"), news()}},
      {section, "overlapping", kCombined, {bringing("3-7"), bringing("1-4"), part(range("1-7"), "1-7", "1234567")}},
      {"9110 15.3.7.3",
       "whole_of_two",
       whole,
       {bringing("0-4"), bringing("5-9"), all(), part(range("3-6"), "3-6", "3456")}},
      {"9110 15.3.7.3", "whole_from_behind", whole, {bringing("5-9"), bringing("2-5"), bringing("0-1"), all()}},
      {"9110 15.3.7.3", "whole_of_one", whole, {bringing("0-9"), all()}},
      {"9110 15.3.7.3", "head_of_a_whole", whole, {bringing("0-4"), bringing("5-9"), all(asked("HEAD")).text("")}},
      {"9110 15.3.7.3",
       "large_whole",
       whole,
       {large(0, 199'999), large(150'000, 299'999), get().own(200).text(many).sees({"!Content-Range"})}},
      {"9111 3.2",
       "fields_of_parts",
       fields,
       {bringing("0-4", {kTag, "X-A: 1", "X-B: 1"}), bringing("5-9", {kTag, "X-A: 2"}),
        all().sees({"X-A: 2", "X-B: 1", kTag})}},
      {"9110 15.3.7",
       "answer_to_if_range_alone",
       few,
       {range("0-4", {"If-Range: \"kept\""}).answered(partly("0-4")), bringing("0-4")}},
      {"9110 15.3.7",
       "answer_to_if_range_adds",
       few,
       {bringing("0-4", {kTag, "Content-Type: text/x-own"}),
        range("5-9", {"If-Range: \"kept\""}).answered(partly("5-9")), all().sees({"Content-Type: text/x-own"})}},
  };
}

Cases partsThatAreStale() {
  const char* section = "9111 4.3.1";
  const char* tags = "MUST send the relevant entity tags";
  const Step old = bringing("0-4", {kTag, "Age: 100"});
  const std::string condition = "If-None-Match: \"kept\"";
  return {
      {section,
       "part_not_modified",
       tags,
       {old, range("1-3").validated({condition, "Range: bytes=1-3", "!If-Modified-Since"}).code(206).text("123"),
        part(range("0-4"), "0-4", "01234")}},
      {section,
       "part_modified",
       tags,
       {old, range("0-4").answered(partly("0-4", {"ETag: \"new\""}).saying("ABCDE")).tells({condition}),
        part(range("1-2"), "1-2", "BC")}},
      {section,
       "part_of_who_has_the_old_one",
       tags,
       {old,
        range("0-4", {"If-Range: \"kept\""})
            .answered(ok({kFresh, "ETag: \"new\""}).saying("ABCDEFGHIJ"))
            .tells({condition, "If-Range: \"kept\"", "Range: bytes=0-4"}),
        get().hit(1)}},
      {section, "part_combined", tags, {old, bringing("5-9"), all()}},
      {section, "stale_part_and_a_whole", tags, {old, news().tells({"!If-None-Match", "!Range"})}},
      {"5861 3",
       "part_revalidated_behind",
       "caches MAY serve the response it appears in after it becomes stale",
       {bringing("0-4", {kTag, "Age: 100", "Cache-Control: stale-while-revalidate=100"}),
        range("1-3").answered(partly("1-3", {"ETag: \"new\""}).saying("BCD")).stale().code(206).text("123"),
        range("1-3").eventually(1)}},
      {"5861 4",
       "part_for_an_error",
       "when an error is encountered, a cached stale response MAY be used",
       {bringing("0-4", {kTag, "Age: 100", "Cache-Control: stale-if-error=100"}),
        range("1-3").answered(says("503 Service Unavailable")).stale().code(206).text("123")}},
      {section,
       "range_of_a_stale_whole",
       tags,
       {get().answered(ok({kFresh, kTag, "Age: 100"}).saying(kDigits)),
        range("0-4").validated({condition}).code(206).text("01234")}},
  };
}

}  // namespace

Cases storedPartCases() {
  return joined({whatAPartAnswers(), whatIsNoPart(), whatPartsBecome(), partsThatAreStale()});
}

}  // namespace proxytest::cache
