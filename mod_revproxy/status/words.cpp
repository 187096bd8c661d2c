// The words by which what is shown calls things.
#include "mod_revproxy/status/words.h"

namespace revproxy {

std::string_view wordOf(Condition condition) {
  constexpr std::array<std::string_view, 8> kWords = {"ok",      "starting", "full", "draining",
                                                      "probing", "ejected",  "down", "stopped"};
  static_assert(kWords.size() == static_cast<std::size_t>(Condition::kStopped) + 1);
  return kWords[static_cast<std::size_t>(condition)];
}

std::string_view wordOf(MemberRole role) {
  constexpr std::array<std::string_view, 3> kWords = {"active", "spare", "standby"};
  static_assert(kWords.size() == static_cast<std::size_t>(MemberRole::kStandby) + 1);
  return kWords[static_cast<std::size_t>(role)];
}

std::string_view classOfStatus(std::size_t firstDigit) {
  constexpr std::array<std::string_view, 6> kWords = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  return kWords[firstDigit];
}

bool isUp(Condition condition) {
  return condition <= Condition::kDraining;
}

}  // namespace revproxy
