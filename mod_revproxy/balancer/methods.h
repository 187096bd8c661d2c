// What makes the methods that come with the module, each in the file of its name.
#pragma once

#include "mod_revproxy/balancer/method.h"

namespace revproxy {

std::unique_ptr<const Method> makeByRequests(const MethodOptions&);
std::unique_ptr<const Method> makeByTraffic(const MethodOptions&);
std::unique_ptr<const Method> makeByBusyness(const MethodOptions&);
std::unique_ptr<const Method> makeLeastConn(const MethodOptions&);
std::unique_ptr<const Method> makeRandomTwo(const MethodOptions&);
std::unique_ptr<const Method> makePeakEwma(const MethodOptions&);
std::unique_ptr<const Method> makeConsistentHash(const MethodOptions& options);

}  // namespace revproxy
