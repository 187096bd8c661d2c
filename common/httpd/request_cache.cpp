// One request and the cache: until the backend is asked, or need not be.
#include "common/httpd/request_cache.h"

#include <cstring>
#include <utility>

#include "common/base/text.h"
#include "common/cache/cache_control.h"
#include "common/cache/preconditions.h"
#include "common/cache/revalidation.h"
#include "common/cache/vary.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/followed_answer.h"
#include "common/httpd/stored_answer.h"

namespace proxycommon {
namespace {

constexpr milliseconds kCollapse{30'000};

}  // namespace

std::string siteOf(const request_rec& request) {
  const server_rec& server = *request.server;
  const apr_port_t port = server.port ? server.port : request.connection->local_addr->port;
  std::string site = std::string{server.server_hostname ? server.server_hostname : ""} + ":" + std::to_string(port);
  // One name may have a vhost for those inside and one for those outside.
  for (const server_addr_rec* address = server.addrs; server.is_virtual && address; address = address->next)
    if (!std::strchr("*_", address->virthost[0])) site.append("@").append(address->virthost);
  return site;
}

RequestCache::RequestCache(RequestWaiter& waiter, RequestCachePlan plan)
    : waiter_(waiter),
      request_(waiter.request()),
      plan_(std::move(plan)),
      policy_(plan_.config.policy()),
      fields_(plan_.choice.isOn ? requestFields(request_) : HeaderFields{}),
      flight_(waiter, plan_.config.collapse.valueOr(kCollapse), plan_.behind) {}

RequestCache::~RequestCache() = default;

CacheRequest RequestCache::message() const {
  return {request_.method, plan_.subject.scheme, plan_.subject.host, plan_.subject.target, fields_, {}, plan_.isOfUser};
}

// Whether there is a cache for it.
bool RequestCache::begin() {
  if (!plan_.choice.isOn || isErrorPage(request_)) return false;
  store_ = findStore(waiter_.child(), plan_.choice.store);
  if (!store_ || !waiter_.child().flights) return false;
  if (plan_.counters) plan_.counters->noteUsed();
  keyText_ = plan_.subject.keyText();
  primary_ = digestOf(keyText_);
  lookup_.key = primary_;
  mode_ = Mode::kPass;
  return true;
}

Task<std::optional<int>> RequestCache::answer() {
  if (!begin()) co_return std::nullopt;
  if (!isForStore()) {
    note("pass");
    co_return std::nullopt;
  }
  isSkipped_ = isKnownToBeAbsent();
  if (isSkipped_) mode_ = Mode::kFetch;
  Turn turn = isSkipped_ ? Turn::kAsk : Turn::kAgain;
  while (turn == Turn::kAgain) turn = co_await look();
  if (turn == Turn::kAnswered) co_return answered_;
  isCollapsed_ = false;
  if (isOnlyIfCached(message())) {
    flight_.end(FlightPhase::kFailed);
    note("miss");
    co_return HTTP_GATEWAY_TIME_OUT;
  }
  note(mode_ == Mode::kPass ? "pass" : "miss");
  co_return std::nullopt;
}

// Whether the store is asked for it; else reason_ says why not.
bool RequestCache::isForStore() {
  const bool isRead = request_.method_number == M_GET && mayLookUp(message());  // HEAD too
  const BodyFraming body = requestFraming(request_);
  // What a body means to a GET the backend alone knows: it is no part of the key (RFC 9110 9.3.1).
  const bool hasBody = body.kind == BodyFraming::Kind::kChunked || body.length > 0;
  if (plan_.mayBecomeTunnel || (isRead && hasBody)) {
    reason_ = ForwardReason::kBypass;
  } else if (!isRead) {
    reason_ = ForwardReason::kMethod;
    // A POST may be stored for later (RFC 9110 9.3.3), by what its response says.
    if (request_.method_number == M_POST) mode_ = Mode::kFetch;
  } else if (isForOrigin(message())) {
    reason_ = ForwardReason::kRequest;
  } else {
    return true;
  }
  return false;
}

// Whether it would look, and wait for another, in vain: then it goes at once.
bool RequestCache::isKnownToBeAbsent() const {
  return !plan_.behind && !isOnlyIfCached(message()) && waiter_.child().hitForMiss->find(primary_) == Miss::kAbsent;
}

Task<RequestCache::Turn> RequestCache::look() {
  const std::uint32_t stored = waiter_.child().hitForMiss->timesStored(primary_);
  lookup_ = co_await lookUp(*store_, primary_, message(), policy_, waiter_);
  absentSince_ = lookup_.isEmpty ? std::optional(stored) : std::nullopt;
  begun_ = wallNow();
  const Verdict verdict = lookup_.has() ? lookup_.serving.verdict : Verdict::kUnusable;
  const bool isServed = verdict == Verdict::kFresh || verdict == Verdict::kStale ||
                        (verdict == Verdict::kStaleWhileRevalidate && plan_.revalidate && !plan_.behind);
  if (isServed) {
    // Somebody else was quicker.
    flight_.end(FlightPhase::kStored);
    if (verdict == Verdict::kStaleWhileRevalidate) revalidateBehind();
    answered_ = co_await send(verdict == Verdict::kFresh ? (isCollapsed_ ? "collapsed" : "hit") : "stale");
    co_return Turn::kAnswered;
  }
  if (lookup_.has()) reason_ = forwardReason(lookup_.serving.reason);
  if (!lookup_.has()) reason_ = lookup_.marker ? ForwardReason::kVaryMiss : ForwardReason::kUriMiss;
  const bool mayRevalidate = lookup_.has() &&
                             (verdict == Verdict::kRevalidate || verdict == Verdict::kStaleWhileRevalidate) &&
                             hasValidator(lookup_.stored.fields);
  mode_ = mayRevalidate ? Mode::kRevalidate : Mode::kFetch;
  // Variants, since it has boarded: it is none of theirs that it leads.
  if (flight_.leads() && !plan_.behind && flight_.key() != lookup_.key) flight_.end(FlightPhase::kStored);
  if (flight_.leads() || isOnlyIfCached(message()) || !mayCollapse()) co_return Turn::kAsk;
  co_return co_await board();
}

// Whether others may wait for what this one asks, and it for others.
bool RequestCache::mayCollapse() const {
  const CacheControl asked = requestControl(fields_);
  // The one is not to be shared, the other is not served by what another has asked for.
  if (asked.noStore || asked.noCache) return false;
  // What has to be asked about for each one, and what was waited for and does not do.
  if (lookup_.has() && (isCollapsed_ || lookup_.serving.reason == ServingReason::kNoCache)) return false;
  return flight_.mayBoard() && !request_.header_only && !isAuthorized(message()) && !findField(fields_, "Range") &&
         !waiter_.child().hitForMiss->isMarked(lookup_.key) &&
         // What is not stored is asked for by each who has waited for it.
         store_->breaker().rest(Clock::now()) == milliseconds{0};
}

Task<RequestCache::Turn> RequestCache::board() {
  switch (flight_.board(lookup_.key)) {
    case RequestFlight::Seat::kAlone:
      co_return Turn::kAsk;
    case RequestFlight::Seat::kLeads:
      // It may have been stored between the look and this.
      co_return Turn::kAgain;
    case RequestFlight::Seat::kFollows:
      break;
  }
  isCollapsed_ = true;
  const Turn turn = co_await wait();
  flight_.leave();
  co_return turn;
}

Task<RequestCache::Turn> RequestCache::wait() {
  auto news = co_await flight_.wait();
  if (!news && news.error().kind == ErrorKind::kClientGone) {
    answered_ = answerError(request_, plan_.moduleIndex, "the cache", news.error(), nullptr);
    co_return Turn::kAnswered;
  }
  if (!news) {
    // Whatever keeps the first one: nobody else waits so long behind it.
    remember(lookup_.key, false);
    co_return Turn::kAsk;
  }
  switch (*news) {
    case RequestFlight::News::kLeads:
    case RequestFlight::News::kStored:
      break;
    case RequestFlight::News::kStreams:
      co_return co_await follow();
    case RequestFlight::News::kAlone:
      co_return Turn::kAsk;
    case RequestFlight::News::kFailed:
      co_return co_await recover();
  }
  co_return Turn::kAgain;
}

// Whom it has waited for has brought nothing, as a rule since the backend has failed.
Task<RequestCache::Turn> RequestCache::recover() {
  if (mayAnswerInstead(false)) {
    answered_ = co_await send("stale");
    co_return Turn::kAnswered;
  }
  // Once more one goes for all: a backend that is in trouble is not helped by all of them at once.
  if (std::exchange(hasRecovered_, true)) co_return Turn::kAsk;
  isCollapsed_ = false;
  co_return Turn::kAgain;
}

Task<RequestCache::Turn> RequestCache::follow() {
  FollowedBody body = flight_.takeBody();
  const std::string record = body.record();
  auto decoded = decodeRecord(record);
  if (!decoded || !std::holds_alternative<StoredResponse>(*decoded)) co_return Turn::kAsk;
  StoredResponse& stored = std::get<StoredResponse>(*decoded);
  // Its record was made before its body came.
  if (const HeaderField* length = findField(stored.fields, "Content-Length"))
    stored.bodyLength = parseNumber(length->value, UINT64_MAX).value_or(0);
  const Serving serving = judge(message(), stored, policy_, wallNow());
  // Another variant; of its own the store tells.
  if (serving.reason == ServingReason::kVary) co_return Turn::kAgain;
  // What may go out while it is revalidated was so a moment ago.
  if (serving.verdict != Verdict::kFresh && serving.verdict != Verdict::kStaleWhileRevalidate) co_return Turn::kAsk;
  const auto key = flight_.key().brief();
  CacheStatus status;
  status.cache = request_.server->server_hostname;
  status.forward = reason_;
  status.isCollapsed = true;
  status.ttl = serving.ttl;
  status.key = {key.data(), key.size()};
  const StoredAnswerPlan answer{message(), plan_.edit, std::to_string(serving.age.count()), cacheStatusValue(status)};
  count(&CacheCounters::collapsed);
  note("collapsed");
  answered_ =
      co_await sendFollowed(request_, flight_.follower(), std::move(body), stored, answer, waiter_, plan_.moduleIndex);
  co_return Turn::kAnswered;
}

Task<int> RequestCache::send(std::string_view word) {
  const Serving& serving = lookup_.serving;
  const auto key = lookup_.key.brief();
  CacheStatus status;
  status.cache = request_.server->server_hostname;
  status.isHit = !isForwarded_ && !isCollapsed_;
  if (!status.isHit) status.forward = reason_;
  if (isForwarded_ && backendStatus_ != 0) status.forwardStatus = backendStatus_;
  status.isCollapsed = isCollapsed_;
  status.ttl = serving.ttl;
  status.key = {key.data(), key.size()};
  count(word == "stale"         ? &CacheCounters::stale
        : word == "revalidated" ? &CacheCounters::revalidated
        : word == "collapsed"   ? &CacheCounters::collapsed
                                : &CacheCounters::hits);
  note(word);
  const StoredAnswerPlan answer{message(), plan_.edit, std::to_string(serving.age.count()), cacheStatusValue(status)};
  auto sent = co_await sendStored(request_, *lookup_.entry, lookup_.stored, answer, waiter_);
  if (sent) co_return OK;
  co_return answerError(request_, plan_.moduleIndex, "the cache", sent.error(), nullptr);
}

// One of all who meet it, the others go on with what is there.
void RequestCache::revalidateBehind() {
  auto boarding = waiter_.child().flights->board(lookup_.key, [] {});
  if (boarding.leader) plan_.revalidate(std::move(boarding.leader));
}

void RequestCache::editRequest(HeaderFields& fields) {
  makeConditions(fields);
  if (mode_ == Mode::kFetch || mode_ == Mode::kRevalidate) sent_ = fields;
}

void RequestCache::makeConditions(HeaderFields& fields) const {
  if (mode_ == Mode::kRevalidate) {
    fields = conditionalFields(fields, lookup_.stored);
    return;
  }
  if (mode_ != Mode::kFetch || (!isAskedAgain_ && !bringsWhole())) return;
  // It is to bring the response itself: the client's conditions are judged here (RFC 9111 4.3.2).
  std::erase_if(fields, [this](const HeaderField& field) {
    const bool isOfRange = equalsIgnoringCase(field.name, "Range") || equalsIgnoringCase(field.name, "If-Range");
    return (plan_.behind && isOfRange) || equalsIgnoringCase(field.name, "If-None-Match") ||
           equalsIgnoringCase(field.name, "If-Modified-Since");
  });
}

// Whether what comes is likely to be stored.
bool RequestCache::bringsWhole() const {
  // Behind an answer, what part of it the client has wanted does not matter.
  return request_.method_number == M_GET && !request_.header_only && (plan_.behind || !findField(fields_, "Range")) &&
         !isAuthorized(message()) && !requestControl(fields_).noStore &&
         (flight_.leads() || !waiter_.child().hitForMiss->isMarked(lookup_.key));
}

void RequestCache::note(std::string_view word) const {
  apr_table_setn(request_.notes, plan_.note, apr_pstrmemdup(request_.pool, word.data(), word.size()));
}

void RequestCache::count(std::atomic<std::uint64_t> CacheCounters::*counter) const {
  if (plan_.counters && !plan_.behind) (plan_.counters->*counter).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace proxycommon
