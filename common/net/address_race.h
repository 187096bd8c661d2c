// AddressRace: dials the addresses of one destination until one answers: the next one when one has failed, or when it
// lets us wait (RFC 8305, happy eyeballs). libcurl would do so itself, but 7.88 stalls after an address that refuses
// when its sockets are watched by others.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "common/net/dialer.h"
#include "common/net/event_loop.h"

namespace proxycommon {

// On the thread of its loop; lives as long as something is under way.
class AddressRace : public std::enable_shared_from_this<AddressRace> {
 public:
  // `addresses` in the order to try them, at least one; of the parent, where there is one, which outlives the race.
  // `result` is told once; its error is the last address's.
  AddressRace(boost::asio::io_context& context, Dialer& dialer, const Destination& destination,
              const AddressGuard& guard, Addresses addresses, milliseconds limit, std::shared_ptr<PendingSocket> result,
              const ParentProxy* parent = nullptr);

  void start() { next(); }
  // Ends all that is under way, with that error.
  void stop(Error error);

 private:
  using Answer = std::shared_ptr<PendingSocket>;

  void next();
  static Detached attempt(std::shared_ptr<AddressRace> self, IpAddress address);
  void ended(const Answer& answer, Result<FileDescriptor> socket);
  void giveUpAll();

  Dialer& dialer_;
  AsioTimer timer_;
  const Destination destination_;
  const AddressGuard& guard_;
  const Addresses addresses_;
  const Deadline deadline_;
  Answer result_;
  const ParentProxy* const parent_;
  std::size_t begun_ = 0;
  std::vector<Answer> running_;
  bool over_ = false;
};

}  // namespace proxycommon
