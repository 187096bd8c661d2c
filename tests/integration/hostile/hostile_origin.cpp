// See hostile_origin.h.
#include "tests/integration/hostile/hostile_origin.h"

#include <stdexcept>
#include <thread>

#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

class Releaser {
 public:
  explicit Releaser(std::binary_semaphore& semaphore) : semaphore_(semaphore) {}
  ~Releaser() { semaphore_.release(); }
  Releaser(const Releaser&) = delete;

 private:
  std::binary_semaphore& semaphore_;
};

void end(HostileRow::Ending how, OriginConnection& connection) {
  if (how == HostileRow::Ending::kResets) connection.reset();
  if (how == HostileRow::Ending::kCloses) connection.close();
}

}  // namespace

HostileOrigin::HostileOrigin(const std::vector<HostileRow>& rows)
    : origin_([this](OriginConnection& connection) { serve(connection); }) {
  for (const HostileRow& row : rows)
    if (!rows_.emplace("/row/" + row.name, row).second) throw std::logic_error("two rows are called " + row.name);
}

void HostileOrigin::goOn() {
  mayGoOn_.release();
  if (!hasGoneOn_.try_acquire_for(kPatience)) throw std::runtime_error("the row does not go on");
}

void HostileOrigin::beginRow() {
  const std::lock_guard lock(mutex_);
  playedOn_.clear();
}

bool HostileOrigin::hasPlayedOn(std::size_t connection) const {
  const std::lock_guard lock(mutex_);
  return playedOn_.contains(connection);
}

std::string HostileOrigin::goodBody(const std::string& target, std::size_t connection) {
  return "the answer to " + target + " on " + std::to_string(connection);
}

void HostileOrigin::serve(OriginConnection& connection) {
  while (const auto request = connection.readRequest()) {
    const auto row = rows_.find(request->target());
    if (row == rows_.end()) {
      connection.write(okResponse(goodBody(request->target(), connection.number())));
    } else if (!play(row->second, connection)) {
      return;
    }
  }
}

bool HostileOrigin::play(const HostileRow& row, OriginConnection& connection) {
  {
    const std::lock_guard lock(mutex_);
    playedOn_.insert(connection.number());
  }
  connection.write(row.bytes);
  while (!row.endless.empty()) {  // ends with an exception, when the proxy has closed
    connection.write(row.endless);
    std::this_thread::sleep_for(row.pace);
  }
  if (row.then) {
    if (!mayGoOn_.try_acquire_for(kPatience)) return false;
    const Releaser told(hasGoneOn_);  // also where the proxy takes no more
    connection.write(*row.then);
    end(row.ending, connection);
  } else {
    end(row.ending, connection);
  }
  return row.ending == HostileRow::Ending::kStaysOpen;
}

}  // namespace proxytest
