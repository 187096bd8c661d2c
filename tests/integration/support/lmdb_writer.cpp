#include "tests/integration/support/lmdb_writer.h"

#include <lmdb.h>

#include <stdexcept>
#include <string>

namespace proxytest {
namespace {

void require(int code, const char* what) {
  if (code != 0) throw std::runtime_error(std::string{what} + ": " + mdb_strerror(code));
}

}  // namespace

LmdbWriter::LmdbWriter(const std::filesystem::path& folder) {
  require(mdb_env_create(&environment_), "an LMDB environment");
  require(mdb_env_open(environment_, folder.c_str(), MDB_NOSYNC, 0600), "an LMDB environment to open");
  require(mdb_txn_begin(environment_, nullptr, 0, &transaction_), "to write in LMDB");
}

LmdbWriter::~LmdbWriter() {
  mdb_txn_abort(transaction_);
  mdb_env_close(environment_);
}

}  // namespace proxytest
