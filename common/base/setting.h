// Setting<T>: one value of a configuration that knows whether it was set, so that sections can be merged.
#pragma once

#include <optional>
#include <utility>

namespace proxycommon {

template <class T>
class Setting {
 public:
  using Value = T;

  Setting() = default;
  Setting(T value) : value_(std::move(value)) {}  // NOLINT: meant to convert

  bool isSet() const { return value_.has_value(); }
  T valueOr(T fallback) const { return value_ ? *value_ : std::move(fallback); }
  // Precondition: isSet().
  const T& value() const { return *value_; }

  // What holds inside `inner` when it stands within `outer`: the inner one, where it says something.
  static Setting merged(const Setting& outer, const Setting& inner) { return inner.isSet() ? inner : outer; }

 private:
  std::optional<T> value_;
};

}  // namespace proxycommon
