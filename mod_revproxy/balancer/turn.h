// Turn: the right of one request to be in flight at one endpoint, and so at its balancer. It counts in memory that all
// children share, and is given back when it dies; a child that is killed leaves what others strike out.
#pragma once

#include <optional>
#include <utility>

#include "mod_revproxy/balancer.h"

namespace revproxy {

// The process that counts.
struct Counting {
  proxycommon::SharedState& state;
  std::size_t child;
};

// One thread at a time.
class Turn {
 public:
  // Which limit is reached, where none is given.
  enum class Full { kEndpoint, kBalancer };
  struct Taken;
  // `place` is that of the endpoint in its set. References outlive it.
  static Taken take(const Balancer& balancer, const Endpoint& endpoint, std::size_t place, Counting counting);

  Turn(Turn&& other) noexcept
      : balancer_(other.balancer_),
        endpoint_(std::exchange(other.endpoint_, nullptr)),
        place_(other.place_),
        ofBalancer_(other.ofBalancer_),
        ofEndpoint_(other.ofEndpoint_),
        counting_(other.counting_) {}
  Turn& operator=(Turn&&) = delete;
  ~Turn() { giveBack(); }

  // The backend is done with the request.
  void giveBack();
  std::size_t place() const { return place_; }

 private:
  using Claim = std::optional<std::size_t>;  // none: there is no limit
  Turn(const Balancer& balancer, const Endpoint& endpoint, std::size_t place, Claim ofBalancer, Claim ofEndpoint,
       Counting counting)
      : balancer_(balancer),
        endpoint_(&endpoint),
        place_(place),
        ofBalancer_(ofBalancer),
        ofEndpoint_(ofEndpoint),
        counting_(counting) {}

  const Balancer& balancer_;
  const Endpoint* endpoint_;  // nullptr: given back
  std::size_t place_;
  Claim ofBalancer_;
  Claim ofEndpoint_;
  Counting counting_;
};

struct Turn::Taken {
  std::optional<Turn> turn;
  Full full = Full::kEndpoint;
};

}  // namespace revproxy
