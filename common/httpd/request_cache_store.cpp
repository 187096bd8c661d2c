// One request and the cache: what becomes of the backend's answer.
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
#include "common/cache/vary.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/request_cache.h"

namespace proxycommon {
namespace {

constexpr milliseconds kHitForMiss{10'000};

// Whether that many bytes are what its fields have said.
bool isAllOf(const StoredResponse& response, std::uint64_t bytes) {
  if (response.part) return lengthOfPart({response.status, response.fields}) == bytes;
  const HeaderField* length = findField(response.fields, "Content-Length");
  return !length || parseNumber(length->value, UINT64_MAX) == bytes;
}

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
    endFlight(FlightPhase::kFailed);
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
  StoredResponse fresh = freshened(lookup_.stored, head.fields, policy_, begun_, wallNow());
  std::string record = encodeResponse(fresh);
  if (mayStore(message(), {fresh.status, fresh.fields}, policy_, wallNow()) == Storable::kYes)
    updateIn(*store_, lookup_.key, record, usefulUntil(fresh, policy_));
  else
    forget(lookup_.key);
  // What is read from now on stands in the new record.
  lookup_.entry->record = std::move(record);
  if (auto decoded = decodeRecord(lookup_.entry->record))
    if (auto* stored = std::get_if<StoredResponse>(&*decoded)) lookup_.stored = std::move(*stored);
  lookup_.stored.bodyLength = lookup_.entry->bodyLength;
  lookup_.serving = judge(message(), lookup_.stored, policy_, wallNow());
  endFlight(FlightPhase::kStored);
  return Course::kUseStored;
}

// RFC 9111 4.3.5.
void RequestCache::takeHead(const ResponseHead& head) {
  if (!lookup_.has()) return;
  const CacheResponse response{head.status, head.fields};
  const HeadFreshening judged = judgeHead(lookup_.stored, response);
  if (judged == HeadFreshening::kUpdates) {
    const StoredResponse fresh = freshened(lookup_.stored, head.fields, policy_, begun_, wallNow());
    updateIn(*store_, lookup_.key, encodeResponse(fresh), usefulUntil(fresh, policy_));
  } else if (judged == HeadFreshening::kStale) {
    forget(lookup_.key);
  }
}

// What is stored is what came: it is edited for each client that gets it.
RequestCache::Course RequestCache::store(const HeaderFields& received, const ResponseHead& head) {
  const WallTime now = wallNow();
  const CacheResponse response{head.status, head.fields};
  const HeaderField* length = findField(head.fields, "Content-Length");
  const auto bytes = length ? parseNumber(length->value, mostBody()) : std::optional<std::uint64_t>{0};
  const VaryNames vary = varyNames(head.fields);
  const bool isStorable = bytes && mayStore(message(), response, policy_, now) == Storable::kYes &&
                          isPartOfUse(response) && selectsAsSent(vary.names, fields_, sent_);
  if (!isStorable) {
    // Of what has gone wrong it is not known what it will be when it is well again.
    if (leader_ && !isServerError(head.status))
      waiter_.child().hitForMiss->mark(lookup_.key, plan_.config.hitForMiss.valueOr(kHitForMiss));
    endFlight(isServerError(head.status) ? FlightPhase::kFailed : FlightPhase::kUncacheable);
    return Course::kPass;
  }
  const CacheControl control = responseControl(head.fields, policy_);
  storing_ = {};
  storing_.status = head.status;
  storing_.reason = head.reason;
  storing_.version = head.version;
  storing_.fields = storedFields(received, control);
  storing_.part = partOf(response);
  storing_.requestTime = begun_;
  storing_.responseTime = now;
  const std::string selection = selectionOf(vary.names, fields_);
  storing_.selection = selection;
  storing_.isAuthorized = findField(fields_, "Authorization") != nullptr;
  key_ = primary_;
  if (!vary.names.empty()) {
    VaryMarker marker =
        lookup_.marker && lookup_.marker->names == vary.names ? *lookup_.marker : VaryMarker{{}, vary.names};
    if (!lookup_.marker || lookup_.marker->names != vary.names) {
      std::random_device random;
      for (unsigned char& byte : marker.salt) byte = static_cast<unsigned char>(random());
      marker_ = marker;
    }
    key_ = variantKey(primary_, marker, fields_);
  }
  tags_ = tagsOfSite(plan_.subject.site, cacheTags(head.fields));
  useUntil_ = usefulUntil(storing_, policy_);
  // The head's bytes are the connection's, and go with it.
  record_ = encodeResponse(storing_);
  if (auto decoded = decodeRecord(record_)) storing_ = std::move(std::get<StoredResponse>(*decoded));
  incoming_ = std::make_unique<IncomingBody>(store_->store().workFolder(), record_);
  return Course::kStore;
}

void RequestCache::grew() {
  if (incoming_ && leader_ && incoming_->isInFile()) leader_->grew();
}

void RequestCache::paused() {
  if (!incoming_ || !leader_) return;
  // Nobody wakes a leader for who comes while it waits: what has come of the body lies ready for them.
  if (incoming_->size() == 0 && !leader_->isFollowed()) return;
  if (!incoming_->isInFile() && !incoming_->moveToFile()) return giveUp();
  if (!std::exchange(isStreamed_, true)) leader_->stream(incoming_->path());
  leader_->grew();
}

void RequestCache::complete() {
  if (!incoming_) return;
  std::unique_ptr<IncomingBody> body = std::move(incoming_);
  if (!isAllOf(storing_, body->size()) || !body->finish()) return endFlight(FlightPhase::kFailed);
  storing_.bodyLength = body->size();
  if (plan_.counters) plan_.counters->noteStored(body->size());
  // Of a part, the whole may be what cannot be stored.
  if (!storing_.part) waiter_.child().hitForMiss->unmark(lookup_.key);
  if (marker_)
    putIn(*store_, primary_, {encodeVariants(*marker_), keyText_, {}, begun_, WallTime::max()},
          std::make_unique<IncomingBody>(store_->store().workFolder(), ""), [](bool) {});
  FlightLeader leader = std::exchange(leader_, nullptr);
  put(std::move(body), [leader](bool isStored) {
    if (leader) leader->end(isStored ? FlightPhase::kStored : FlightPhase::kFailed);
  });
}

void RequestCache::giveUp() {
  incoming_.reset();
  endFlight(FlightPhase::kFailed);
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
    ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_WARNING, 0, &request_,
                   "the cache's store \"%s\" did not remove what this request makes invalid: %s",
                   store_->name().c_str(), removed.error().detail.c_str());
  }
}

