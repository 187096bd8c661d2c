// See h2_server.h.
#include "tests/unit/support/h2_server.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace proxytest {
namespace {

using Frame = const nghttp2_frame*;
using Bytes = const std::uint8_t*;

std::string textOf(Bytes bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

std::vector<nghttp2_nv> entriesOf(const H2Fields& fields) {
  std::vector<nghttp2_nv> entries;
  const auto bytes = [](const std::string& text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  for (const auto& [name, value] : fields)
    entries.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return entries;
}

H2Server& serverOf(void* user) {
  return *static_cast<H2Server*>(user);
}

}  // namespace

nghttp2_session_callbacks* H2Server::makeCallbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, Frame frame, Bytes name, std::size_t nameLength, Bytes value,
                    std::size_t valueLength, std::uint8_t, void* user) {
        Request& request = serverOf(user).requests[frame->hd.stream_id];
        const bool isTrailer = frame->headers.cat == NGHTTP2_HCAT_HEADERS;
        (isTrailer ? request.trailers : request.fields)[textOf(name, nameLength)] = textOf(value, valueLength);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks,
      [](nghttp2_session* session, std::uint8_t, std::int32_t stream, Bytes bytes, std::size_t length, void* user) {
        serverOf(user).requests[stream].body += textOf(bytes, length);
        return serverOf(user).takesBodies_ ? nghttp2_session_consume(session, stream, length) : 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, Frame frame, void* user) {
    H2Server& server = serverOf(user);
    if (frame->hd.type == NGHTTP2_GOAWAY) server.sawGoAway = true;
    if (frame->hd.type == NGHTTP2_RST_STREAM)
      server.requests[frame->hd.stream_id].resetBy = frame->rst_stream.error_code;
    const bool mayEnd = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (mayEnd && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) server.requests[frame->hd.stream_id].ended = true;
    return 0;
  });
  return callbacks;
}

H2Server::H2Server(std::uint32_t streams) {
  nghttp2_session_callbacks* callbacks = makeCallbacks();
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_send_header_block_length(options, 1'000'000);
  nghttp2_session_server_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &settings, 1);
}

H2Server::~H2Server() {
  nghttp2_session_del(session_);
}

void H2Server::feed(std::string_view bytes) {
  if (nghttp2_session_mem_recv(session_, reinterpret_cast<Bytes>(bytes.data()), bytes.size()) < 0)
    throw std::runtime_error("the client breaks the rules of HTTP/2");
}

std::string H2Server::output() {
  std::string all;
  Bytes bytes = nullptr;
  for (ssize_t length = 0; (length = nghttp2_session_mem_send(session_, &bytes)) > 0;)
    all += textOf(bytes, static_cast<std::size_t>(length));
  return all;
}

void H2Server::respond(std::int32_t stream, Response response) {
  Sending& sending = sending_[stream] = {std::move(response), 0};
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) -> ssize_t {
    Sending& one = static_cast<H2Server*>(source->ptr)->sending_.at(id);
    const std::size_t size = std::min(room, one.response.body.size() - one.sent);
    std::memcpy(into, one.response.body.data() + one.sent, size);
    one.sent += size;
    if (one.sent < one.response.body.size()) return static_cast<ssize_t>(size);
    if (!one.response.ends) return size > 0 ? static_cast<ssize_t>(size) : static_cast<ssize_t>(NGHTTP2_ERR_DEFERRED);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!one.response.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto entries = entriesOf(one.response.trailers);
      nghttp2_submit_trailer(session, id, entries.data(), entries.size());
    }
    return static_cast<ssize_t>(size);
  };
  const auto entries = entriesOf(sending.response.fields);
  nghttp2_submit_response(session_, stream, entries.data(), entries.size(), &body);
}

void H2Server::sendHead(std::int32_t stream, H2Fields fields, bool ends) {
  const auto entries = entriesOf(fields);
  nghttp2_submit_headers(session_, ends ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, stream, nullptr, entries.data(),
                         entries.size(), nullptr);
}

void H2Server::reset(std::int32_t stream, std::uint32_t code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code);
}

void H2Server::goAway(std::int32_t lastStream, std::uint32_t code) {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, lastStream, code, nullptr, 0);
}

proxycommon::Outcome talk(proxycommon::H2Session& session, H2Server& server) {
  while (true) {
    std::string toServer;
    if (auto made = session.output(toServer, 1'000'000); !made) return made;
    server.feed(toServer);
    const std::string toClient = server.output();
    if (toServer.empty() && toClient.empty()) return {};
    if (auto fed = session.feed(toClient); !fed) return fed;
  }
}

}  // namespace proxytest
