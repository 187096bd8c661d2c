// Methods by name: those that come with the module, and those that other modules have registered by
// api/revproxy_balancer.h.
#pragma once

#include <memory>
#include <string>

#include "common/base/result.h"
#include "mod_revproxy/balancer/method.h"

namespace revproxy {

// Once all modules are loaded (check_config, so that configtest tells), in the parent; what it gives must go before the
// modules are unloaded. A name of ours is ours, whoever else registers it. Error kInternal, for the one who reads
// configtest: there is no such method, and which there are; or it is there and of no use, and why.
proxycommon::Result<std::unique_ptr<const Method>> findMethod(const std::string& name, const MethodOptions& options);

// "byrequests, …": all there are.
std::string methodNames();

}  // namespace revproxy
