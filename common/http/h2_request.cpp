// The head of a request as HTTP/2 carries it.
#include "common/http/h2_request.h"

#include <algorithm>
#include <array>

#include "common/base/text.h"
#include "common/http/header_rules.h"

namespace proxycommon {
namespace {

Error refused(std::string_view what, std::string_view text) {
  return failure(ErrorKind::kRequestRefused,
                 "the " + std::string{what} + " holds bytes that may not stand there: \"" + printable(text) + "\"");
}

// RFC 9113 8.2.2: a message with one of these is malformed, whatever an HTTP/1.1 peer makes of them.
bool isForbidden(const HeaderField& field) {
  if (equalsIgnoringCase(field.name, "te")) return !listContains(field.value, "trailers");
  return isHopByHop(field.name);
}

}  // namespace

Result<H2Request> makeH2Request(const RequestHead& head, std::string_view scheme) {
  if (!isToken(head.method)) return refused("method", head.method);
  if (!isRequestTarget(head.target)) return refused("request target", head.target);
  H2Request request;
  request.framing = head.framing;
  H2Fields& fields = request.fields;
  fields.reserve(head.fields.size() + 4);
  fields.push_back({":method", std::string{head.method}});
  fields.push_back({":scheme", std::string{scheme}});
  fields.push_back({":path", std::string{head.target}});
  const HeaderField* host = findField(head.fields, "Host");
  if (host && !isFieldValue(host->value)) return refused("value of a header field", host->value);
  if (host) fields.push_back({":authority", std::string{host->value}});
  for (const HeaderField& field : head.fields) {
    if (!isToken(field.name)) return refused("name of a header field", field.name);
    if (!isFieldValue(field.value)) return refused("value of a header field", field.value);
    if (equalsIgnoringCase(field.name, "host") || isForbidden(field)) continue;
    const bool isTe = equalsIgnoringCase(field.name, "te");
    fields.push_back({lowered(field.name), isTe ? "trailers" : std::string{trimmed(field.value)}});
  }
  if (head.framing.kind == BodyFraming::Kind::kLength)
    fields.push_back({"content-length", std::to_string(head.framing.length)});
  return request;
}

H2Fields makeH2Trailers(const HeaderFields& fields) {
  H2Fields trailers;
  for (const HeaderField& field : fields)
    if (isTrailer(field.name) && isFieldValue(field.value))
      trailers.push_back({lowered(field.name), std::string{trimmed(field.value)}});
  return trailers;
}

}  // namespace proxycommon
