// The functions behind the rows of builtin.cpp.
#pragma once

#include "mod_fwdproxy/access/rule.h"

namespace fwdproxy {

// "*": every name, but no address: addresses are opened by networks alone.
bool isAnyName(std::string_view text);
Result<std::unique_ptr<HostRule>> makeAnyName(std::string_view text);

// "*.example.com": every name below example.com, not example.com itself.
bool isSuffix(std::string_view text);
Result<std::unique_ptr<HostRule>> makeSuffix(std::string_view text);

// "192.0.2.1", "10.0.0.0/8", "2001:db8::/32": addresses that the client has written as such.
bool isNetwork(std::string_view text);
Result<std::unique_ptr<HostRule>> makeNetwork(std::string_view text);

// "example.com".
bool isName(std::string_view text);
Result<std::unique_ptr<HostRule>> makeName(std::string_view text);

}  // namespace fwdproxy
