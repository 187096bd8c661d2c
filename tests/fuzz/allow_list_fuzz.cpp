// Lists of any entries, and any destination: an entry more never closes what was open, and what is open has its reason.
#include "mod_fwdproxy/access/allow_list.h"

#include "common/http/url.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace {

using namespace fwdproxy;
using proxycommon::AddressGuard;
using proxycommon::Authority;
using proxycommon::IpAddress;
using proxytest::nextLine;

// An address that no entry names stays closed in the guard.
void requireClosedToWhatIsNotNamed(const AllowList& list, std::string_view address, std::uint16_t port) {
  AddressGuard guard = AddressGuard::closed();
  list.open(guard);
  const bool dialled = guard.refusal(IpAddress::parse(address).value(), port).empty();
  if (dialled) REQUIRE(list.judge(address, port).allowed);
}

}  // namespace

// The first line is the destination, each other one an entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto destination = proxycommon::parseAuthority(nextLine(rest));
  const Authority authority = destination ? *destination : Authority{"example.com", {}};
  const std::uint16_t port = authority.port.value_or(80);
  AllowList list;
  bool wasAllowed = false;
  while (!rest.empty()) {
    const std::string_view entry = nextLine(rest);
    const bool added = static_cast<bool>(list.add(entry));
    const Verdict verdict = list.judge(authority.host, port);
    REQUIRE(verdict.allowed >= wasAllowed);
    REQUIRE(!verdict.reason.empty());
    if (verdict.allowed != wasAllowed) REQUIRE(added && verdict.reason == entry);
    wasAllowed = verdict.allowed;
  }
  for (const char* address : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1"})
    requireClosedToWhatIsNotNamed(list, address, port);
  return 0;
}
