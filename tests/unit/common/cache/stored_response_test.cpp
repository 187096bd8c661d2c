// RFC 9111 3.1, and records of stored responses.
#include "common/cache/stored_response.h"

#include <boost/test/unit_test.hpp>

#include "common/base/text.h"
#include "common/cache/revalidation.h"
#include "tests/unit/common/cache/messages.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(stored_response)

namespace {

StoredResponse rich() {
  StoredResponse response =
      stored({{"Date", kNowText}, {"ETag", "\"x\""}, {"X-Empty", ""}, {"Server", "caf\xc3\xa9\t1"}}, 299);
  response.version = 20;
  response.requestTime = kNow - milliseconds{1500};
  response.bodyLength = 100;
  response.part = StoredPart{50, 1000};
  response.selection = std::string_view{"a\0b", 3};
  response.isAuthorized = true;
  return response;
}

bool isSame(const StoredResponse& left, const StoredResponse& right) {
  const auto sameField = [](const HeaderField& a, const HeaderField& b) {
    return a.name == b.name && a.value == b.value;
  };
  return left.status == right.status && left.reason == right.reason && left.version == right.version &&
         left.requestTime == right.requestTime && left.responseTime == right.responseTime &&
         left.bodyLength == right.bodyLength && left.part == right.part && left.selection == right.selection &&
         left.isAuthorized == right.isAuthorized && left.isHead == right.isHead &&
         std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(), right.fields.end(), sameField);
}

bool comesBack(const StoredResponse& response) {
  const std::string record = encodeResponse(response);
  const auto decoded = decodeRecord(record);
  const auto* found = decoded ? std::get_if<StoredResponse>(&*decoded) : nullptr;
  return found && isSame(*found, response);
}

std::string namesOf(const HeaderFields& fields) {
  std::string names;
  for (const HeaderField& field : fields) names.append(names.empty() ? "" : " ").append(field.name);
  return names;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_response_comes_back_as_it_was) {
  BOOST_CHECK(comesBack(rich()));
  BOOST_CHECK(comesBack(stored({{"Date", "once"}})));
  StoredResponse other = rich();
  other.part = StoredPart{7, std::nullopt};
  other.isHead = true;
  other.isAuthorized = false;
  other.status = 599;
  BOOST_CHECK(comesBack(other));
  other.part.reset();
  other.reason = "";
  BOOST_CHECK(comesBack(other));
}

// RFC 9110 6.6.1.
BOOST_AUTO_TEST_CASE(what_came_without_a_date_has_the_time_it_came_at) {
  const auto datesOf = [](const StoredResponse& response) {
    const std::string record = encodeResponse(response);
    const auto decoded = decodeRecord(record);
    BOOST_REQUIRE(decoded && std::holds_alternative<StoredResponse>(*decoded));
    std::string dates;
    for (const HeaderField& field : std::get<StoredResponse>(*decoded).fields)
      if (equalsIgnoringCase(field.name, "Date")) dates.append(field.value).append(";");
    return dates;
  };
  StoredResponse response = stored({{"ETag", "\"x\""}});
  response.responseTime = kNow + milliseconds{999};
  BOOST_TEST(datesOf(response) == std::string(kNowText) + ";");
  BOOST_TEST(datesOf(stored({{"date", "once"}})) == "once;");
  // RFC 9111 3.2: so has what a 304 without one confirms.
  const StoredResponse old = stored({{"Date", "once"}, {"ETag", "\"x\""}});
  BOOST_TEST(datesOf(freshened(old, {}, {}, kNow, kNow)) == std::string(kNowText) + ";");
}

BOOST_AUTO_TEST_CASE(a_marker_comes_back_as_it_was) {
  VaryMarker marker{{1, 2, 3, 255}, {"accept", "accept-encoding", "x-a"}};
  const std::string record = encodeVariants(marker);
  const auto decoded = decodeRecord(record);
  BOOST_REQUIRE(decoded && std::holds_alternative<VaryMarker>(*decoded));
  BOOST_CHECK(std::get<VaryMarker>(*decoded) == marker);
}

BOOST_AUTO_TEST_CASE(what_is_cut_or_longer_is_no_record) {
  for (const std::string& record : {encodeResponse(rich()), encodeVariants({{}, {"accept", "x"}})}) {
    for (std::size_t length = 0; length < record.size(); ++length)
      BOOST_CHECK_MESSAGE(!decodeRecord(std::string_view{record}.substr(0, length)), length);
    BOOST_CHECK(!decodeRecord(record + '\0'));
  }
}

// A store gives back what somebody else may have written: whatever a byte becomes, nothing that could split a
// response, or count beyond its bounds, comes out.
BOOST_AUTO_TEST_CASE(whatever_a_byte_becomes_nothing_harmful_comes_out) {
  const std::string record = encodeResponse(rich());
  std::size_t refused = 0;
  for (std::size_t place = 0; place < record.size(); ++place) {
    for (const char byte : {'\0', '\r', '\n', '\x7f', '\xff'}) {
      std::string damaged = record;
      damaged[place] = byte;
      const auto decoded = decodeRecord(damaged);
      if (!decoded) ++refused;
      if (!decoded) continue;
      const auto& response = std::get<StoredResponse>(*decoded);
      BOOST_CHECK(response.responseTime >= WallTime{} && response.status >= 200 && response.status <= 999);
      for (const HeaderField& field : response.fields)
        BOOST_CHECK(field.value.find_first_of("\r\n\0") == std::string_view::npos && !field.name.empty());
    }
  }
  BOOST_TEST(refused > 500U);
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_no_record) {
  const auto isRefused = [](auto change) {
    StoredResponse response = rich();
    change(response);
    return !decodeRecord(encodeResponse(response));
  };
  BOOST_CHECK(!isRefused([](StoredResponse&) {}));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.status = 199; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.status = 1000; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.version = 12; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.reason = "a\r\nb"; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.bodyLength = 951; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.bodyLength = ~std::uint64_t{0}; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.part->first = ~std::uint64_t{0}; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.fields[0].name = "a b"; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.fields[0].name = ""; }));
  BOOST_CHECK(isRefused([](StoredResponse& one) { one.fields[0].value = "a\nb: c"; }));
  BOOST_CHECK(!decodeRecord(encodeVariants({{}, {"b", "a"}})));
  BOOST_CHECK(!decodeRecord(encodeVariants({{}, {"a", "a"}})));
  BOOST_CHECK(!decodeRecord(encodeVariants({{}, {"a b"}})));
}

// RFC 9111 3.1, 5.2.2.4, 5.2.2.7; RFC 9110 7.6.1.
BOOST_AUTO_TEST_CASE(fields_of_one_hop_or_one_client_are_not_stored) {
  const HeaderFields fields{{"Date", kNowText},
                            {"Connection", "x-hop, close"},
                            {"Keep-Alive", "timeout=5"},
                            {"Transfer-Encoding", "chunked"},
                            {"TE", "trailers"},
                            {"Trailer", "X-T"},
                            {"Upgrade", "h2c"},
                            {"Proxy-Authenticate", "Basic"},
                            {"Proxy-Authentication-Info", "x"},
                            {"Proxy-Connection", "close"},
                            {"X-Hop", "1"},
                            {"set-cookie", "a=b"},
                            {"X-Mine", "1"},
                            {"X-Kept", "1"},
                            {"Content-Length", "5"},
                            {"Cache-Control", "no-cache=\"Set-Cookie\", private=\"x-mine\""}};
  BOOST_TEST(namesOf(storedFields(fields, parseCacheControl(fields))) == "Date X-Kept Content-Length Cache-Control");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
