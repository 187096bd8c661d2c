// One request on a connection that many share.
#include "common/http/h2_stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proxycommon {
namespace {

// A peer is told of its room in steps: each costs a message between threads, and a frame.
constexpr std::size_t kWorthTelling = H2Session::kStreamWindow / 4;

}  // namespace

H2Message::H2Message(int status, const HeaderFields& fields) : status_(status) {
  fields_.reserve(fields.size());
  for (const HeaderField& field : fields) fields_.push_back({std::string{field.name}, std::string{field.value}});
}

ResponseHead H2Message::head() const {
  ResponseHead head;
  head.status = status_;
  head.version = 20;
  for (const H2Field& field : fields_) head.fields.push_back({field.name, field.value});
  return head;
}

// The request hears once of all that comes before it looks.
template <class Change>
void H2Stream::tell(Change change) {
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.left) return;
    change();
    if (std::exchange(told_, true)) return;
  }
  wake_();
}

template <class Change>
void H2Stream::ask(Change change) {
  {
    const std::lock_guard lock(mutex_);
    if (!change() || std::exchange(asked_, true)) return;
  }
  attention_(shared_from_this());
}

void H2Stream::take(News& news) {
  news.body.clear();
  const std::lock_guard lock(mutex_);
  if (news_.isOpen && !news.isOpen) news.place = news_.place;
  news.isOpen = news_.isOpen;
  news.heads = std::exchange(news_.heads, {});
  std::swap(news.body, news_.body);
  news.trailers = std::exchange(news_.trailers, {});
  news.ended = news_.ended;
  news.error = news_.error;
  news.sent = std::exchange(news_.sent, false);
  told_ = false;
}

std::size_t H2Stream::room() {
  const std::lock_guard lock(mutex_);
  const std::size_t room = kOutbound - std::min(kOutbound, outbound_.size() - outboundTaken_);
  roomIsWanted_ = room == 0;
  return room;
}

void H2Stream::add(std::span<const char> bytes) {
  ask([&] {
    outbound_.erase(0, std::exchange(outboundTaken_, 0));
    outbound_.append(bytes.data(), bytes.size());
    return tasks_.bodyIsReady = true;
  });
}

void H2Stream::finishBody(H2Fields trailers) {
  ask([&] {
    requestTrailers_ = std::move(trailers);
    bodyIsWhole_ = true;
    return tasks_.bodyIsReady = true;
  });
}

void H2Stream::consumed(std::size_t bytes) {
  ask([&] {
    tasks_.consumed += bytes;
    return tasks_.consumed >= kWorthTelling;
  });
}

void H2Stream::leave() {
  ask([&] {
    news_ = {};
    outbound_ = {};
    roomIsWanted_ = false;
    outboundTaken_ = 0;
    return tasks_.left = true;
  });
}

H2Stream::Tasks H2Stream::settle() {
  const std::lock_guard lock(mutex_);
  asked_ = false;
  const Tasks tasks = tasks_;
  tasks_ = {tasks.left, false, 0};
  return tasks;
}

bool H2Stream::isLeft() const {
  const std::lock_guard lock(mutex_);
  return tasks_.left;
}

void H2Stream::setPlace(std::weak_ptr<H2Connection> connection, H2Session::Stream id, H2Place place) {
  connection_ = std::move(connection);
  id_ = id;
  tell([&] {
    news_.isOpen = true;
    news_.place = std::move(place);
  });
}

// Both at once: the request must be able to see that nothing comes behind.
void H2Stream::onHead(const ResponseHead& head, bool ends) {
  tell([&] {
    news_.heads.emplace_back(head.status, head.fields);
    news_.ended = ends;
  });
}

void H2Stream::onBody(std::span<const char> bytes) {
  tell([&] { news_.body.append(bytes.data(), bytes.size()); });
}

void H2Stream::onTrailers(const HeaderFields& fields) {
  tell([&] { news_.trailers.emplace(0, fields); });
}

void H2Stream::onEnd() {
  tell([&] { news_.ended = true; });
}

void H2Stream::onFailed(Error error) {
  tell([&] { news_.error = std::move(error); });
}

H2BodyPart H2Stream::takeBody(std::span<char> into) {
  H2BodyPart part;
  bool makesRoom = false;
  {
    const std::lock_guard lock(mutex_);
    part.bytes = std::min(into.size(), outbound_.size() - outboundTaken_);
    std::memcpy(into.data(), outbound_.data() + outboundTaken_, part.bytes);
    outboundTaken_ += part.bytes;
    const std::size_t left = outbound_.size() - outboundTaken_;
    if (left == 0) {
      outbound_.clear();
      outboundTaken_ = 0;
    }
    using State = H2BodyPart::State;
    part.state = left > 0 ? State::kMore : bodyIsWhole_ ? State::kEnd : State::kNotYet;
    news_.sent = news_.sent || part.bytes > 0;
    makesRoom = roomIsWanted_ && left <= kOutbound / 2;
    roomIsWanted_ = roomIsWanted_ && !makesRoom;
  }
  // Even if it has not looked at what it was woken for before: its client may be in no hurry to read.
  if (makesRoom) wake_();
  return part;
}

H2Fields H2Stream::takeTrailers() {
  const std::lock_guard lock(mutex_);
  return std::move(requestTrailers_);
}

}  // namespace proxycommon
