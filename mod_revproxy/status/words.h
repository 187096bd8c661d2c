// The words by which what is shown calls things. Pure.
#pragma once

#include <string_view>

#include "mod_revproxy/status/snapshot.h"

namespace revproxy {

std::string_view wordOf(Condition condition);
std::string_view wordOf(MemberRole role);
// "2xx" for 2; "none" for 0, where no answer has come.
std::string_view classOfStatus(std::size_t firstDigit);

// Whether it answers requests, be it those of its sessions alone.
bool isUp(Condition condition);

}  // namespace revproxy
