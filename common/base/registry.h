// Registry<T>: named implementations of one interface, filled by one builtin.cpp per interface and read-only after.
// Not a place for configuration, and never filled by static initialisers.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxycommon {

template <class T>
class Registry {
 public:
  struct Row {
    std::string_view name;  // outlives the registry: a literal
    T implementation;
  };

  Registry(std::initializer_list<Row> rows) : rows_(rows) {}

  // The implementation of that name, or nullptr. Registries are short: a walk beats a hash.
  const T* find(std::string_view name) const {
    for (const Row& row : rows_)
      if (row.name == name) return &row.implementation;
    return nullptr;
  }

  const std::vector<Row>& rows() const { return rows_; }

  // "http, https": for the message that says what may be written.
  std::string names() const {
    std::string list;
    for (const Row& row : rows_) list.append(list.empty() ? "" : ", ").append(row.name);
    return list;
  }

 private:
  std::vector<Row> rows_;
};

}  // namespace proxycommon
