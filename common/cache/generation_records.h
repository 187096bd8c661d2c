// What GenerationStore keeps in a PlainStore, as bytes. Each value begins with its kind and a checksum, and is read as
// what anybody may have written: what does not add up is not there.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/export.h"
#include "common/base/result.h"
#include "common/cache/digest.h"

namespace proxycommon {

// 128 random bits: nobody makes the same ones again.
using Nonce = std::array<unsigned char, 16>;
// Error kInternal: the kernel gives none.
PROXYCOMMON_API Result<Nonce> makeNonce();

// Of a tag: entries that carry another one were removed.
struct Generation {
  Nonce id{};
  WallTime removed{};  // what was begun until then is not of this generation
};

// Of a key, a tag, or the list of prefixes: that something was removed. Outlives what is under way.
struct Tombstone {
  WallTime removed{};
  Nonce by{};  // of the call that did it
};

// The prefixes that were removed: one list for each store.
struct PrefixList {
  struct Removed {
    std::string prefix;
    WallTime when{};
  };
  Nonce epoch{};     // entries that carry another one were removed
  WallTime since{};  // what was begun until then is not of this epoch
  std::vector<Removed> removed;
};

struct EntryRecord {
  struct Tag {
    Digest tag;
    Nonce generation{};
  };
  Digest key;  // under which it was put: a store that mixes up its keys is found out
  WallTime began{};
  WallTime useUntil{};
  Nonce epoch{};
  std::vector<Tag> tags;
  std::string url;
  std::string record;
  std::string body;
};

PROXYCOMMON_API std::string encode(const Generation& value);
PROXYCOMMON_API std::string encode(const Tombstone& value);
PROXYCOMMON_API std::string encode(const PrefixList& value);
PROXYCOMMON_API std::string encode(const EntryRecord& value);

// nullopt: it is none, or is damaged.
PROXYCOMMON_API std::optional<Generation> decodeGeneration(std::string_view bytes);
PROXYCOMMON_API std::optional<Tombstone> decodeTombstone(std::string_view bytes);
PROXYCOMMON_API std::optional<PrefixList> decodePrefixList(std::string_view bytes);
PROXYCOMMON_API std::optional<EntryRecord> decodeEntry(std::string_view bytes);

}  // namespace proxycommon
