// The methods that come with the module.
#pragma once

#include "common/base/registry.h"
#include "mod_revproxy/balancer/method.h"

namespace revproxy {

const proxycommon::Registry<MakeMethod>& builtinMethods();

}  // namespace revproxy
