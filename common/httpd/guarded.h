// guarded<f>: f as C may call it. No exception may pass through httpd's, APR's or libcurl's frames: what escapes is
// logged and becomes a failure. Every function that C calls is wrapped in this.
#pragma once

#include <exception>

#include "common/base/export.h"

namespace proxycommon {

// To the main server's error log, at level crit.
PROXYCOMMON_API void logEscaped(const char* what) noexcept;

namespace detail {

template <class R>
struct FailedCall;
template <>
struct FailedCall<int> {
  static int value() { return 500; }  // a hook's status, and as an apr_status_t no success
};
template <>
struct FailedCall<const char*> {
  static const char* value() { return "an internal error; the error log says more"; }
};
template <>
struct FailedCall<unsigned short> {
  static unsigned short value() { return 0; }  // of a hook for a port: no answer
};
template <>
struct FailedCall<void*> {
  static void* value() { return nullptr; }
};
template <>
struct FailedCall<void> {
  static void value() {}
};

template <auto Function>
struct Guarded;
template <class R, class... Arguments, R (*Function)(Arguments...)>
struct Guarded<Function> {
  static R call(Arguments... arguments) noexcept {
    try {
      return Function(arguments...);
    } catch (const std::exception& escaped) {
      logEscaped(escaped.what());
    } catch (...) {
      logEscaped("something that is no std::exception");
    }
    return FailedCall<R>::value();
  }
};

}  // namespace detail

template <auto Function>
inline constexpr auto guarded = &detail::Guarded<Function>::call;

}  // namespace proxycommon
