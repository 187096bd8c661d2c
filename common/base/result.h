// Result<T>: a value or an Error. The language has none before C++23; this is the small part of it that we use.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "common/base/error.h"

namespace proxycommon {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: meant to convert
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: meant to convert

  explicit operator bool() const { return state_.index() == 0; }
  // Precondition of both: the Result holds a value.
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  // Precondition: the Result holds an Error.
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: meant to convert

  explicit operator bool() const { return !error_; }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Outcome = Result<void>;

inline Error failure(ErrorKind kind, std::string detail, Seen seen = Seen::kNothing) {
  return Error{kind, seen, std::move(detail)};
}

}  // namespace proxycommon
