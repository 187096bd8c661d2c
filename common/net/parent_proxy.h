// ParentProxy: another proxy through which connections are made, by a tunnel (CONNECT, RFC 9110 9.3.6). A value of the
// configuration; what the credentials are must not get into a log.
#pragma once

#include <cstdint>
#include <string>

#include "common/net/dialer.h"

namespace proxycommon {

struct ParentProxy {
  Destination destination;
  std::string user;  // empty: no credentials
  std::string password;

  // Two with the same text open the same tunnels: part of the peer key, and secret.
  std::string identity() const {
    return destination.toString() + " " + std::to_string(user.size()) + ":" + user + password;
  }
};

}  // namespace proxycommon
