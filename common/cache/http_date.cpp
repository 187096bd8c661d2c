// HTTP-date (RFC 9110 5.6.7).
#include "common/cache/http_date.h"

#include <algorithm>
#include <array>

namespace proxycommon {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes a text apart from the left; once something was not there, nothing is.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void literal(std::string_view text) {
    if (startsWithIgnoringCase(rest_, text)) {
      rest_.remove_prefix(text.size());
    } else {
      isGood_ = false;
    }
  }
  unsigned digits(std::size_t count) {
    const auto number = parseNumber(rest_.substr(0, count), 9999);
    if (!number || rest_.size() < count) isGood_ = false;
    rest_.remove_prefix(std::min(count, rest_.size()));
    return static_cast<unsigned>(number.value_or(0));
  }
  // From 0.
  template <std::size_t count>
  unsigned oneOf(const std::array<std::string_view, count>& names) {
    for (unsigned place = 0; place < count; ++place) {
      // Names without case (RFC 9111 4.2).
      if (!startsWithIgnoringCase(rest_, names[place])) continue;
      rest_.remove_prefix(names[place].size());
      return place;
    }
    isGood_ = false;
    return 0;
  }
  // Of two digits, or a space and one.
  unsigned paddedDay() {
    if (!rest_.starts_with(' ')) return digits(2);
    literal(" ");
    return digits(1);
  }
  seconds timeOfDay() {
    const unsigned hour = digits(2);
    literal(":");
    const unsigned minute = digits(2);
    literal(":");
    const unsigned second = digits(2);
    // 60 is that of a leap second.
    if (hour > 23 || minute > 59 || second > 60) isGood_ = false;
    return hours{hour} + minutes{minute} + seconds{second};
  }
  std::optional<WallTime> time(unsigned yearNumber, unsigned monthFromZero, unsigned dayNumber, seconds time) const {
    const year_month_day date{year{static_cast<int>(yearNumber)}, month{monthFromZero + 1}, day{dayNumber}};
    if (!isGood_ || !rest_.empty() || !date.ok()) return std::nullopt;
    return sys_days{date} + time;
  }

 private:
  std::string_view rest_;
  bool isGood_ = true;
};

std::optional<WallTime> parseFixdate(std::string_view text) {
  Reader reader(text);
  reader.oneOf(kDays);
  reader.literal(", ");
  const unsigned day = reader.digits(2);
  reader.literal(" ");
  const unsigned month = reader.oneOf(kMonths);
  reader.literal(" ");
  const unsigned year = reader.digits(4);
  reader.literal(" ");
  const seconds time = reader.timeOfDay();
  reader.literal(" GMT");
  return reader.time(year, month, day, time);
}

std::optional<WallTime> parseRfc850(std::string_view text, WallTime now) {
  Reader reader(text);
  reader.oneOf(kLongDays);
  reader.literal(", ");
  const unsigned day = reader.digits(2);
  reader.literal("-");
  const unsigned month = reader.oneOf(kMonths);
  reader.literal("-");
  const unsigned shortYear = reader.digits(2);
  reader.literal(" ");
  const seconds time = reader.timeOfDay();
  reader.literal(" GMT");
  const auto current = static_cast<unsigned>(static_cast<int>(year_month_day{floor<days>(now)}.year()));
  const auto inCentury = [&](unsigned century) { return reader.time(century * 100 + shortYear, month, day, time); };
  const auto latest = now + years{50};
  for (const unsigned century : {current / 100 + 1, current / 100})
    if (const auto date = inCentury(century); date && *date <= latest) return date;
  return inCentury(current / 100 - 1);
}

std::optional<WallTime> parseAsctime(std::string_view text) {
  Reader reader(text);
  reader.oneOf(kDays);
  reader.literal(" ");
  const unsigned month = reader.oneOf(kMonths);
  reader.literal(" ");
  const unsigned day = reader.paddedDay();
  reader.literal(" ");
  const seconds time = reader.timeOfDay();
  reader.literal(" ");
  const unsigned year = reader.digits(4);
  return reader.time(year, month, day, time);
}

void appendNumber(std::string& text, unsigned number, std::size_t width) {
  const std::string digits = std::to_string(number);
  text.append(width - std::min(width, digits.size()), '0').append(digits);
}

}  // namespace

std::optional<WallTime> parseHttpDate(std::string_view text, WallTime now) {
  if (text.size() > 3 && text[3] == ',') return parseFixdate(text);
  if (text.size() > 3 && text[3] == ' ') return parseAsctime(text);
  return parseRfc850(text, now);
}

std::string formatHttpDate(WallTime time) {
  const WallTime earliest = sys_days{year{1} / 1 / 1};
  const WallTime latest = sys_days{year{9999} / 12 / 31} + hours{24} - seconds{1};
  time = std::clamp(time, earliest, latest);
  const auto today = floor<days>(time);
  const year_month_day date{today};
  const hh_mm_ss clock{floor<seconds>(time - today)};
  std::string text;
  text.reserve(29);
  text.append(kDays[weekday{today}.c_encoding()]).append(", ");
  appendNumber(text, static_cast<unsigned>(date.day()), 2);
  text.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  appendNumber(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  text.push_back(' ');
  appendNumber(text, static_cast<unsigned>(clock.hours().count()), 2);
  text.push_back(':');
  appendNumber(text, static_cast<unsigned>(clock.minutes().count()), 2);
  text.push_back(':');
  appendNumber(text, static_cast<unsigned>(clock.seconds().count()), 2);
  return text.append(" GMT");
}

std::optional<WallTime> dateField(std::span<const HeaderField> fields, std::string_view name) {
  const HeaderField* first = findField(fields, name);
  if (!first) return std::nullopt;
  for (const HeaderField& field : fields)
    if (equalsIgnoringCase(field.name, name) && trimmed(field.value) != trimmed(first->value)) return std::nullopt;
  return parseHttpDate(trimmed(first->value));
}

}  // namespace proxycommon
