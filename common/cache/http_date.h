// HTTP-date (RFC 9110 5.6.7): all three forms are read, only IMF-fixdate is written.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/http/headers.h"

namespace proxycommon {

// "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994". nullopt: it is none of
// them, or no day of the calendar. A year of two digits is never taken for more than 50 years after `now`.
PROXYCOMMON_API std::optional<WallTime> parseHttpDate(std::string_view text, WallTime now = wallNow());

// IMF-fixdate, what is below a second cut off. Years 1 to 9999; what is beyond them is clamped.
PROXYCOMMON_API std::string formatHttpDate(WallTime time);

// The date in the one field of that name; nullopt where there is none, it is no date, or two differ.
PROXYCOMMON_API std::optional<WallTime> dateField(std::span<const HeaderField> fields, std::string_view name);

}  // namespace proxycommon
