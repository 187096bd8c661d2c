// What stands in httpd's configuration, whoever reads it.
#pragma once

#include <string_view>

namespace proxycommon {

// Whether an argument of any directive holds that text. After the configuration was read, in any process.
bool configurationMentions(std::string_view text);

}  // namespace proxycommon
