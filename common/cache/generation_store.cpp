// A store of the cache over any PlainStore.
#include "common/cache/generation_store.h"

#include <algorithm>

namespace proxycommon {
namespace {

// What is under way for longer is not stored: so nothing that was removed needs to be remembered for longer, and a
// client that sends many POSTs does not fill the store with what is.
constexpr std::chrono::minutes kUnderWay{5};
constexpr std::chrono::seconds kRounding{5};  // of expiries
constexpr std::chrono::hours kShortestGeneration{7 * 24};
// What has no end of its own; memcached takes larger numbers for dates of long ago.
constexpr std::chrono::hours kLongest{365 * 24};
// Lists that grow beyond it begin anew: each find reads and compares them.
constexpr std::size_t kMostPrefixes = 500;
constexpr std::size_t kLongestPrefix = 4096;
// What an entry has beside its body, at least.
constexpr std::size_t kBeside = 64 * 1024;
constexpr int kTries = 8;

// What tells keys apart comes first: plain stores divide by it.
std::string keyOf(char kind, const Digest& digest) {
  return std::string(digest.view()) += kind;
}
std::string entryKey(const Digest& key) {
  return keyOf('e', key);
}
std::string entryTombstone(const Digest& key) {
  return keyOf('x', key);
}
std::string tagKey(const Digest& tag) {
  return keyOf('t', tag);
}
std::string tagTombstone(const Digest& tag) {
  return keyOf('y', tag);
}
constexpr std::string_view kPrefixKey = "prefixes";
constexpr std::string_view kPrefixTombstone = "removed prefixes";

WallTime forever() {
  return wallNow() + kLongest;
}

// Whether tombstones of that time may have gone by now.
bool isForgotten(WallTime begun) {
  return begun + kUnderWay <= wallNow();
}

bool isRemoved(const PrefixList& list, const EntryRecord& entry, milliseconds skew) {
  if (list.since != WallTime{} && entry.began <= list.since + skew) return true;
  return std::any_of(list.removed.begin(), list.removed.end(), [&](const PrefixList::Removed& removed) {
    return entry.began <= removed.when + skew && entry.url.starts_with(removed.prefix);
  });
}

// What it covers is not needed any more.
void add(PrefixList& list, const std::string& prefix, WallTime when) {
  std::erase_if(list.removed, [&](const PrefixList::Removed& removed) { return removed.prefix.starts_with(prefix); });
  list.removed.push_back({prefix, when});
}

}  // namespace

GenerationStore::GenerationStore(std::unique_ptr<PlainStore> plain, GenerationSettings settings)
    : plain_(std::move(plain)), settings_(std::move(settings)) {}

GenerationStore::~GenerationStore() = default;

Outcome GenerationStore::set(std::string_view key, std::string_view value, WallTime expiry) {
  const auto done = plain_->set(key, value, expiry);
  if (done && *done) return {};
  return done ? failure(ErrorKind::kInternal, "it does not take " + std::to_string(value.size()) + " bytes")
              : done.error();
}

Outcome GenerationStore::bury(std::string_view tombstoneKey, const Tombstone& tombstone) {
  return set(tombstoneKey, encode(tombstone), tombstone.removed + kUnderWay + settings_.clockSkew + kRounding);
}

Result<bool> GenerationStore::wasRemovedSince(std::string_view tombstoneKey, WallTime began) {
  const auto got = plain_->get(tombstoneKey);
  if (!got) return got.error();
  if (!*got) return false;
  const auto tombstone = decodeTombstone(**got);
  // A damaged one does not say when: it may have been just now.
  return !tombstone || began <= tombstone->removed + settings_.clockSkew;
}

Result<bool> GenerationStore::isCurrent(const EntryRecord& entry) {
  const auto removed = wasRemovedSince(entryTombstone(entry.key), entry.began);
  if (!removed) return removed.error();
  if (*removed) return false;
  const auto prefixes = plain_->get(kPrefixKey);
  if (!prefixes) return prefixes.error();
  const auto list = *prefixes ? decodePrefixList(**prefixes) : std::nullopt;
  if (!list || list->epoch != entry.epoch || isRemoved(*list, entry, settings_.clockSkew)) return false;
  for (const EntryRecord::Tag& tag : entry.tags) {
    const auto got = plain_->get(tagKey(tag.tag));
    if (!got) return got.error();
    const auto generation = *got ? decodeGeneration(**got) : std::nullopt;
    if (!generation || generation->id != tag.generation) return false;
  }
  return true;
}

Result<std::optional<EntryRecord>> GenerationStore::load(const Digest& key) {
  const auto got = plain_->get(entryKey(key));
  if (!got) return got.error();
  auto entry = *got ? decodeEntry(**got) : std::nullopt;
  if (!entry || entry->key != key || entry->useUntil <= wallNow()) return std::optional<EntryRecord>();
  const auto current = isCurrent(*entry);
  if (!current) return current.error();
  if (*current) return entry;
  // Before what it was removed by is forgotten.
  if (auto removed = plain_->remove(entryKey(key)); !removed) return std::move(removed.error());
  return std::optional<EntryRecord>();
}

Result<std::optional<FoundEntry>> GenerationStore::find(const Digest& key) {
  auto loaded = load(key);
  if (!loaded) return std::move(loaded.error());
  std::optional<FoundEntry> found;
  if (!*loaded) return found;
  EntryRecord& entry = **loaded;
  found.emplace();
  found->bodyLength = entry.body.size();
  found->record = std::move(entry.record);
  found->body = std::move(entry.body);
  return found;
}

// Whoever removes writes the tombstone first, and then what this may overwrite: so it is seen here, and what was begun
// with the overwriting one is not current any more.
Outcome GenerationStore::begin(std::string_view tombstoneKey,
                               const std::function<Outcome(const Nonce&, WallTime)>& write) {
  auto before = plain_->get(tombstoneKey);
  if (!before) return std::move(before.error());
  const auto tombstone = *before ? decodeTombstone(**before) : std::nullopt;
  WallTime since = tombstone ? tombstone->removed : *before ? wallNow() : WallTime{};
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto nonce = makeNonce();
    if (!nonce) return nonce.error();
    if (auto written = write(*nonce, since); !written) return written;
    auto after = plain_->get(tombstoneKey);
    if (!after) return std::move(after.error());
    if (*after == *before) return {};
    before = std::move(after);
    since = wallNow();
  }
  return failure(ErrorKind::kInternal, "others remove the same without a pause");
}

