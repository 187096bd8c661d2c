// Directives as rows. A row names the directive, the field it sets and how its argument is read; the function that
// httpd calls is made from these. A configuration type says where it lives by a static `of(cmd_parms&, void*)`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/base/setting.h"
#include "common/base/text.h"
#include "common/httpd/guarded.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon::directive {

// How arguments are read. The error's detail says what to write instead.
PROXYCOMMON_API Result<bool> readSwitch(std::string_view text);
PROXYCOMMON_API Result<milliseconds> readDuration(std::string_view text);
// A duration; Off is zero.
PROXYCOMMON_API Result<milliseconds> readDurationOrOff(std::string_view text);
// A number from 1 up.
PROXYCOMMON_API Result<std::size_t> readCount(std::string_view text);
// A number from 1 to 64.
PROXYCOMMON_API Result<unsigned> readThreads(std::string_view text);
// "64k", "1M"; Off is zero.
PROXYCOMMON_API Result<std::uint64_t> readSizeOrOff(std::string_view text);

// The name of a file as httpd means it: a relative one is below ServerRoot. In the parent.
PROXYCOMMON_API std::string absolutePath(std::string_view file);

// "RevProxyTimeout: …", in memory that lives as long as httpd shows it; nullptr for success.
PROXYCOMMON_API const char* message(const cmd_parms& command, const Outcome& outcome);

namespace detail {

template <auto Member>
struct FieldOf;
template <class Owner, class Field, Field Owner::*Member>
struct FieldOf<Member> {
  using Config = Owner;
};

template <auto Member, auto Read>
const char* setField(cmd_parms* command, void* directory, const char* argument) {
  if (const char* misplaced = ap_check_cmd_context(command, NOT_IN_DIRECTORY | NOT_IN_FILES)) return misplaced;
  using Config = typename FieldOf<Member>::Config;
  auto value = Read(argument);
  if (!value) return message(*command, value.error());
  Config::of(*command, directory).*Member = std::move(*value);
  return nullptr;
}

template <auto Outer, auto Inner, auto Read>
const char* setNested(cmd_parms* command, void* directory, const char* argument) {
  if (const char* misplaced = ap_check_cmd_context(command, NOT_IN_DIRECTORY | NOT_IN_FILES)) return misplaced;
  using Config = typename FieldOf<Outer>::Config;
  auto value = Read(argument);
  if (!value) return message(*command, value.error());
  (Config::of(*command, directory).*Outer).*Inner = std::move(*value);
  return nullptr;
}

// A function of our own that takes the whole rest of the line.
template <auto Apply, bool kChecksPlaceItself>
const char* applyLine(cmd_parms* command, void* directory, const char* line) {
  const char* misplaced = kChecksPlaceItself ? nullptr : ap_check_cmd_context(command, NOT_IN_DIRECTORY | NOT_IN_FILES);
  if (misplaced) return misplaced;
  return message(*command, Apply(*command, directory, std::string_view(line)));
}

template <class Function>
cmd_func asCommand(Function* function) {
  return reinterpret_cast<cmd_func>(reinterpret_cast<void (*)()>(function));
}

}  // namespace detail

// `where` is RSRC_CONF (server and vhost), ACCESS_CONF (<Location>), or both.
template <auto Member, auto Read>
command_rec field(const char* name, int where, const char* help) {
  return {name, detail::asCommand(guarded<&detail::setField<Member, Read>>), nullptr, where, TAKE1, help};
}

// A field of a field.
template <auto Outer, auto Inner, auto Read>
command_rec nested(const char* name, int where, const char* help) {
  return {name, detail::asCommand(guarded<&detail::setNested<Outer, Inner, Read>>), nullptr, where, TAKE1, help};
}

template <auto Apply, bool kChecksPlaceItself = false>
command_rec line(const char* name, int where, const char* help) {
  return {name, detail::asCommand(guarded<&detail::applyLine<Apply, kChecksPlaceItself>>), nullptr, where, RAW_ARGS,
          help};
}

// A section: a function that reads what is inside, and gives the message for what is wrong, or nullptr.
template <auto Read>
command_rec section(const char* name, int where, const char* help) {
  return {name, detail::asCommand(guarded<Read>), nullptr, where, RAW_ARGS, help};
}

inline command_rec end() {
  return {};
}

// The next word of a line, unquoted; nullopt at its end. A word in quotes may be empty.
PROXYCOMMON_API std::optional<std::string> nextWord(const cmd_parms& command, std::string_view& line);
// All that are left.
PROXYCOMMON_API std::vector<std::string> remainingWords(const cmd_parms& command, std::string_view line);

}  // namespace proxycommon::directive
