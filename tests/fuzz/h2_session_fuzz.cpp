// Whatever a backend sends on a connection of HTTP/2: each stream hears its story in order and to an end, and of no
// more than has come.
#include "common/http/h2_session.h"

#include <cstring>
#include <utility>
#include <vector>

#include "common/http/header_rules.h"
#include "tests/fuzz/require.h"

namespace {

using namespace proxycommon;
using namespace std::string_view_literals;

class Heard final : public H2StreamEvents {
 public:
  std::size_t body = 0;
  std::size_t untold = 0;  // of the body, to consumed()
  bool isOver = false;
  bool mayHear = true;

  void onHead(const ResponseHead& head, bool ends) override {
    requireBefore(Part::kBody);
    REQUIRE(head.status >= 100 && head.status <= 999 && head.status != 101);
    REQUIRE(!ends || !head.isInterim());
    requireHarmless(head.fields);
    if (!head.isInterim()) part_ = ends ? Part::kEnd : Part::kBody;
  }
  void onBody(std::span<const char> bytes) override {
    requireBefore(Part::kEnd);
    REQUIRE(part_ == Part::kBody);
    body += bytes.size();
    untold += bytes.size();
  }
  void onTrailers(const HeaderFields& fields) override {
    requireBefore(Part::kEnd);
    REQUIRE(part_ == Part::kBody);
    requireHarmless(fields);
    for (const HeaderField& field : fields) REQUIRE(isTrailer(field.name));
    part_ = Part::kEnd;
  }
  void onEnd() override {
    requireBefore(Part::kNothing);
    REQUIRE(part_ != Part::kHead);
    part_ = Part::kNothing;
    isOver = true;
  }
  void onFailed(Error error) override {
    requireBefore(Part::kNothing);
    REQUIRE((error.seen == Seen::kRan) == (part_ != Part::kHead));
    REQUIRE(!error.detail.empty() && isFieldValue(error.detail));
    part_ = Part::kNothing;
    isOver = true;
  }
  H2BodyPart takeBody(std::span<char> into) override {
    REQUIRE(mayHear);
    using State = H2BodyPart::State;
    if (++asked_ % 3 == 2) return {State::kNotYet, 0};
    const std::size_t size = std::min<std::size_t>(into.size(), 10);
    std::memset(into.data(), 'x', size);
    return {asked_ % 3 == 0 ? State::kEnd : State::kMore, size};
  }
  H2Fields takeTrailers() override { return {{"a", "b"}}; }

 private:
  enum class Part { kHead, kBody, kEnd, kNothing };  // what comes next at the earliest

  void requireBefore(Part part) const { REQUIRE(mayHear && part_ < part); }
  static void requireHarmless(const HeaderFields& fields) {
    for (const HeaderField& field : fields) REQUIRE(isToken(field.name) && isFieldValue(field.value));
  }

  Part part_ = Part::kHead;
  int asked_ = 0;
};

std::string frame(std::string_view payload, std::uint8_t type, std::uint8_t flags, std::uint8_t stream) {
  const char head[] = {0,
                       static_cast<char>(payload.size() >> 8),
                       static_cast<char>(payload.size()),
                       static_cast<char>(type),
                       static_cast<char>(flags),
                       0,
                       0,
                       0,
                       static_cast<char>(stream)};
  return std::string(head, sizeof head).append(payload);
}

// What a frame begins with, so that whole responses come about; each entry in the way of RFC 7541.
struct Beginning {
  std::uint8_t type;
  std::string_view payload;
};
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kEndHeaders = 4;
constexpr Beginning kBeginnings[] = {
    {0, ""},                             // DATA
    {3, "\0\0\0\x07"sv},                 // RST_STREAM: REFUSED_STREAM
    {3, "\0\0\0\x02"sv},                 // INTERNAL_ERROR
    {7, "\0\0\0\x01\0\0\0\x01"sv},       // GOAWAY: nothing behind the first stream, PROTOCOL_ERROR
    {kHeaders, "\x88"},                  // :status: 200
    {kHeaders, "\x88\x0f\x0d\x01\x33"},  // and Content-Length: 3
    {kHeaders, "\x08\x03\x31\x30\x33"},  // :status: 103
    {kHeaders, "\x10\x01z\x01z"},        // z: z, as in trailers
    {kHeaders, "\x10\x04host\x01z"},     // none that may stand there
};

// Frames that are well formed, each as four bytes say and the payload behind them; what is in them is anything.
std::string framed(std::string_view bytes) {
  static constexpr std::uint8_t kStreams[] = {1, 3, 0, 2};
  std::string frames;
  while (bytes.size() >= 4) {
    const auto byte = [bytes](std::size_t place) { return static_cast<std::uint8_t>(bytes[place]); };
    const std::size_t kind = byte(0) % 16;
    const Beginning begun = kind < std::size(kBeginnings) ? kBeginnings[kind] : Beginning{byte(0), ""};
    const std::string_view payload = bytes.substr(4, byte(3) % 64);
    const auto flags = static_cast<std::uint8_t>(byte(1) < 128 ? byte(1) % 2 | kEndHeaders : byte(1));
    frames += frame(std::string{begun.payload}.append(payload), begun.type, flags, kStreams[byte(2) % 4]);
    bytes.remove_prefix(4 + payload.size());
  }
  return frames;
}

H2Request request(bool hasBody) {
  H2Request made{{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}, {}, {8, 400}};
  if (hasBody) made.framing.kind = BodyFraming::Kind::kChunked;
  return made;
}

bool flush(H2Session& session) {
  std::string out;
  return session.output(out, 64 * 1024) && !session.isOver();
}

// The bytes in pieces, as a connection feeds them. False: it has ended.
bool feedAll(H2Session& session, std::string_view bytes, std::size_t pieceSize, auto afterEach) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(pieceSize, bytes.size()))) {
    if (!session.feed(bytes.substr(0, pieceSize)) || !flush(session)) return false;
    afterEach();
  }
  return true;
}

}  // namespace

// The first byte says what the streams are and how the rest comes: as frames or as it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto has = [how = data[0]](int bit) { return ((how >> bit) & 1) != 0; };
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (has(0)) bytes = framed(bytes);
  H2Session session;
  REQUIRE(flush(session) && session.feed(frame("", 4, 0, 0)) && flush(session) && session.freeStreams() > 1);
  std::vector<std::shared_ptr<Heard>> streams;
  std::vector<H2Session::Stream> ids;
  for (int count = 0; count < (has(1) ? 2 : 1); ++count) {
    streams.push_back(std::make_shared<Heard>());
    ids.push_back(*session.open(request(has(2)), streams.back()));
  }
  if (has(3)) REQUIRE(flush(session));
  feedAll(session, bytes, has(4) ? 7 : bytes.size(), [&] {
    for (std::size_t place = 0; has(5) && place < ids.size(); ++place)
      session.consumed(ids[place], std::exchange(streams[place]->untold, 0));
    session.bodyIsReady(ids.front());
    if (has(7)) session.ping();
    if (!has(6)) return;
    session.cancel(ids.back());
    streams.back()->mayHear = false;
  });
  if (has(7)) session.close();
  const std::string why = session.endOf().detail;
  REQUIRE(!why.empty() && isFieldValue(why));
  session.lost(why);
  std::size_t heard = 0;
  for (const auto& stream : streams) {
    REQUIRE(stream->isOver || !stream->mayHear);
    heard += stream->body;
  }
  REQUIRE(heard <= bytes.size() && session.openStreams() == 0 && !session.takesStreams());
  return 0;
}
