// Answers of name servers: none leads outside the message, and what is found has the shape that it promises.
#include "common/net/service_records.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto found = proxycommon::readServiceRecords({data, size});
  if (!found) return 0;
  REQUIRE(found->records.size() <= proxycommon::kMostServiceRecords);
  REQUIRE(found->lifetime.count() >= 0 && found->lifetime.count() <= 0x7fff'ffff);
  for (const auto& record : found->records)
    REQUIRE(!record.host.empty() && record.host.size() <= 255 && record.port != 0);
  return 0;
}
