// See http2_client.h.
#include "tests/integration/support/http2_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/integration/support/async_socket.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

constexpr std::int64_t kInitialRoom = 65'535;
constexpr std::size_t kLargestFrame = 16'384;
constexpr std::uint32_t kCancel = 8;

namespace type {
constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kHeaders = 1;
constexpr std::uint8_t kReset = 3;
constexpr std::uint8_t kSettings = 4;
constexpr std::uint8_t kPing = 6;
constexpr std::uint8_t kGoAway = 7;
constexpr std::uint8_t kWindowUpdate = 8;
}  // namespace type

namespace flag {
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kAcknowledged = 1;
constexpr std::uint8_t kEndHeaders = 4;
}  // namespace flag

namespace setting {
constexpr std::uint32_t kInitialWindow = 4;
constexpr std::uint32_t kExtendedConnect = 8;
}  // namespace setting

std::string bigEndian(std::uint32_t number, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xffU);
  return text;
}

std::uint32_t numberIn(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

// A length below 127 is one byte, and says that no Huffman code is used.
std::string plainText(const std::string& text) {
  if (text.size() >= 127) throw std::invalid_argument("too long for this encoder: " + text);
  return static_cast<char>(text.size()) + text;
}

std::string literalNeverIndexed(const std::string& name, const std::string& value) {
  return '\x10' + plainText(name) + plainText(value);
}

nghttp2_hd_inflater* makeInflater() {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  return inflater;
}

}  // namespace

Http2Fields http2Get(const std::string& path) {
  return {{":method", "GET"}, {":scheme", "https"}, {":path", path}, {":authority", "proxytest"}};
}

Http2Fields http2WebSocket(const std::string& path) {
  return {{":method", "CONNECT"}, {":protocol", "websocket"},  {":scheme", "https"},
          {":path", path},        {":authority", "proxytest"}, {"sec-websocket-version", "13"}};
}

Http2Client::Http2Client(int port)
    : socket_(connectTo(port)),
      tls_(SSL_new(makeTlsClientContext().get()), &SSL_free),
      inflater_(makeInflater(), &nghttp2_hd_inflate_del),
      room_(kInitialRoom),
      initialRoom_(kInitialRoom) {
  constexpr std::array<unsigned char, 3> kProtocols{2, 'h', '2'};
  const timeval limit{kPatience.count(), 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  SSL_set_fd(tls_.get(), socket_.get());
  SSL_set_alpn_protos(tls_.get(), kProtocols.data(), kProtocols.size());
  if (SSL_connect(tls_.get()) != 1) throw std::runtime_error("no TLS at port " + std::to_string(port));
  write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  sendFrame(type::kSettings, 0, 0, "");
  while (!hasSettings_) receive();
}

void Http2Client::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t count = 0;
    if (SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count) != 1) throw std::runtime_error("cannot send");
    bytes.remove_prefix(count);
  }
}

std::string Http2Client::read(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t done = 0; done < count;) {
    std::size_t part = 0;
    if (SSL_read_ex(tls_.get(), bytes.data() + done, count - done, &part) != 1)
      throw std::runtime_error("the rest of a frame does not come");
    done += part;
  }
  return bytes;
}

void Http2Client::sendFrame(std::uint8_t type, std::uint8_t flags, Stream stream, std::string_view payload) {
  write(bigEndian(static_cast<std::uint32_t>(payload.size()), 3) + bigEndian(type, 1) + bigEndian(flags, 1) +
        bigEndian(stream, 4) + std::string(payload));
}

void Http2Client::receive() {
  const std::string head = read(9);
  Frame frame{static_cast<std::uint8_t>(head[3]), static_cast<std::uint8_t>(head[4]),
              numberIn(std::string_view(head).substr(5)), read(numberIn(std::string_view(head).substr(0, 3)))};
  const bool acknowledges = (frame.flags & flag::kAcknowledged) != 0;
  if (frame.type == type::kSettings && !acknowledges) takeSettings(frame);
  if (frame.type == type::kPing && !acknowledges) sendFrame(type::kPing, flag::kAcknowledged, 0, frame.payload);
  if (frame.type == type::kWindowUpdate) takeRoom(frame);
  if (frame.type == type::kGoAway && numberIn(std::string_view(frame.payload).substr(4, 4)) != 0)
    throw std::runtime_error("the server gives the connection up: " + frame.payload.substr(8));
  if (frame.type == type::kHeaders) takeFields(frame);
  if (!streams_.contains(frame.stream)) return;
  State& state = streams_[frame.stream];
  if (frame.type == type::kData) takeData(frame);
  if (frame.type == type::kReset) state.wasReset = true;
  const bool mayEnd = frame.type == type::kData || frame.type == type::kHeaders;
  if (mayEnd && (frame.flags & flag::kEndStream) != 0) state.ended = true;
}

