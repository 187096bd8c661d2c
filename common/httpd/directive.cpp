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

Result<milliseconds> readDurationOrOff(std::string_view text) {
  if (equalsIgnoringCase(text, "off")) return milliseconds{0};
  return readDuration(text);
}

Result<std::size_t> readCount(std::string_view text) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  const auto count = parseNumber(text, kMost);
  if (count && *count > 0) return static_cast<std::size_t>(*count);
  return failure(ErrorKind::kInternal, "\"" + printable(text) + "\" is no number from 1 up");
}

Result<unsigned> readThreads(std::string_view text) {
  constexpr std::uint64_t kMost = 64;
  const auto count = parseNumber(text, kMost);
  if (count && *count > 0) return static_cast<unsigned>(*count);
  return failure(ErrorKind::kInternal, "\"" + printable(text) + "\" is no number from 1 to 64");
}

Result<std::uint64_t> readSizeOrOff(std::string_view text) {
  if (equalsIgnoringCase(text, "off")) return std::uint64_t{0};
  if (const auto size = parseSize(text)) return *size;
  return failure(
      ErrorKind::kInternal,
      "\"" + printable(text) + "\" is neither Off nor a size: write bytes, or a number and k, M or G, such as 64k");
}

std::string absolutePath(std::string_view file) {
  apr_pool_t* pool = ap_server_conf ? ap_server_conf->process->pconf : nullptr;
  const std::string name{file};
  const char* path = pool ? ap_server_root_relative(pool, name.c_str()) : name.c_str();
  return path ? path : name;
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

std::vector<std::string> remainingWords(const cmd_parms& command, std::string_view line) {
  std::vector<std::string> words;
  while (auto word = nextWord(command, line)) words.push_back(std::move(*word));
  return words;
}

}  // namespace proxycommon::directive