// What the backend has made invalid is gone from stores that take their time.
Task<Outcome> RequestCache::settle() {
  for (const Digest& key : std::exchange(forgotten_, {}))
    if (auto removed = co_await removeIn(*store_, key, waiter_); !removed) co_return std::move(removed.error());
  co_return Outcome{};
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
  if (auto settled = co_await settle(); !settled)
    ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_WARNING, 0, &request_, "%s",
                   settled.error().detail.c_str());
  const bool usesStored = failed ? !isToldOf && mayAnswerInsteadOf(*failed) : course_ == Course::kUseStored;
  if (!usesStored) co_return std::nullopt;
  isForwarded_ = true;
  const bool isFresh = lookup_.serving.ttl.count() >= 0;
  co_return co_await send(isFresh ? "revalidated" : "stale");
}

void RequestCache::addStatus(ResponseHead& head, bool isStored) const {
  if (mode_ == Mode::kOff) return;
  count(mode_ == Mode::kPass || reason_ == ForwardReason::kMethod ? &CacheCounters::passes : &CacheCounters::misses);
  CacheStatus status;
  status.cache = request_.server->server_hostname;
  status.forward = reason_;
  status.isStored = isStored;
  status.isCollapsed = isCollapsed_;
  std::string received;
  for (const HeaderField& field : head.fields)
    if (equalsIgnoringCase(field.name, "Cache-Status"))
      received.append(received.empty() ? "" : ", ").append(field.value);
  std::erase_if(head.fields, [](const HeaderField& field) { return equalsIgnoringCase(field.name, "Cache-Status"); });
  const std::string value = appendedCacheStatus(received, status);
  head.fields.push_back({"Cache-Status", apr_pstrmemdup(request_.pool, value.data(), value.size())});
}

bool RequestCache::makeNotModified(ResponseHead& head) const {
  StoredResponse response = storing_;
  response.fields = head.fields;
  if (evaluatePreconditions(message(), response) != Precondition::kNotModified) return false;
  head.fields = notModifiedFields(response);
  head.status = HTTP_NOT_MODIFIED;
  head.reason = "Not Modified";
  return true;
}

}  // namespace proxycommon
