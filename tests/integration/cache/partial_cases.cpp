// RFC 9110 14, 13.1.5 and 15.3.7: parts of what is stored whole.
#include "tests/integration/cache/case.h"

namespace proxytest::cache {
namespace {

constexpr const char* kFresh = "Cache-Control: max-age=60";
constexpr const char* kTag = "ETag: \"kept\"";
constexpr const char* kDigits = "0123456789";

// So many that they are stored in a file.
std::string manyDigits() {
  std::string text;
  while (text.size() < 300'000) text += kDigits;
  return text;
}

Step storedDigits(Fields more = {}) {
  return get().answered(ok({kFresh}).with(std::move(more)).saying(kDigits));
}

Step range(const std::string& value, Fields more = {}) {
  Fields fields{"Range: bytes=" + value};
  fields.insert(fields.end(), more.begin(), more.end());
  return get(std::move(fields));
}

Step part(const Step& asking, const std::string& place, std::string text) {
  return asking.own(206).text(std::move(text)).sees({"Content-Range: bytes " + place, "Cache-Status ~ hit"});
}

Cases singleRanges() {
  const char* bytes = "14.1.2";
  const std::string section = std::string("9110 ") + bytes;
  const char* inclusive = "the byte positions specified are inclusive. Byte offsets start at zero";
  const char* rest = "the byte range is interpreted as the remainder of the representation";
  const char* last = "A client can refer to the last N bytes";
  const char* large = "recipients MUST anticipate potentially large decimal numerals";
  const char* unsatisfiable = "the ranges-specifier is unsatisfiable with respect to the selected representation";
  const char* current = "SHOULD generate a Content-Range header field specifying the current length";
  const std::string body = manyDigits();
  const Step stored = storedDigits();
  return {
      {section, "first_bytes", inclusive, {stored, part(range("0-4"), "0-4/10", "01234")}},
      {section, "middle_bytes", inclusive, {stored, part(range("3-6"), "3-6/10", "3456")}},
      {section, "one_byte", inclusive, {stored, part(range("0-0"), "0-0/10", "0")}},
      {section, "last_byte", inclusive, {stored, part(range("9-9"), "9-9/10", "9")}},
      {section, "all_bytes", inclusive, {stored, part(range("0-9"), "0-9/10", kDigits)}},
      {section, "open_end", rest, {stored, part(range("7-"), "7-9/10", "789")}},
      {section, "open_end_from_zero", rest, {stored, part(range("0-"), "0-9/10", kDigits)}},
      {section, "beyond_the_end", rest, {stored, part(range("8-100"), "8-9/10", "89")}},
      {section, "suffix", last, {stored, part(range("-3"), "7-9/10", "789")}},
      {section, "suffix_of_all", last, {stored, part(range("-10"), "0-9/10", kDigits)}},
      {section,
       "suffix_beyond_all",
       "the entire representation is used",
       {stored, part(range("-50"), "0-9/10", kDigits)}},
      {section, "enormous_last", large, {stored, part(range("5-99999999999999999999999"), "5-9/10", "56789")}},
      {section, "enormous_suffix", large, {stored, part(range("-99999999999999999999999"), "0-9/10", kDigits)}},
      {section, "enormous_first", large, {stored, range("99999999999999999999999-").own(416)}},
      {"9110 14.2",
       "behind_the_end",
       unsatisfiable,
       {stored, range("10-").own(416).sees({"Content-Range: bytes */10"})}},
      {"9110 15.5.17",
       "length_is_told",
       current,
       {stored, range("10-20").own(416).sees({"Content-Range: bytes */10"})}},
      {section, "empty_suffix", "a suffix-range with a non-zero suffix-length", {stored, range("-0").own(416)}},
      {section,
       "of_a_large_body",
       inclusive,
       {get().answered(ok({kFresh}).saying(body)), part(range("200000-200009"), "200000-200009/300000", kDigits),
        part(range("-4"), "299996-299999/300000", "6789")}},
      {section,
       "of_a_chunked_body",
       inclusive,
       {get().answered(ok({kFresh}).saying(kDigits).framed(Answer::Framing::kChunked)),
        part(range("2-3"), "2-3/10", "23")}},
      {"9110 14.1",
       "unit_in_other_letters",
       "Range units",
       {stored, part(get({"Range: Bytes=0-4"}), "0-4/10", "01234")}},
      {"9110 15.3.7.1",
       "fields_of_a_206",
       "Content-Range header field",
       {storedDigits({kTag, "X-Own: 1", "Date: @-3"}),
        part(range("0-4"), "0-4/10", "01234")
            .sees({kTag, "X-Own: 1", "Date: @-3", kFresh, "Age", "Content-Length: 5"})}},
      {"9530 2",
       "digest_of_all_is_not_of_a_part",
       "applied to the actual message content",
       {storedDigits({"Content-Digest: sha-256=:AA==:", "Repr-Digest: sha-256=:AA==:"}),
        part(range("0-4"), "0-4/10", "01234").sees({"!Content-Digest", "Repr-Digest: sha-256=:AA==:"})}},
      {section, "whole_afterwards", inclusive, {stored, part(range("0-4"), "0-4/10", "01234"), get().hit()}},
  };
}

Cases severalRanges() {
  const char* section = "9110 15.3.7.2";
  const char* parts = "A server that generates a multipart response SHOULD send the parts in the same order";
  const char* single = "A server MUST NOT generate a multipart response to a request for a single range";
  const Step stored = storedDigits({"Content-Type: text/x-own"});
  const std::string type = "Content-Type ~ multipart/byteranges";
  return {
      {section,
       "two",
       parts,
       {stored, range("0-1,8-9").own(206).sees({type}).holds(
                    {"bytes 0-1/10", "\r\n\r\n01\r\n", "bytes 8-9/10", "\r\n\r\n89\r\n"})}},
      {section,
       "parts_have_the_type",
       "Content-Type header field",
       {stored, range("0-1,8-9").own(206).sees({type}).holds({"text/x-own"})}},
      {section,
       "with_spaces",
       parts,
       {stored, range("0-1, 8-9").own(206).sees({type}).holds({"bytes 0-1/10", "bytes 8-9/10"})}},
      {section,
       "first_and_last",
       parts,
       {stored, range("0-0,-1").own(206).sees({type}).holds({"bytes 0-0/10", "bytes 9-9/10"})}},
      {section,
       "some_unsatisfiable",
       "excluding those ranges that were deemed unsatisfiable",
       {stored, range("2-3,50-60").own(206).holds({"23"})}},
      {section,
       "all_unsatisfiable",
       "none of the requested ranges are satisfiable",
       {stored, range("20-30,40-50").own(416)}},
      {section,
       "of_a_large_body",
       parts,
       {get().answered(ok({kFresh}).saying(manyDigits())),
        range("0-1,299998-299999")
            .own(206)
            .sees({type})
            .holds({"bytes 0-1/300000", "\r\n\r\n01\r\n", "bytes 299998-299999/300000", "\r\n\r\n89\r\n"})}},
      {section,
       "one_is_no_multipart",
       single,
       {stored, part(range("2-3"), "2-3/10", "23").sees({"Content-Type: text/x-own"})}},
  };
}

Cases whereRangesAreIgnored() {
  const char* section = "9110 14.2";
  const char* invalid = "MAY ignore or reject a Range header field that contains an invalid ranges-specifier";
  const Step stored = storedDigits({kTag});
  return {
      {section, "last_before_first", invalid, {stored, range("5-2").hit()}},
      {section, "no_numbers", invalid, {stored, range("a-b").hit()}},
      {section, "nothing", invalid, {stored, range("").hit()}},
      {section, "only_a_dash", invalid, {stored, range("-").hit()}},
      {section, "one_of_two_is_invalid", invalid, {stored, range("0-1,x").hit()}},
      {section,
       "unknown_unit",
       "MUST ignore a Range header field that contains a range unit it does not understand",
       {stored, get({"Range: lines=1-2"}).hit()}},
      {section,
       "of_a_head",
       "GET is the only method for which range handling is defined",
       {stored, asked("HEAD", {"Range: bytes=0-4"}).hit()}},
      {section,
       "of_a_404",
       "only if the result in absence of the Range header field would be a 200 (OK) response",
       {get().answered(says("404 Not Found", {kFresh}).saying(kDigits)), range("0-4").hit()}},
      {section,
       "when_not_modified",
       "Range is ignored when a conditional GET would result in a 304",
       {stored, range("0-4", {"If-None-Match: \"kept\""}).own(304)}},
      {section,
       "when_modified",
       "The Range header field is evaluated after evaluating the precondition header fields",
       {stored, part(range("0-4", {"If-None-Match: \"other\""}), "0-4/10", "01234")}},
  };
}

Cases onCondition() {
  const char* section = "9110 13.1.5";
  const char* tag = "exactly matches the ETag field value for the selected representation using the strong comparison";
  const char* date = "exactly matches the Last-Modified field value for the selected representation";
  const char* alone =
      "A server MUST ignore an If-Range header field received in a request that does not contain a Range";
  const Step tagged = storedDigits({kTag});
  const Step dated = storedDigits({"Last-Modified: @-3600", "Date: @0"});
  return {
      {section, "same_tag", tag, {tagged, part(range("0-4", {"If-Range: \"kept\""}), "0-4/10", "01234")}},
      {section, "other_tag", tag, {tagged, range("0-4", {"If-Range: \"other\""}).hit()}},
      {section, "weak_tag_asked", tag, {tagged, range("0-4", {"If-Range: W/\"kept\""}).hit()}},
      {section,
       "weak_tag_stored",
       tag,
       {storedDigits({"ETag: W/\"kept\""}), range("0-4", {"If-Range: W/\"kept\""}).hit()}},
      {section, "no_tag_stored", tag, {storedDigits(), range("0-4", {"If-Range: \"kept\""}).hit()}},
      {section, "same_date", date, {dated, part(range("0-4", {"If-Range: @-3600"}), "0-4/10", "01234")}},
      {section, "later_date", date, {dated, range("0-4", {"If-Range: @-1800"}).hit()}},
      {section, "earlier_date", date, {dated, range("0-4", {"If-Range: @-7200"}).hit()}},
      {section, "invalid_date", date, {dated, range("0-4", {"If-Range: yesterday"}).hit()}},
      {section,
       "several_of_same_tag",
       tag,
       {tagged, range("0-1,8-9", {"If-Range: \"kept\""}).own(206).holds({"bytes 0-1/10", "bytes 8-9/10"})}},
      {section, "several_of_other_tag", tag, {tagged, range("0-1,8-9", {"If-Range: \"other\""}).hit()}},
      {section,
       "several_of_same_date",
       date,
       {dated, range("0-1,8-9", {"If-Range: @-3600"}).own(206).holds({"bytes 0-1/10", "bytes 8-9/10"})}},
      {section, "several_of_other_date", date, {dated, range("0-1,8-9", {"If-Range: @-7200"}).hit()}},
      {section,
       "large_of_same_tag",
       tag,
       {get().answered(ok({kFresh, kTag}).saying(manyDigits())),
        part(range("299990-", {"If-Range: \"kept\""}), "299990-299999/300000", kDigits)}},
      {section, "without_range", alone, {tagged, get({"If-Range: \"kept\""}).hit()}},
  };
}

}  // namespace

Cases partialCases() {
  return joined({singleRanges(), severalRanges(), whereRangesAreIgnored(), onCondition()});
}

}  // namespace proxytest::cache