Result<Generation> GenerationStore::generationOf(const Digest& tag, WallTime useUntil) {
  const auto got = plain_->get(tagKey(tag));
  if (!got) return got.error();
  if (const auto generation = *got ? decodeGeneration(**got) : std::nullopt) return *generation;
  Generation made;
  auto begun = begin(tagTombstone(tag), [&](const Nonce& id, WallTime since) {
    made = {id, since};
    return set(tagKey(tag), encode(made), std::clamp(useUntil, wallNow() + kShortestGeneration, forever()));
  });
  if (!begun) return std::move(begun.error());
  return made;
}

Result<bool> GenerationStore::joinGenerations(EntryRecord& entry, std::span<const std::string> tags) {
  for (const std::string& text : tags) {
    const Digest tag = digestOf(text);
    const auto generation = generationOf(tag, entry.useUntil);
    if (!generation) return generation.error();
    if (generation->removed != WallTime{} && entry.began <= generation->removed + settings_.clockSkew) return false;
    entry.tags.push_back({tag, generation->id});
  }
  return true;
}

Result<PrefixList> GenerationStore::prefixList() {
  const auto got = plain_->get(kPrefixKey);
  if (!got) return got.error();
  if (auto list = *got ? decodePrefixList(**got) : std::nullopt) return std::move(*list);
  PrefixList made;
  auto begun = begin(kPrefixTombstone, [&](const Nonce& epoch, WallTime since) {
    made = {epoch, since, {}};
    return set(kPrefixKey, encode(made), forever());
  });
  if (!begun) return std::move(begun.error());
  return made;
}

Result<bool> GenerationStore::joinEpoch(EntryRecord& entry) {
  const auto list = prefixList();
  if (!list) return list.error();
  entry.epoch = list->epoch;
  return !isRemoved(*list, entry, settings_.clockSkew);
}

Result<bool> GenerationStore::keep(const EntryRecord& entry, WallTime begun) {
  const std::string value = encode(entry);
  if (value.size() > plain_->mostValue()) return false;
  auto done = plain_->set(entryKey(entry.key), value, std::min(entry.useUntil, forever()));
  if (!done || !*done) return done;
  // It is found by nobody meanwhile; but tombstones do not last as long as entries do.
  const auto removed = wasRemovedSince(entryTombstone(entry.key), entry.began);
  if (!removed) return removed.error();
  if (!*removed && !isForgotten(begun)) return true;
  if (auto gone = plain_->remove(entryKey(entry.key)); !gone) return std::move(gone.error());
  return false;
}

