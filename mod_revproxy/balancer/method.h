// Method: which of several members gets a request. The caller filters: whoever may not have the request (down, drained,
// full, tried already) is not among the candidates. The method chooses, and hears how it ended. What it has to remember
// stands in memory that all children share, in the candidates' states, so that all of them take turns as one.
// To add a method: a file beside this one, and a row in builtin.cpp. Other modules add theirs by
// api/revproxy_balancer.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/clock.h"

namespace revproxy {

using proxycommon::Clock;

// What methods remember of a member; zero at first. In shared memory; any process, any thread; no lock.
struct MethodState {
  std::atomic<std::int64_t> turn;         // virtual time of its next turn (by requests)
  std::atomic<std::int64_t> trafficTurn;  // the same by bytes
  std::atomic<std::int64_t> latency;      // moving, of answers, in nanoseconds; 0: none has come
  std::atomic<std::int64_t> latencyAt;    // when it was set, of Clock, in nanoseconds
};

// What methods remember of a balancer.
struct BalancerMethodState {
  std::atomic<std::int64_t> now;         // virtual time: that of the last turn
  std::atomic<std::int64_t> trafficNow;  // the same by bytes
};

// A member that may have the request, as of now.
struct Candidate {
  std::uint64_t identity;  // of its name: the same in all children, and after a restart
  std::string_view name;   // its URL, and its address where it has several; a NUL follows, for methods in C
  std::string_view route;  // the same of it
  std::uint32_t weight;    // hundredths, at least 1; less than configured while it starts slowly
  std::uint32_t inFlight;  // requests, over all children
  std::uint64_t requests;  // that it has had
  std::uint64_t bytes;     // to and from it
  MethodState& state;
};

// What a method may want to know of the request.
struct Choice {
  std::string_view key;  // what hash= gives; empty where there is none
  std::uint64_t random;  // fresh for each choice
  Clock::time_point now;
  BalancerMethodState& state;
  const void* request = nullptr;  // httpd's request_rec, for methods of other modules; it is not changed
};

struct Completed {
  Clock::time_point now;
  std::chrono::nanoseconds latency;  // until the response's head, or the failure
  std::uint64_t bytes;               // to and from the member
  bool failed;
  bool wasChosen = true;  // by choose(), and not for its session or as the only one
};

// Any thread, any process at a time.
class Method {
 public:
  virtual ~Method() = default;
  // The index of one of them. Precondition: there is at least one.
  virtual std::size_t choose(std::span<const Candidate> candidates, const Choice& choice) const = 0;
  // Once for each request that went to a member, be it chosen or not.
  virtual void finished(const Candidate&, const Completed&, BalancerMethodState&) const {}
};

struct MethodOptions {
  // hash: how much more than its share of what is in flight a member may have, in percent (125: a quarter more); 0:
  // any.
  unsigned balanceFactor = 0;
};

using MakeMethod = std::unique_ptr<const Method> (*)(const MethodOptions&);

}  // namespace revproxy