void Http2Client::takeSettings(const Frame& frame) {
  for (std::size_t place = 0; place + 6 <= frame.payload.size(); place += 6) {
    const std::string_view entry = std::string_view(frame.payload).substr(place, 6);
    const std::uint32_t value = numberIn(entry.substr(2));
    if (numberIn(entry.substr(0, 2)) == setting::kInitialWindow) initialRoom_ = value;
    if (numberIn(entry.substr(0, 2)) == setting::kExtendedConnect) mayAskForWebSockets_ = value == 1;
  }
  hasSettings_ = true;
  sendFrame(type::kSettings, flag::kAcknowledged, 0, "");
}

// Each block counts, for the decoder remembers.
void Http2Client::takeFields(const Frame& frame) {
  std::map<std::string, std::string> fields;
  std::string block = frame.payload;
  auto* next = reinterpret_cast<std::uint8_t*>(block.data());
  std::size_t left = block.size();
  while (true) {
    nghttp2_nv field{};
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, next, left, 1);
    if (used < 0) throw std::runtime_error("a head that cannot be decoded");
    next += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
      fields[{reinterpret_cast<char*>(field.name), field.namelen}] = {reinterpret_cast<char*>(field.value),
                                                                      field.valuelen};
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  const auto found = streams_.find(frame.stream);
  if (found == streams_.end()) return;
  const auto status = fields.find(":status");
  if (status == fields.end()) {
    found->second.trailers = std::move(fields);
  } else if (status->second.front() != '1') {
    found->second.status = std::stoi(status->second);
    found->second.head = std::move(fields);
  }
}

std::string Http2Client::header(Stream stream, const std::string& name) {
  return stateOf(stream).head[name];
}

std::string Http2Client::trailer(Stream stream, const std::string& name) {
  return stateOf(stream).trailers[name];
}

// What has come may come again.
void Http2Client::takeData(const Frame& frame) {
  if (frame.payload.empty()) return;
  stateOf(frame.stream).data += frame.payload;
  const std::string size = bigEndian(static_cast<std::uint32_t>(frame.payload.size()), 4);
  sendFrame(type::kWindowUpdate, 0, 0, size);
  if ((frame.flags & flag::kEndStream) == 0) sendFrame(type::kWindowUpdate, 0, frame.stream, size);
}

void Http2Client::takeRoom(const Frame& frame) {
  const std::uint32_t more = numberIn(frame.payload);
  if (frame.stream == 0) {
    room_ += more;
  } else if (streams_.contains(frame.stream)) {
    stateOf(frame.stream).room += more;
  }
}

Http2Client::State& Http2Client::stateOf(Stream stream) {
  return streams_.at(stream);
}

Http2Client::Stream Http2Client::request(const Http2Fields& fields) {
  return begin(fields, flag::kEndStream);
}

Http2Client::Stream Http2Client::open(const Http2Fields& fields) {
  return begin(fields, 0);
}

Http2Client::Stream Http2Client::begin(const Http2Fields& fields, std::uint8_t flags) {
  const Stream stream = std::exchange(nextStream_, nextStream_ + 2);
  streams_[stream].room = initialRoom_;
  std::string block;
  for (const auto& [name, value] : fields) block += literalNeverIndexed(name, value);
  sendFrame(type::kHeaders, flag::kEndHeaders | flags, stream, block);
  return stream;
}

void Http2Client::send(Stream stream, std::string_view bytes) {
  State& state = stateOf(stream);
  while (!bytes.empty()) {
    while (std::min(room_, state.room) <= 0) receive();
    const auto room = static_cast<std::size_t>(std::min(room_, state.room));
    const std::string_view piece = bytes.substr(0, std::min(room, kLargestFrame));
    sendFrame(type::kData, 0, stream, piece);
    room_ -= static_cast<std::int64_t>(piece.size());
    state.room -= static_cast<std::int64_t>(piece.size());
    bytes.remove_prefix(piece.size());
  }
}

void Http2Client::finishSending(Stream stream) {
  sendFrame(type::kData, flag::kEndStream, stream, "");
}

void Http2Client::reset(Stream stream) {
  sendFrame(type::kReset, 0, stream, bigEndian(kCancel, 4));
}

void Http2Client::close() {
  tls_.reset();
  socket_.close();
}

int Http2Client::readStatus(Stream stream) {
  State& state = stateOf(stream);
  while (state.status < 0) {
    if (state.wasReset) throw std::runtime_error("instead of a status came RST_STREAM");
    receive();
  }
  return state.status;
}

std::string Http2Client::readExactly(Stream stream, std::size_t count) {
  State& state = stateOf(stream);
  while (state.data.size() < count) {
    if (state.ended || state.wasReset) throw std::runtime_error("the stream ends after \"" + state.data + "\"");
    receive();
  }
  std::string taken = state.data.substr(0, count);
  state.data.erase(0, count);
  return taken;
}

bool Http2Client::readToEnd(Stream stream) {
  State& state = stateOf(stream);
  while (!state.ended && !state.wasReset) receive();
  return state.ended;
}

}  // namespace proxytest
