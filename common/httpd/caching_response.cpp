// A response for two.
#include "common/httpd/caching_response.h"

#include <utility>

namespace proxycommon {

using Course = RequestCache::Course;

namespace {

// Of a client that reads slowly, until there is a file for the body.
constexpr std::uint64_t kHeldAtFirst = 2 * IncomingBody::kInMemory;
// Of a body that may turn out to be too much for the store: then the backend waits until the client has taken all that.
constexpr std::uint64_t kHeldUnsure = 16 * 1024 * 1024;

}  // namespace

CachingResponse::CachingResponse(ClientResponse& client, RequestCache& cache, RequestWaiter& waiter,
                                 ClientResponse::HeadEditor edit)
    : client_(client), cache_(cache), waiter_(waiter), edit_(std::move(edit)) {}

CachingResponse::~CachingResponse() = default;

// What goes wrong at the client is of no matter to what is stored.
Outcome CachingResponse::told(Outcome outcome) {
  if (outcome || !cache_.incoming()) return outcome;
  isLeft_ = true;
  passes_ = false;
  return {};
}

Outcome CachingResponse::head(ResponseHead& head, bool requestIsComplete) {
  const HeaderFields received = head.fields;
  if (edit_)
    if (auto edited = edit_(head); !edited) return edited;
  auto course = cache_.take(received, head);
  if (!course) return std::move(course.error());
  course_ = *course;
  passes_ = course_ != Course::kUseStored && course_ != Course::kAskAgain;
  if (!passes_) return {};
  waiter_.outliveClient(course_ == Course::kStore);
  if (course_ != Course::kStore && waiter_.hasLostClient())
    return failure(ErrorKind::kClientGone, "the client has closed its connection");
  if (course_ == Course::kStore && cache_.incoming()) client_.holdAtLeast(kHeldAtFirst);
  hasLength_ = findField(received, "Content-Length") != nullptr;
  if (course_ == Course::kStore && cache_.makeNotModified(head)) passes_ = false;
  cache_.addStatus(head, course_ == Course::kStore);
  return told(client_.head(head, requestIsComplete));
}

Outcome CachingResponse::body(std::span<const char> bytes) {
  if (cache_.incoming()) keep(bytes);
  if (isLeft_ && !cache_.incoming()) return failure(ErrorKind::kClientGone, "the client has closed its connection");
  if (auto placed = placeHeld(); !placed) return placed;
  return passes_ ? told(client_.body(bytes)) : Outcome{};
}

void CachingResponse::keep(std::span<const char> bytes) {
  if (!cache_.incoming()->append(bytes))
    cache_.giveUp();
  else if (cache_.incoming()->size() > cache_.mostBody())
    cache_.outgrow();
}

// A client that reads slowly reads what is being stored: those who follow, and the store, need not wait for it.
Outcome CachingResponse::placeHeld() {
  const IncomingBody* incoming = cache_.incoming();
  if (!incoming && client_.isHeldInFile()) return client_.holdApart();
  if (incoming && incoming->isInFile() && client_.keepsBack() && !client_.isHeldInFile())
    client_.holdIn(incoming->descriptor(), incoming->bodyOffset(), hasLength_ ? UINT64_MAX : kHeldUnsure);
  return {};
}

Outcome CachingResponse::trailers(const HeaderFields& fields) {
  return passes_ ? told(client_.trailers(fields)) : Outcome{};
}

Outcome CachingResponse::push() {
  cache_.grew();
  return passes_ ? told(client_.push()) : Outcome{};
}

Outcome CachingResponse::flush() {
  cache_.paused();
  return passes_ ? told(client_.flush()) : Outcome{};
}

Outcome CachingResponse::switched(ResponseHead& head) {
  if (edit_)
    if (auto edited = edit_(head); !edited) return edited;
  return client_.switched(head);
}

Result<bool> CachingResponse::isFull() {
  if (waiter_.hasLostClient()) isLeft_ = true;
  if (isLeft_) passes_ = false;
  if (!passes_) return false;
  auto full = client_.isFull();
  if (full || !cache_.incoming()) return full;
  isLeft_ = true;
  passes_ = false;
  return false;
}

Outcome CachingResponse::finish() {
  if (isLeft_) return failure(ErrorKind::kClientGone, "the client has closed its connection");
  if (course_ == Course::kUseStored || course_ == Course::kAskAgain) return {};
  return client_.finish();
}

}  // namespace proxycommon
