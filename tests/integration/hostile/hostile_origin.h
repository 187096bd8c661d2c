// The backend of the table: /row/NAME is answered as that row says, anything else well, with words that tell the path
// and the connection it was asked on.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <semaphore>
#include <set>
#include <string>

#include "tests/integration/hostile/hostile_row.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

class HostileOrigin {
 public:
  explicit HostileOrigin(const std::vector<HostileRow>& rows);

  std::string url(const std::string& path) const { return origin_.url(path); }

  // Lets the row that is being played send what it has for later, and returns when that has been sent.
  void goOn();
  // Forgets which connections rows were played on.
  void beginRow();
  bool hasPlayedOn(std::size_t connection) const;

  static std::string goodBody(const std::string& target, std::size_t connection);

 private:
  void serve(OriginConnection& connection);
  // False where the connection is over.
  bool play(const HostileRow& row, OriginConnection& connection);

  std::map<std::string, HostileRow> rows_;
  mutable std::mutex mutex_;
  std::set<std::size_t> playedOn_;
  std::binary_semaphore mayGoOn_{0};
  std::binary_semaphore hasGoneOn_{0};
  ScriptedOrigin origin_;  // the last: its threads use the rest
};

}  // namespace proxytest
