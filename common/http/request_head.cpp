// The bytes of a request's head.
#include "common/http/request_head.h"

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

Error refused(std::string_view what, std::string_view text) {
  return failure(ErrorKind::kRequestRefused,
                 "the " + std::string{what} + " holds bytes that may not stand there: \"" + printable(text) + "\"");
}

void appendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Outcome appendRequestHead(const RequestHead& head, std::string& out) {
  if (!isToken(head.method)) return refused("method", head.method);
  if (!isRequestTarget(head.target)) return refused("request target", head.target);
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  for (const HeaderField& field : head.fields) {
    if (!isToken(field.name)) return refused("name of a header field", field.name);
    if (!isFieldValue(field.value)) return refused("value of a header field", field.value);
    appendField(out, field.name, field.value);
  }
  if (head.framing.kind == BodyFraming::Kind::kLength)
    appendField(out, "Content-Length", std::to_string(head.framing.length));
  if (head.framing.kind == BodyFraming::Kind::kChunked) appendField(out, "Transfer-Encoding", "chunked");
  out.append("\r\n");
  return {};
}

}  // namespace proxycommon
