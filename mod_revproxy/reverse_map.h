// Maps URLs in a backend's response back to the proxy's own, as RevProxyPassReverse says. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace revproxy {

struct ReverseRule {
  std::string path;  // where the backend appears on this server
  std::string url;   // what the backend calls the same place
};

// The response fields that carry one URL (Refresh carries it behind "url=").
bool carriesUrl(std::string_view fieldName);

// `own` is this server as clients see it: "https://www.example.com". nullopt where no rule speaks of the URL.
// An absolute URL becomes an absolute one, a path becomes a path; but one that clients would take for another host's
// URL, such as "//host", becomes absolute. Of several rules that fit, the longest URL's is meant.
std::optional<std::string> reverseMapped(std::string_view fieldName, std::string_view value,
                                         std::span<const ReverseRule> rules, std::string_view own);

}  // namespace revproxy
