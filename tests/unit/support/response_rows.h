// Responses as rows of a table: made of a part that matters and the rest that every response needs, and expected to be
// understood, or refused, the same way whole and in pieces.
#pragma once

#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>

#include "common/base/text.h"
#include "tests/unit/support/parsed_response.h"

namespace proxytest {

inline const std::string kStatusLine = "HTTP/1.1 200 OK\r\n";

inline std::string shown(const std::string& bytes) {
  return proxycommon::printable(bytes, 100);
}

inline constexpr std::size_t kPieceSizes[] = {1, 2, 3, 5, 7};

inline void mustBeRefused(const std::string& bytes, std::string_view kind) {
  BOOST_TEST_CONTEXT(shown(bytes)) {
    BOOST_TEST(parseWhole(bytes).error == kind);
    for (const std::size_t size : kPieceSizes) BOOST_TEST_CONTEXT("in pieces of " << size) {
        BOOST_TEST(parseInPieces(bytes, size).error == kind);
      }
  }
}

// A head with this in place of the status line.
inline std::string withStatusLine(const std::string& line) {
  return line + "\r\nContent-Length: 0\r\n\r\n";
}
// A head with these field lines, and something behind it that must never be taken for a body.
inline std::string withFields(const std::string& lines) {
  return kStatusLine + lines + "\r\n\r\nhello";
}
inline std::string withChunks(const std::string& chunks) {
  return kStatusLine + "Transfer-Encoding: chunked\r\n\r\n" + chunks;
}

struct GoodRow {
  std::string bytes;
  int status;
  std::string body;
  bool reusable;
  std::string unconsumed = "";
};

inline void mustBeUnderstood(const GoodRow& row, bool toHead = false) {
  BOOST_TEST_CONTEXT(shown(row.bytes)) {
    const ParsedResponse whole = parseWhole(row.bytes, toHead);
    BOOST_TEST(whole.error == "");
    BOOST_TEST(whole.status == row.status);
    BOOST_TEST(whole.body == row.body);
    BOOST_TEST(whole.reusable == row.reusable);
    BOOST_TEST(whole.unconsumed == row.unconsumed);
    BOOST_TEST(whole.bodyWasInsideFedBytes);
    for (const std::size_t size : kPieceSizes)
      BOOST_TEST((parseInPieces(row.bytes, size, toHead) == whole), "in pieces of " << size);
  }
}

}  // namespace proxytest
