// One request and the cache: what becomes of the backend's answer.
#include <algorithm>
#include <random>
#include <utility>

#include "common/cache/byte_ranges.h"
#include "common/cache/cache_control.h"
#include "common/cache/cache_key.h"
#include "common/cache/cache_tags.h"
#include "common/cache/freshness.h"
#include "common/cache/invalidation.h"
#include "common/cache/preconditions.h"
#include "common/cache/revalidation.h"
#include "common/cache/serving.h"
#include "common/cache/vary.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/request_cache.h"

namespace proxycommon {
namespace {

constexpr milliseconds kHitForMiss{10'000};

}  // namespace

std::uint64_t RequestCache::mostBody() const {
  const std::uint64_t ofStore = store_ ? store_->store().mostBody() : 0;
  return std::min(ofStore, plan_.config.mostBody.valueOr(ofStore));
}

Result<RequestCache::Course> RequestCache::take(const HeaderFields& received, ResponseHead& head) {
  course_ = Course::kPass;
  auto judged = judgeAnswer(received, head);
  if (judged) course_ = *judged;
  return judged;
}

Result<RequestCache::Course> RequestCache::judgeAnswer(const HeaderFields& received, ResponseHead& head) {
  if (mode_ == Mode::kOff) return Course::kPass;
  if (request_.method_number != M_GET) {
    invalidate(received, head);
    // Its own answer may be stored, and has come since (RFC 9110 9.3.3).
    begun_ = wallNow() + milliseconds{1};
  }
  backendStatus_ = head.status;
  ResponseHead unedited = head;
  unedited.fields = received;
  if (mode_ == Mode::kRevalidate && head.status == HTTP_NOT_MODIFIED) return refresh(unedited);
  if (isAskedAgain_ && head.status == HTTP_NOT_MODIFIED)
    return failure(ErrorKind::kMalformedResponse, "it answered 304 to a request without conditions", Seen::kRan);
  if (isServerError(head.status) && mayAnswerInstead(false)) {
    flight_.end(FlightPhase::kFailed);
    return Course::kUseStored;
  }
  if (request_.header_only) takeHead(unedited);
  if (mode_ == Mode::kPass || request_.header_only) return Course::kPass;
  return store(received, head);
}

// RFC 9111 4.3.4: the stored response is good again.
Result<RequestCache::Course> RequestCache::refresh(ResponseHead& head) {
  if (!selects(head.fields, lookup_.stored)) {
    // It speaks of another response, and is no answer. Whoever follows waits for the next.
    mode_ = Mode::kFetch;
    isAskedAgain_ = true;
    begun_ = wallNow();
    return Course::kAskAgain;
  }
  const StoredResponse fresh = confirmed(head);
  std::string record = encodeResponse(fresh);
  keep(fresh, record, flight_.release());
  // What is read from now on stands in the new record.
  lookup_.entry->record = std::move(record);
  if (auto decoded = decodeRecord(lookup_.entry->record))
    if (auto* stored = std::get_if<StoredResponse>(&*decoded)) lookup_.stored = std::move(*stored);
  lookup_.stored.bodyLength = lookup_.entry->bodyLength;
  lookup_.serving = judge(message(), lookup_.stored, policy_, wallNow());
  isConfirmed_ = true;
  remember(lookup_.key, isReusable(lookup_.stored, policy_, wallNow()));
  return Course::kUseStored;
}

// RFC 9111 4.3.5.
void RequestCache::takeHead(const ResponseHead& head) {
  if (!lookup_.has()) return;
  const CacheResponse response{head.status, head.fields};
  const HeadFreshening judged = judgeHead(lookup_.stored, response);
  if (judged == HeadFreshening::kUpdates) {
    const StoredResponse fresh = confirmed(head);
    keep(fresh, encodeResponse(fresh), nullptr);
  } else if (judged == HeadFreshening::kStale) {
    forget(lookup_.key);
  }
}

StoredResponse RequestCache::confirmed(const ResponseHead& head) const {
  StoredResponse fresh = freshened(lookup_.stored, head.fields, policy_, begun_, wallNow());
  fresh.isAuthorized = fresh.isAuthorized || isAuthorized(message());
  return fresh;
}

// What has been made of the stored response, in its place or not. Then who follows may look.
void RequestCache::keep(const StoredResponse& fresh, const std::string& record, FlightLeader leader) {
  const auto done = [leader = std::move(leader)] {
    if (leader) leader->end(FlightPhase::kStored);
  };
  switch (judgeFreshened(message(), lookup_.stored, fresh, policy_, wallNow())) {
    case Freshening::kReplaces:
      updateIn(*store_, lookup_.key, lookup_.entry->record, record, usefulUntil(fresh, policy_), done);
      break;
    case Freshening::kStays:
      done();
      break;
    case Freshening::kRemoves:
      forget(lookup_.key);
      done();
      break;
  }
}

// What is stored is what came: it is edited for each client that gets it.
RequestCache::Course RequestCache::store(const HeaderFields& received, const ResponseHead& head) {
  const WallTime now = wallNow();
  const CacheResponse response{head.status, head.fields};
  const HeaderField* length = findField(head.fields, "Content-Length");
  const auto bytes = length ? parseNumber(length->value, mostBody()) : std::optional<std::uint64_t>{0};
  const VaryNames vary = varyNames(head.fields);
  Storable storable = mayStore(message(), response, policy_, now);
  if (storable == Storable::kYes && !isPartOfUse(response)) storable = Storable::kPartial;
  const CacheTags tags = cacheTags(head.fields);
  if (storable == Storable::kYes && tags.tags.size() > store_->store().mostTags()) storable = Storable::kTags;
  if (storable == Storable::kYes && !bytes) storable = Storable::kTooLarge;
  if (storable == Storable::kYes && !selectsAsSent(vary.names, fields_, sent_)) storable = Storable::kVaryAdded;
  if (storable != Storable::kYes) {
    refuse(storable, head.status);
    return Course::kPass;
  }
  ChosenKey chosen = chooseKey(vary.names);
  NewResponse what{chosen.key, keyText_, {}, tagsOfSite(plan_.subject.site, tags), begun_, {}};
  what.response.status = head.status;
  what.response.reason = head.reason;
  what.response.version = head.version;
  what.response.fields = storedFields(received, responseControl(head.fields, policy_));
  what.response.part = partOf(response);
  what.response.requestTime = begun_;
  what.response.responseTime = now;
  const std::string selection = selectionOf(vary.names, fields_);
  what.response.selection = selection;
  what.response.isAuthorized = isAuthorized(message());
  what.useUntil = usefulUntil(what.response, policy_);
  storing_ = std::make_unique<ResponseStoring>(*store_, flight_, std::move(what));
  if (chosen.marker) divide(chosen.key, *chosen.marker);
  // Whoever follows would have to ask about it all the same.
  if (!storing_->response().part && !isReusable(storing_->response(), policy_, now)) {
    remember(chosen.key, false);
    flight_.end(FlightPhase::kUncacheable);
  }
  return Course::kStore;
}

// Others under that URL may have other names, and stay.
RequestCache::ChosenKey RequestCache::chooseKey(const std::vector<std::string>& names) const {
  if (names.empty()) return {primary_};
  VaryMarker marker{{}, lookup_.marker ? joinedNames(lookup_.marker->names, names) : names};
  const bool isKnown = lookup_.marker && lookup_.marker->names == marker.names;
  if (isKnown) {
    marker.salt = lookup_.marker->salt;
  } else {
    std::random_device random;
    for (unsigned char& byte : marker.salt) byte = static_cast<unsigned char>(random());
  }
  ChosenKey chosen{variantKey(primary_, marker, selectionOf(marker.names, fields_))};
  if (!isKnown) chosen.marker = std::move(marker);
  return chosen;
}

// It goes to its client alone.
void RequestCache::refuse(Storable why, int status) {
  refusal_ = why;
  if (isOfResource(why, status)) rememberRefusal();
  if (why == Storable::kTags)
    ap_log_rerror_(__FILE__, __LINE__, plan_.moduleIndex, APLOG_INFO, 0, &request_,
                   "not stored: its Cache-Tag or Surrogate-Key has more than %zu tags, or one that is longer than %zu "
                   "bytes or not in visible ASCII, and a purge would miss it",
                   std::min(kMostTags, store_->store().mostTags()), kMostTagLength);
  flight_.end(isServerError(status) ? FlightPhase::kFailed : FlightPhase::kUncacheable);
}

// The responses have turned out to be variants. Whoever follows looks again, finds by what they are selected, and waits
// for its own: this one, or one that another brings.
void RequestCache::divide(const Digest& key, const VaryMarker& variants) {
  OwnedEntry marker{encodeVariants(variants), keyText_, {}, begun_, WallTime::max()};
  auto nothing = std::make_unique<IncomingBody>(store_->store().workFolder(), "");
  FlightLeader before = isResting() ? nullptr : flight_.changeTo(key);
  const HitForMiss table = *waiter_.child().hitForMiss;
  const auto done = [before, table, place = primary_](bool isStored) {
    if (isStored) table.noteStored(place);
    if (before) before->end(isStored ? FlightPhase::kStored : FlightPhase::kFailed);
  };
  putIn(*store_, primary_, std::move(marker), std::move(nothing), done);
}

// Whether the store is left alone now, and nothing can be put.
bool RequestCache::isResting() const {
  return store_->breaker().rest(Clock::now()) > milliseconds{0};
}

// What the backend has said, for those who come next.
void RequestCache::remember(const Digest& key, bool isShared) const {
  const HitForMiss& table = *waiter_.child().hitForMiss;
  if (isShared) return table.unmark(key);
  table.mark(key, hitForMissSpan());
}

void RequestCache::rememberRefusal() const {
  const HitForMiss& table = *waiter_.child().hitForMiss;
  if (isSkipped_) return table.prolong(primary_, hitForMissSpan());
  if (absentSince_) return table.markAbsent(primary_, hitForMissSpan(), *absentSince_);
  table.mark(lookup_.key, hitForMissSpan());
}

milliseconds RequestCache::hitForMissSpan() const {
  return plan_.config.hitForMiss.valueOr(kHitForMiss);
}

void RequestCache::grew() {
  if (storing_) storing_->grew();
}

void RequestCache::paused() {
  if (storing_ && !storing_->paused()) giveUp();
}

void RequestCache::complete() {
  if (!storing_) return;
  const std::unique_ptr<ResponseStoring> storing = std::move(storing_);
  if (!storing->finish()) return flight_.end(FlightPhase::kFailed);
  // Of a part, the whole may be what cannot be stored.
  const StoredResponse& response = storing->response();
  if (!response.part && isReusable(response, policy_, wallNow())) {
    remember(lookup_.key, true);
    remember(storing->key(), true);
  }
  FlightLeader leader = flight_.release();
  const std::uint64_t bytes = response.bodyLength;
  const HitForMiss table = *waiter_.child().hitForMiss;
  storing->put(partTerms(bytes), [leader, table, key = primary_, counters = plan_.counters, bytes](bool isStored) {
    if (isStored) table.noteStored(key);
    if (isStored && counters) counters->noteStored(bytes);
    if (leader) leader->end(isStored ? FlightPhase::kStored : FlightPhase::kFailed);
  });
}

void RequestCache::outgrow() {
  remember(storing_->key(), false);
  giveUp();
}

void RequestCache::giveUp() {
  storing_.reset();
  flight_.end(FlightPhase::kFailed);
}

// RFC 9111 4.4. Before the client has its answer, where the store can do it at once.
void RequestCache::invalidate(const HeaderFields& received, const ResponseHead& head) {
  std::vector<std::string> presented;
  for (const HeaderField& field : received)
    if (plan_.presentedAs && isInvalidating(field.name))
      for (std::string& url : plan_.presentedAs(trimmed(field.value))) presented.push_back(std::move(url));
  HeaderFields fields = head.fields;
  for (const std::string& url : presented) fields.push_back({"Location", url});
  CacheSubject subject = plan_.subject;
  for (std::string& target : invalidatedTargets(message(), {head.status, fields})) {
    const bool isElsewhere = plan_.placeOf && target != plan_.subject.target;
    subject.place = isElsewhere ? plan_.placeOf(target) : plan_.subject.place;
    subject.target = std::move(target);
    forget(digestOf(subject.keyText()));
  }
}

void RequestCache::forget(const Digest& key) {
  if (store_->store().mayBlock()) {
    forgotten_.push_back(key);
  } else if (auto removed = store_->store().remove(key); !removed) {
    store_->notRemoved(removed.error());
  }
}

// What the backend has made invalid is gone from stores that take their time, or the store has said that it is not.
Task<void> RequestCache::settle() {
  for (const Digest& key : std::exchange(forgotten_, {})) {
    auto removed = co_await removeIn(*store_, key, waiter_);
    if (!removed && removed.error().kind != ErrorKind::kClientGone) store_->notRemoved(removed.error());
  }
}

// `isDisconnected`: no answer came at all (RFC 9111 4.2.4), rather than one that tells of an error (RFC 5861 4).
bool RequestCache::mayAnswerInstead(bool isDisconnected) const {
  if ((mode_ != Mode::kRevalidate && mode_ != Mode::kFetch) || !lookup_.has()) return false;
  CachePolicy policy = policy_;
  if (isDisconnected && !plan_.config.staleIfError.isSet()) policy.staleIfError = kMostSeconds;
  return mayServeOnError(message(), lookup_.stored, policy, wallNow());
}

bool RequestCache::mayAnswerInsteadOf(const Error& error) const {
  if (traitsOf(error.kind).side != Side::kBackend) return false;
  const bool hasAnswered = error.kind == ErrorKind::kMalformedResponse || error.kind == ErrorKind::kOversizedHead ||
                           error.kind == ErrorKind::kFailedStatus;
  return mayAnswerInstead(!hasAnswered);
}

Task<std::optional<int>> RequestCache::conclude(const Error* failed, bool isToldOf) {
  if (!forgotten_.empty()) co_await settle();
  const bool usesStored = failed ? !isToldOf && mayAnswerInsteadOf(*failed) : course_ == Course::kUseStored;
  if (!usesStored) co_return std::nullopt;
  isForwarded_ = true;
  co_return co_await send(isConfirmed_ ? "revalidated" : "stale");
}

void RequestCache::addStatus(ResponseHead& head, bool isStored) const {
  if (mode_ == Mode::kOff) return;
  count(mode_ == Mode::kPass || reason_ == ForwardReason::kMethod ? &CacheCounters::passes : &CacheCounters::misses);
  const auto key = (isStored ? storing_->key() : lookup_.key).brief();
  CacheStatus status;
  status.cache = request_.server->server_hostname;
  status.forward = reason_;
  status.isStored = isStored && !isResting();
  if (backendStatus_ != head.status) status.forwardStatus = backendStatus_;
  status.key = {key.data(), key.size()};
  if (refusal_ != Storable::kYes) status.detail = nameOf(refusal_);
  std::string received;
  for (const HeaderField& field : head.fields)
    if (equalsIgnoringCase(field.name, "Cache-Status"))
      received.append(received.empty() ? "" : ", ").append(field.value);
  std::erase_if(head.fields, [](const HeaderField& field) { return equalsIgnoringCase(field.name, "Cache-Status"); });
  const std::string value = appendedCacheStatus(received, status);
  head.fields.push_back({"Cache-Status", apr_pstrmemdup(request_.pool, value.data(), value.size())});
}

bool RequestCache::makeNotModified(ResponseHead& head) const {
  StoredResponse response = storing_->response();
  response.fields = head.fields;
  if (evaluatePreconditions(message(), response) != Precondition::kNotModified) return false;
  head.fields = notModifiedFields(response);
  head.status = HTTP_NOT_MODIFIED;
  head.reason = "Not Modified";
  return true;
}

}  // namespace proxycommon
