// One request and the cache: parts of a representation that the backend brings (RFC 9111 3.3, 3.4).
#include <algorithm>

#include "common/cache/byte_ranges.h"
#include "common/httpd/request_cache.h"

namespace proxycommon {
namespace {

// Parts are copied to be put together. However much is there already, a small one must not cost much: else a client
// that asks for single bytes could have a disk written full.
constexpr std::uint64_t kMostCopied = 16 * 1024 * 1024;
constexpr std::uint64_t kAlwaysCopied = 1024 * 1024;
constexpr std::uint64_t kCopiedForOne = 16;

std::uint64_t mostCopied(std::uint64_t brought) {
  return std::min(kMostCopied, std::max(kAlwaysCopied, std::min(brought, kMostCopied) * kCopiedForOne));
}

}  // namespace

// An answer to If-Range need not have the fields that its client knows (RFC 9110 15.3.7): it is of use beside a
// response that has them.
bool RequestCache::isPartOfUse(const CacheResponse& response) const {
  const auto part = partOf(response);
  if (!part || !findField(fields_, "If-Range")) return true;
  if (!lookup_.has()) return false;
  StoredResponse brought;
  brought.status = response.status;
  brought.fields.assign(response.fields.begin(), response.fields.end());
  brought.part = part;
  brought.bodyLength = lengthOfPart(response).value_or(0);
  return combine(lookup_.stored, brought).has_value();
}

PartTerms RequestCache::partTerms(std::uint64_t brought) const {
  return {std::min(mostCopied(brought), mostBody()), findField(fields_, "If-Range") == nullptr, plan_.subject.site};
}

}  // namespace proxycommon
