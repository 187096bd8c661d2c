// What stands in httpd's configuration.
#include "common/httpd/configuration_tree.h"

#include "common/httpd/httpd_api.h"

namespace proxycommon {
namespace {

bool mentions(const ap_directive_t* first, std::string_view text) {
  for (const ap_directive_t* directive = first; directive; directive = directive->next) {
    if (directive->args && std::string_view(directive->args).find(text) != std::string_view::npos) return true;
    if (mentions(directive->first_child, text)) return true;
  }
  return false;
}

}  // namespace

bool configurationMentions(std::string_view text) {
  return mentions(ap_conftree, text);
}

}  // namespace proxycommon
