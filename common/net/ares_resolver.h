// The Resolver over c-ares.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "common/net/resolver.h"

namespace proxycommon {

// `servers` as readNameServers() gives it; empty: the system's. Error kInternal.
Result<std::unique_ptr<Resolver>> makeAresResolver(boost::asio::io_context& context, const std::string& servers);

}  // namespace proxycommon
