// The one place that LMDB has for who writes, held from outside: until it is given back, nothing is put into that
// store.
#pragma once

#include <filesystem>

struct MDB_env;
struct MDB_txn;

namespace proxytest {

class LmdbWriter {
 public:
  explicit LmdbWriter(const std::filesystem::path& folder);
  ~LmdbWriter();
  LmdbWriter(const LmdbWriter&) = delete;
  LmdbWriter& operator=(const LmdbWriter&) = delete;

 private:
  MDB_env* environment_ = nullptr;
  MDB_txn* transaction_ = nullptr;
};

}  // namespace proxytest
