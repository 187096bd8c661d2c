// One response as it came to a raw client, told apart by its framing (RFC 9112 6.3): where a response that is cut short
// must not pass for a whole one, an HTTP library says too little.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/raw_client.h"

namespace proxytest {

struct RawAnswer {
  std::vector<int> interim;  // the statuses of the 1xx in front
  std::string head;          // up to and with the empty line; whatever came where no head came whole
  std::string body;          // without the chunks' framing; what came of it
  bool complete = false;     // it ended where its framing says
  bool timedOut = false;     // neither an end came nor a closing

  int status() const;  // 0 where there is none
  std::optional<std::string> header(std::string_view name) const { return headerValue(parseHeaders(head), name); }
  bool announcesClosing() const;
};

RawAnswer readAnswerHead(RawClient& client);
// `method` is the request's. Does nothing where no head has come.
void readAnswerBody(RawClient& client, RawAnswer& answer, std::string_view method = "GET");

}  // namespace proxytest
