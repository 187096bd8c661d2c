// Parts and a store.
#include "common/cache/part_storing.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/cache/byte_ranges.h"
#include "common/cache/cache_tags.h"
#include "common/cache/stored_response.h"

namespace proxycommon {
namespace {

constexpr std::uint64_t kBlock = 64 * 1024;

// Bytes in memory, or in a file where there is one.
struct Source {
  std::string_view memory;
  int file = -1;
  std::uint64_t offset = 0;  // in the file, where they begin
};

Source sourceOf(const FoundEntry& entry) {
  return {entry.memory(), entry.file ? entry.file.get() : -1, entry.bodyOffset};
}
Source sourceOf(const IncomingBody& body) {
  if (!body.isInFile()) return {body.memory(), -1, 0};
  return {{}, body.descriptor(), body.bodyOffset()};
}

bool copyFromFile(const Source& source, std::uint64_t offset, std::uint64_t length, IncomingBody& into) {
  std::string block(static_cast<std::size_t>(std::min(length, kBlock)), '\0');
  while (length > 0) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, block.size()));
    const ssize_t got = ::pread(source.file, block.data(), wanted, static_cast<off_t>(source.offset + offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const auto count = static_cast<std::size_t>(got);
    if (!into.append(std::span(block.data(), count))) return false;
    offset += count;
    length -= count;
  }
  return true;
}

bool copy(const Source& source, std::uint64_t offset, std::uint64_t length, IncomingBody& into) {
  if (source.file >= 0) return copyFromFile(source, offset, length, into);
  if (offset > source.memory.size() || length > source.memory.size() - offset) return false;
  const std::string_view bytes = source.memory.substr(offset, length);
  return static_cast<bool>(into.append(bytes));
}

// nullptr: something cannot be read or written.
std::unique_ptr<IncomingBody> joined(const Combination& combination, const Source& old, const Source& brought,
                                     const std::string& folder) {
  auto body = std::make_unique<IncomingBody>(folder, "");
  for (const auto& [isNew, offset, length] : combination.pieces)
    if (!copy(isNew ? brought : old, offset, length, *body)) return nullptr;
  return body->finish() ? std::move(body) : nullptr;
}

// Views into the record.
std::optional<StoredResponse> responseOf(std::string_view record) {
  auto decoded = decodeRecord(record);
  auto* response = decoded ? std::get_if<StoredResponse>(&*decoded) : nullptr;
  return response ? std::optional(std::move(*response)) : std::nullopt;
}

// As if there were nothing stored.
Combination alone(const StoredResponse& brought) {
  return {{{true, 0, brought.bodyLength}}, *brought.part, brought.bodyLength};
}

bool needsOld(const Combination& combination) {
  return std::any_of(combination.pieces.begin(), combination.pieces.end(),
                     [](const auto& piece) { return !piece.isNew; });
}

// One put() in the making. What is stored is nothing where its validator is another, or it does not touch.
class Putting {
 public:
  Putting(Store& store, const Digest& key, const NewEntry& entry, IncomingBody& body, const PartTerms& terms,
          StoredResponse brought)
      : store_(store), key_(key), entry_(entry), body_(body), terms_(terms), brought_(std::move(brought)) {}

  // Error kInternal.
  Result<bool> run() {
    auto found = store_.find(key_);
    if (!found) return std::move(found.error());
    std::optional<StoredResponse> stored = *found ? responseOf((*found)->record) : std::nullopt;
    if (stored) stored->bodyLength = (*found)->bodyLength;
    const auto combination = stored ? combinationWith(*stored) : std::nullopt;
    if (combination) {
      const bool isCopied = needsOld(*combination);
      if (!isCopied) return put(*combination, *stored, body_);
      if (combination->length <= std::min(terms_.mostCopied, store_.mostBody()))
        if (auto all = joined(*combination, sourceOf(**found), sourceOf(body_), store_.workFolder()))
          return put(*combination, *stored, *all);
      if (stored->bodyLength >= brought_.bodyLength) return false;
    }
    return terms_.hasAllFields ? put(alone(brought_), {}, body_) : false;
  }

 private:
  std::optional<Combination> combinationWith(const StoredResponse& stored) const {
    return stored.selection == brought_.selection ? combine(stored, brought_) : std::nullopt;
  }

  Result<bool> put(const Combination& combination, const StoredResponse& stored, IncomingBody& body) {
    StoredResponse made = brought_;
    made.isAuthorized = stored.isAuthorized || brought_.isAuthorized;
    made.fields = combinedFields(stored, brought_);
    made.bodyLength = combination.length;
    made.part = combination.part;
    // RFC 9110 15.3.7.3: the union of all is a complete 200.
    if (combination.isWhole()) {
      made.status = 200;
      made.reason = "OK";
      made.part.reset();
    }
    const std::string range =
        formatContentRange({ByteRange{combination.part.first, combination.part.first + combination.length - 1},
                            combination.part.completeLength});
    if (made.part) made.fields.push_back({"Content-Range", range});
    const CacheTags named = cacheTags(made.fields);
    if (named.isCut) return false;
    const std::vector<std::string> tags = tagsOfSite(terms_.site, named);
    NewEntry entry = entry_;
    const std::string record = encodeResponse(made);
    entry.record = record;
    entry.tags = tags;
    return store_.put(key_, entry, body);
  }

  Store& store_;
  const Digest& key_;
  const NewEntry& entry_;
  IncomingBody& body_;
  const PartTerms& terms_;
  const StoredResponse brought_;
};

}  // namespace

Result<bool> putPart(Store& store, const Digest& key, const NewEntry& entry, IncomingBody& body,
                     const PartTerms& terms) {
  auto brought = responseOf(entry.record);
  if (!brought || !brought->part || body.size() == 0) return false;
  brought->bodyLength = body.size();
  return Putting(store, key, entry, body, terms, std::move(*brought)).run();
}

}  // namespace proxycommon
