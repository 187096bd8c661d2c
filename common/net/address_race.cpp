// Dials the addresses of one destination until one answers.
#include "common/net/address_race.h"

#include <algorithm>
#include <utility>

namespace proxycommon {
namespace {

// RFC 8305 5, "Connection Attempt Delay".
constexpr milliseconds kHeadStart{250};
// A parent must reach the destination in that time too, and a tunnel that comes second is of no use to anybody.
constexpr milliseconds kHeadStartOfParent{2000};

}  // namespace

AddressRace::AddressRace(boost::asio::io_context& context, Dialer& dialer, const Destination& destination,
                         const AddressGuard& guard, Addresses addresses, milliseconds limit, Answer result,
                         const ParentProxy* parent)
    : dialer_(dialer),
      timer_(context),
      destination_(destination),
      guard_(guard),
      addresses_(std::move(addresses)),
      deadline_(Deadline::after(limit)),
      result_(std::move(result)),
      parent_(parent) {}

void AddressRace::next() {
  if (over_ || begun_ == addresses_.size()) return;
  const IpAddress address = addresses_[begun_++];
  if (begun_ < addresses_.size()) {
    timer_.expires_after(parent_ ? kHeadStartOfParent : kHeadStart);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (const auto self = weak.lock(); self && !error) self->next();
    });
  }
  attempt(shared_from_this(), address);
}

Detached AddressRace::attempt(std::shared_ptr<AddressRace> self, IpAddress address) {
  const auto answer = std::make_shared<PendingSocket>();
  self->running_.push_back(answer);
  self->dialer_.dial({self->destination_, self->guard_, address, self->deadline_.remaining(), self->parent_}, answer);
  auto socket = co_await answer->told();
  self->ended(answer, std::move(socket));
}

void AddressRace::ended(const Answer& answer, Result<FileDescriptor> socket) {
  std::erase(running_, answer);
  if (over_) return;
  // What a parent refuses at one of its addresses it refuses at all.
  const bool isFinal = socket || socket.error().kind == ErrorKind::kParentRefused;
  if (!isFinal && begun_ < addresses_.size()) return next();
  if (!isFinal && !running_.empty()) return;
  over_ = true;
  giveUpAll();
  result_->tell(std::move(socket));
}

void AddressRace::stop(Error error) {
  if (std::exchange(over_, true)) return;
  giveUpAll();
  result_->tell(std::move(error));
}

void AddressRace::giveUpAll() {
  timer_.cancel();
  // Each that is told leaves the list.
  const std::vector<Answer> running = running_;
  for (const Answer& answer : running) {
    dialer_.giveUp(*answer);
    answer->tell(failure(ErrorKind::kConnectTimeout, "given up"));
  }
}

}  // namespace proxycommon
