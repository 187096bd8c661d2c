// What all directives share.
#include "common/httpd/directive.h"

namespace proxycommon::directive {

Result<bool> readSwitch(std::string_view text) {
  if (equalsIgnoringCase(text, "on")) return true;
  if (equalsIgnoringCase(text, "off")) return false;
  return failure(ErrorKind::kInternal, "\"" + printable(text) + "\" is neither On nor Off");
}

Result<milliseconds> readDuration(std::string_view text) {
  if (const auto duration = parseDuration(text)) return *duration;
  return failure(ErrorKind::kInternal, "\"" + printable(text) +
                                           "\" is no duration: write a number above 0, and ms, s, min or h behind it, "
                                           "such as 500ms; without a unit it is seconds");
}

const char* message(const cmd_parms& command, const Outcome& outcome) {
  if (outcome) return nullptr;
  return apr_psprintf(command.pool, "%s: %s", command.cmd->name, outcome.error().detail.c_str());
}

std::optional<std::string> nextWord(const cmd_parms& command, std::string_view& line) {
  if (trimmed(line).empty()) return std::nullopt;
  const char* rest = apr_pstrmemdup(command.temp_pool, line.data(), line.size());
  const char* const start = rest;
  std::string word = ap_getword_conf(command.temp_pool, &rest);
  line.remove_prefix(static_cast<std::size_t>(rest - start));
  return word;
}

}  // namespace proxycommon::directive
