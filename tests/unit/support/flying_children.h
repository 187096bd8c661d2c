// Children that board flights, as objects of one process, and keys to board.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <deque>
#include <vector>

#include "common/cache/flights.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

// Keys of different numbers have different windows.
inline proxycommon::Digest keyOf(unsigned number) {
  proxycommon::Digest key;
  key.bytes[0] = static_cast<unsigned char>(number * 64);
  key.bytes[1] = static_cast<unsigned char>(number / 4);
  key.bytes[8] = 1;
  return key;
}

// Another key of the same window.
inline proxycommon::Digest besideOf(unsigned number, unsigned other) {
  proxycommon::Digest key = keyOf(number);
  key.bytes[14] = static_cast<unsigned char>(other + 1);
  return key;
}

class FlyingChildren {
 public:
  explicit FlyingChildren(std::size_t count) : begun_(count) {
    auto made = proxycommon::SharedState::make(count);
    BOOST_REQUIRE_EQUAL(outcomeOf(made), "done");
    shared_ = *made;
    auto prepared = proxycommon::Flights::prepare(*shared_);
    BOOST_REQUIRE_EQUAL(outcomeOf(prepared), "done");
    slots_ = *prepared;
    for (std::size_t child = 0; child < count; ++child)
      flights_.emplace_back(*shared_, shared_->claim(::getpid()), *slots_, [this, child] { ++begun_[child]; });
  }

  proxycommon::Flights& operator[](std::size_t child) { return flights_[child]; }
  proxycommon::SharedState& shared() { return *shared_; }
  proxycommon::FlightSlots& slots() { return *slots_; }
  int begun(std::size_t child) const { return begun_[child]; }
  // Since it was asked last.
  bool isWoken(std::size_t child) const {
    pollfd descriptor{shared_->wakeDescriptor(child), POLLIN, 0};
    const bool woken = ::poll(&descriptor, 1, 0) == 1;
    shared_->clearWake(child);
    return woken;
  }

 private:
  proxycommon::SharedState* shared_ = nullptr;
  proxycommon::FlightSlots* slots_ = nullptr;
  std::vector<int> begun_;
  std::deque<proxycommon::Flights> flights_;
};

}  // namespace proxytest
