// How values of the code under test appear in the message of an assertion that failed.
#pragma once

#include <ostream>

#include "common/base/error.h"
#include "common/net/connection.h"

namespace proxycommon {

inline std::ostream& operator<<(std::ostream& out, ErrorKind kind) {
  return out << traitsOf(kind).name;
}

inline std::ostream& operator<<(std::ostream& out, Seen seen) {
  constexpr const char* kNames[] = {"nothing", "maybe ran", "ran"};
  return out << kNames[static_cast<int>(seen)];
}

inline std::ostream& operator<<(std::ostream& out, IoState state) {
  constexpr const char* kNames[] = {"done", "want read", "want write", "closed", "failed"};
  return out << kNames[static_cast<int>(state)];
}

}  // namespace proxycommon

namespace proxytest {

// "done", or the name of the error's kind: one word that a table of expectations can hold for any Result.
template <class T>
std::string_view outcomeOf(const T& result) {
  return result ? "done" : proxycommon::traitsOf(result.error().kind).name;
}

}  // namespace proxytest
