// See cache_library.h.
#include "tests/integration/support/cache_library.h"

#include <array>

#include "tests/integration/support/content.h"

namespace proxytest {
namespace {

std::vector<std::string> makeBodies(CacheLibrary::Bodies kind, int count) {
  constexpr std::array<std::size_t, 4> kSmall{100, 500, 1'000, 3'000};
  constexpr std::array<std::size_t, 4> kAllSizes{500, 5'000, 60'000, CacheLibrary::kLargest};
  const auto& sizes = kind == CacheLibrary::Bodies::kSmall ? kSmall : kAllSizes;
  std::vector<std::string> bodies;
  for (int object = 0; object < count; ++object)
    bodies.push_back(
        makeContent(static_cast<std::uint64_t>(object) + 1, sizes[static_cast<std::size_t>(object) % sizes.size()]));
  return bodies;
}

}  // namespace

CacheLibrary::CacheLibrary(Bodies bodies, int size)
    : bodies_(makeBodies(bodies, size)), origin_(ScriptedOrigin::answering([this](const OriginRequest& request) {
        return okResponse(bodyFor(request.target()), "Cache-Control: max-age=86400\r\n");
      })) {}

}  // namespace proxytest
