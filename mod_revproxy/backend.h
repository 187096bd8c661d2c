// Backend: where a mapping sends requests: scheme, host, port, base path, parameters. Pure; made from configuration
// alone, never from anything that a client sends.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/registry.h"
#include "common/base/result.h"
#include "common/base/setting.h"

namespace revproxy {

using proxycommon::milliseconds;
using proxycommon::Outcome;
using proxycommon::Result;
using proxycommon::Setting;

// What differs between the schemes of backends. To add one, add a row in backend.cpp.
struct Scheme {
  std::uint16_t defaultPort;
  bool tls;
  bool http2;  // and nothing else
  // What the mapping may change the protocol to without saying so.
  std::string_view upgrade;
};
const proxycommon::Registry<Scheme>& schemes();

// The key=value parameters of RevProxyPass and RevProxySet, in mod_proxy's words where it has one.
struct BackendParameters {
  Setting<milliseconds> timeout;  // for all waiting that has no limit of its own
  Setting<milliseconds> connectionTimeout;
  Setting<milliseconds> sendTimeout;
  Setting<milliseconds> firstByteTimeout;
  Setting<milliseconds> idleTimeout;
  Setting<milliseconds> totalTimeout;
  Setting<milliseconds> expectTimeout;  // for "100 Continue"
  Setting<std::size_t> max;             // connections of a child
  Setting<milliseconds> acquire;        // how long to wait for one of them
  Setting<std::size_t> smax;            // idle connections kept
  Setting<milliseconds> ttl;            // how long an idle connection is kept
  Setting<bool> disableReuse;
  Setting<bool> keepAlive;               // probes of TCP on idle connections
  Setting<milliseconds> retry;           // how long a backend that could not be reached is left alone
  Setting<bool> retryPost;               // what carries an Idempotency-Key may be sent twice
  Setting<std::string> upgrade;          // protocols that clients may change to
  Setting<std::uint64_t> requestBuffer;  // bytes of an upload taken in before the backend is dialled
  Setting<bool> halfClose;               // a client that has closed its side only is still there
  Setting<std::string> alpn;             // what an https backend must speak: h2
  Setting<bool> cache;                   // responses are kept
  Setting<std::string> cacheStore;       // where, where they are

  Setting<bool> noCanon;  // the path goes on as the client has sent it

  // "timeout=5s", "nocanon". The error names what may be written.
  Outcome set(std::string_view assignment);
  // Of the keys, in lower case.
  static bool knows(std::string_view key);
  static std::string names();
  static BackendParameters merged(const BackendParameters& outer, const BackendParameters& inner);
};

struct Backend {
  std::string scheme;  // http or https, also where ws or wss was written; h2 or h2c
  bool tls = false;
  bool http2 = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string authority;   // as in a Host field
  std::string socketPath;  // a Unix socket that is dialled in place of host and port; empty: none
  std::string basePath;    // begins with a slash
  BackendParameters parameters;

  // scheme://host:port, or unix:/path|scheme://name, for logs.
  std::string origin() const;
  // The front of the URLs that it has for itself: "http://HOST[:PORT]".
  std::string urlOrigin() const { return (tls ? "https://" : "http://") + authority; }
};

// Two parts of a path with exactly one slash where they meet. `base` is not empty.
std::string joinedPath(std::string_view base, std::string_view remainder);

// The error names what is wrong with the URL or parameter, and what may be written.
Result<Backend> parseBackend(std::string_view url, std::span<const std::string> parameters);

}  // namespace revproxy