Result<bool> GenerationStore::put(const Digest& key, const NewEntry& entry, IncomingBody& body) {
  if (body.size() > mostBody() || entry.tags.size() > mostTags() || isForgotten(entry.began)) return false;
  const auto removed = wasRemovedSince(entryTombstone(key), entry.began);
  if (!removed) return removed.error();
  if (*removed) return false;
  EntryRecord made;
  made.key = key;
  made.began = entry.began;
  made.useUntil = entry.useUntil;
  made.url = entry.url;
  made.record = entry.record;
  if (auto joined = joinEpoch(made); !joined || !*joined) return joined;
  if (auto joined = joinGenerations(made, entry.tags); !joined || !*joined) return joined;
  auto bytes = wholeBody(body);
  if (!bytes) return std::move(bytes.error());
  made.body = std::move(*bytes);
  return keep(made, entry.began);
}

Result<bool> GenerationStore::update(const Digest& key, std::string_view before, std::string_view record,
                                     WallTime useUntil) {
  const WallTime begun = wallNow();
  auto loaded = load(key);
  if (!loaded) return std::move(loaded.error());
  if (!*loaded) return false;
  EntryRecord& entry = **loaded;
  if (entry.record != before) return false;
  entry.record = record;
  entry.useUntil = useUntil;
  return keep(entry, begun);
}

Result<bool> GenerationStore::remove(const Digest& key) {
  const auto nonce = makeNonce();
  if (!nonce) return nonce.error();
  const auto loaded = load(key);
  if (auto buried = bury(entryTombstone(key), {wallNow(), *nonce}); !buried) return std::move(buried.error());
  if (auto removed = plain_->remove(entryKey(key)); !removed) return std::move(removed.error());
  if (!loaded) return loaded.error();
  return loaded->has_value();
}

Outcome GenerationStore::removeTagged(std::string_view tag) {
  const auto nonce = makeNonce();
  if (!nonce) return nonce.error();
  const Digest digest = digestOf(tag);
  if (auto buried = bury(tagTombstone(digest), {wallNow(), *nonce}); !buried) return buried;
  return plain_->remove(tagKey(digest));
}

Outcome GenerationStore::removePrefix(std::string_view urlPrefix) {
  const std::lock_guard lock(prefixMutex_);
  // A shorter prefix removes more, which is safe.
  return addPrefix(std::string(urlPrefix.substr(0, kLongestPrefix)));
}

// Two that add at once may overwrite each other. The tombstone tells: whoever finds another's behind its own begins a
// new epoch, so that what was lost of the list is removed with all else.
Outcome GenerationStore::addPrefix(const std::string& prefix) {
  bool isAlone = true;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const auto token = makeNonce();
    if (!token) return token.error();
    const auto epoch = makeNonce();
    if (!epoch) return epoch.error();
    const Tombstone own{wallNow(), *token};
    if (auto buried = bury(kPrefixTombstone, own); !buried) return buried;
    const auto got = plain_->get(kPrefixKey);
    if (!got) return got.error();
    auto list = *got ? decodePrefixList(**got) : std::nullopt;
    if (list) add(*list, prefix, own.removed);
    if (!isAlone || !list || list->removed.size() > kMostPrefixes || encode(*list).size() > plain_->mostValue())
      list = PrefixList{*epoch, own.removed, {}};
    if (auto done = set(kPrefixKey, encode(*list), forever()); !done) return done;
    const auto after = plain_->get(kPrefixTombstone);
    if (!after) return after.error();
    const auto last = *after ? decodeTombstone(**after) : std::nullopt;
    if (last && last->by == *token) return {};
    isAlone = false;
  }
  return failure(ErrorKind::kInternal, "others remove prefixes without a pause");
}

StoreFigures GenerationStore::figures() {
  StoreFigures figures;
  figures.isCounted = false;
  return figures;
}

bool GenerationStore::mayBlock() const {
  return plain_->mayBlock();
}

std::uint64_t GenerationStore::mostBody() const {
  const std::size_t most = plain_->mostValue();
  return std::min<std::uint64_t>(settings_.mostBody, most > 2 * kBeside ? most - kBeside : most / 2);
}

const std::string& GenerationStore::workFolder() const {
  return settings_.workFolder;
}

}  // namespace proxycommon
