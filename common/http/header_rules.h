// Which header fields go on to the next hop, and which bytes may stand in one. The one gate that requests leave by.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/http/headers.h"

namespace proxycommon {

// Fields that speak of one connection alone (RFC 9110 7.6.1, and the older ones that clients still send).
PROXYCOMMON_API bool isHopByHop(std::string_view name);

// Whether a field may stand behind a body: none that frames or routes a message, or says who asks (RFC 9110 6.5.1).
PROXYCOMMON_API bool isTrailer(std::string_view name);

// What the `Connection` fields of a message nominate for removal (RFC 9110 7.6.1). Fields that say who asks, for what,
// and how long the message is cannot be nominated: a client would take away what the backend relies on.
class PROXYCOMMON_API ConnectionOptions {
 public:
  explicit ConnectionOptions(std::span<const HeaderField> fields);

  bool removes(std::string_view name) const;
  bool has(std::string_view option) const;
  const std::vector<std::string_view>& all() const { return options_; }

 private:
  std::vector<std::string_view> options_;
};

// The fields of a client's request that go on to the next hop as they are. Not among them: what the connection options
// remove, and what is written anew for each hop: Host, Content-Length, Expect. Of TE, "trailers" alone goes on.
PROXYCOMMON_API HeaderFields forwardableFields(std::span<const HeaderField> received);

// What "Keep-Alive: timeout=SECONDS" promises (RFC 2068 19.7.1, as servers still send it).
PROXYCOMMON_API std::optional<milliseconds> promisedIdleTime(std::span<const HeaderField> fields);

// A token (RFC 9110 5.6.2): methods and field names.
PROXYCOMMON_API bool isToken(std::string_view text);
// No control characters but the tab (RFC 9110 5.5).
PROXYCOMMON_API bool isFieldValue(std::string_view text);
// Visible ASCII without `#`: what may stand between method and version of a request line.
PROXYCOMMON_API bool isRequestTarget(std::string_view text);

// "1.1 proxy.example" appended to what came (RFC 9110 7.6.3). `version` is that of the message received.
PROXYCOMMON_API std::string appendedVia(std::string_view received, std::string_view version,
                                        std::string_view receivedBy);

}  // namespace proxycommon
