// The one thing of the WebSocket handshake that has to be computed.
#pragma once

#include <string>
#include <string_view>

namespace proxytest {

// Sec-WebSocket-Accept for that Sec-WebSocket-Key (RFC 6455 4.2.2).
std::string webSocketAccept(std::string_view key);

}  // namespace proxytest
