// A row of the table of hostile backends: what a backend sends, and what the client must get for it. What is right is
// said by RFC 9110 and RFC 9112, and by docs/directives.md where these leave a choice; never by what the code does.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proxytest {

// In what is refused, where it can stand: it must not reach the client.
inline constexpr const char* kSecret = "leak";

struct HostileRow {
  enum class Verdict {
    kWhole,    // the response below, the client's connection stays open
    kRefused,  // 502 or 504 and nothing of the response, the client's connection stays open
    kBroken,   // begun and visibly not complete, the client's connection is closed
  };
  enum class Ending { kStaysOpen, kCloses, kResets };

  std::string name;
  std::string bytes;  // the backend's answer
  Verdict verdict = Verdict::kRefused;
  int status = 502;
  std::string body{};  // of kWhole: all of it; of kBroken: what must have come before
  // Whether the next request takes the same connection to the backend.
  bool reused = false;
  Ending ending = Ending::kStaysOpen;
  std::string method = "GET";

  // Sent when the client has the response's head; with `late`, when it has all of the response. Then comes the ending.
  std::optional<std::string> then{};
  bool late = false;
  // Sent behind `bytes` until the proxy closes, one each `pace`.
  std::string endless{};
  std::chrono::milliseconds pace{0};
  // Asked for through the mapping whose backend has one second.
  bool hasty = false;

  // The word in the error log of what is not whole; none where any may be right.
  std::string word{};
  // What the client must have been told: a field and its value, and the interim responses in front.
  std::pair<std::string, std::string> field{};
  std::vector<int> interim{};
  std::string statusLine{};
};

// Responses of which nothing may reach the client.
inline HostileRow refused(std::string name, std::string bytes, std::string word = "malformed-response") {
  return {.name = std::move(name), .bytes = std::move(bytes), .word = std::move(word)};
}
inline HostileRow refusedAndClosed(std::string name, std::string bytes, std::string word = "malformed-response") {
  HostileRow row = refused(std::move(name), std::move(bytes), std::move(word));
  row.ending = HostileRow::Ending::kCloses;
  return row;
}

// Responses that are good, though perhaps the connection is not any more.
inline HostileRow whole(std::string name, std::string bytes, std::string body, bool reused) {
  return {.name = std::move(name),
          .bytes = std::move(bytes),
          .verdict = HostileRow::Verdict::kWhole,
          .status = 200,
          .body = std::move(body),
          .reused = reused};
}

// Responses that turn bad when the client has their head and `body`.
inline HostileRow broken(std::string name, std::string bytes, std::string body, std::string then,
                         std::string word = "broken-body") {
  return {.name = std::move(name),
          .bytes = std::move(bytes),
          .verdict = HostileRow::Verdict::kBroken,
          .status = 200,
          .body = std::move(body),
          .then = std::move(then),
          .word = std::move(word)};
}

std::vector<HostileRow> statusLineRows();
std::vector<HostileRow> interimRows();
std::vector<HostileRow> fieldRows();
std::vector<HostileRow> headSizeRows();
std::vector<HostileRow> lengthRows();
std::vector<HostileRow> codingRows();
std::vector<HostileRow> chunkRows();
std::vector<HostileRow> lastChunkRows();
std::vector<HostileRow> endingRows();
std::vector<HostileRow> surplusRows();

}  // namespace proxytest
