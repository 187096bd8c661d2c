// What directives say of tunnels, in either module.
#pragma once

#include "common/base/export.h"
#include "common/base/setting.h"
#include "common/httpd/tunnel_opening.h"

namespace proxycommon {

struct TunnelConfig {
  Setting<milliseconds> idle;
  Setting<milliseconds> lifetime;
  Setting<milliseconds> drain;
  Setting<std::size_t> most;           // of a child
  Setting<std::size_t> mostPerClient;  // of a child

  static TunnelConfig merged(const TunnelConfig& outer, const TunnelConfig& inner) {
    TunnelConfig result;
    result.idle = Setting<milliseconds>::merged(outer.idle, inner.idle);
    result.lifetime = Setting<milliseconds>::merged(outer.lifetime, inner.lifetime);
    result.drain = Setting<milliseconds>::merged(outer.drain, inner.drain);
    result.most = Setting<std::size_t>::merged(outer.most, inner.most);
    result.mostPerClient = Setting<std::size_t>::merged(outer.mostPerClient, inner.mostPerClient);
    return result;
  }

  // `timeout` is what is said of silence in general; tunnels live by silence, so the default is longer.
  TunnelSettings settings(const Setting<milliseconds>& timeout) const {
    TunnelSettings settings;
    settings.limits.idle = idle.valueOr(timeout.valueOr(milliseconds{600'000}));
    settings.limits.lifetime = lifetime.valueOr(milliseconds{0});
    settings.limits.drain = drain.valueOr(milliseconds{300'000});
    settings.slots.inAll = most.isSet() ? most.value() : defaultTunnelLimit();
    settings.slots.perClient = mostPerClient.valueOr(settings.slots.inAll);
    return settings;
  }
};

}  // namespace proxycommon
