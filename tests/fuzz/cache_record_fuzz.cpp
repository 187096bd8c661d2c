// Any record: it is refused, or what comes out is in its bounds, splits no response, and is written back the same.
#include "common/cache/freshness.h"
#include "common/cache/serving.h"
#include "common/cache/stored_response.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;

constexpr WallTime kNow{std::chrono::seconds{1'000'000'000}};

void requireSound(const StoredResponse& response, std::string_view record) {
  REQUIRE(response.status >= 200 && response.status <= 999);
  for (const HeaderField& field : response.fields) {
    REQUIRE(!field.name.empty() && field.name.find_first_of(": \r\n") == std::string_view::npos);
    REQUIRE(field.value.find_first_of("\r\n") == std::string_view::npos);
    REQUIRE(field.value.empty() ||
            (field.value.data() >= record.data() && field.value.data() < record.data() + record.size()));
  }
  const std::string again = encodeResponse(response);
  const auto decoded = decodeRecord(again);
  REQUIRE(decoded && std::holds_alternative<StoredResponse>(*decoded));
  REQUIRE(encodeResponse(std::get<StoredResponse>(*decoded)) == again);
  const Seconds age = currentAge(response, kNow);
  REQUIRE(age >= Seconds{0} && age <= kMostSeconds);
  const HeaderFields request{{"Range", "bytes=1-2"}, {"Accept-Encoding", "gzip"}};
  const Serving serving = judge({"GET", "http", "a", "/", request}, response, {}, kNow);
  REQUIRE(serving.verdict != Verdict::kFresh || serving.ttl > Seconds{0});
  usefulUntil(response, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  const auto decoded = decodeRecord(record);
  if (!decoded) return 0;
  if (const auto* response = std::get_if<StoredResponse>(&*decoded)) requireSound(*response, record);
  if (const auto* marker = std::get_if<VaryMarker>(&*decoded)) REQUIRE(encodeVariants(*marker) == record);
  return 0;
}
