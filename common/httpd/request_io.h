// httpd's side of an exchange: where the request's body comes from, where the response goes, and the request's header
// fields as views. One request each, in whichever thread serves it at the time.
#pragma once

#include <functional>

#include "common/base/export.h"
#include "common/base/held_body.h"
#include "common/http/body.h"
#include "common/http/request_head.h"
#include "common/httpd/httpd_api.h"
#include "common/httpd/relay_response.h"

namespace proxycommon {

// Views into a table.
HeaderFields fieldsOf(const apr_table_t* table);
// Views into r->headers_in. A subrequest, and an ErrorDocument, has its own without conditions and ranges: the client
// says such things of what it has asked for itself.
PROXYCOMMON_API HeaderFields requestFields(const request_rec& request);

// What the client asks to change its connection's protocol to (RFC 9110 7.8); empty: nothing, or it cannot be.
PROXYCOMMON_API std::string_view requestUpgrade(request_rec& request);

// Whether httpd makes the request for an ErrorDocument, in place of one that has failed.
PROXYCOMMON_API bool isErrorPage(const request_rec& request);

// Takes off what the client's `Connection` nominates (RFC 9110 7.6.1), while only the client's own fields are there:
// what httpd's modules add later is not the client's to remove. Before fixups.
PROXYCOMMON_API void dropNominatedFields(request_rec& request);

// What a TRACE is answered where TraceEnable does not allow it; OK for every other request. httpd's own check does not
// run for proxied requests.
PROXYCOMMON_API int traceRefusal(request_rec& request);

// Whether the client waits for "100 Continue" before it sends its body (RFC 9110 10.1.1).
PROXYCOMMON_API bool awaitsContinue(const request_rec& request);

// How the body of a request goes on: as it came, or chunked where an input filter may change its length.
PROXYCOMMON_API BodyFraming requestFraming(request_rec& request);

class PROXYCOMMON_API ClientBody final : public RequestBody {
 public:
  explicit ClientBody(request_rec& request);
  ~ClientBody() override;

  // Before anything is dialled: refuses a body whose announced length is over LimitRequestBody, and one with a transfer
  // coding beside chunked (RFC 9112 6.1). httpd itself does not apply that directive to proxied requests; here it holds
  // where it is set.
  Outcome admit(const BodyFraming& framing) const;

  Result<BodyPiece> next() override;
  // A stream of HTTP/2 has no connection of its own to wait for, but as a rule something in its place.
  bool blocks() const override { return blocks_; }
  HeaderFields trailers() const override;

 private:
  Result<BodyPiece> fetch();
  void sendContinue();
  Error readError(int status) const;
  Error tooLarge() const;

  request_rec& request_;
  apr_bucket_brigade* brigade_;
  apr_bucket* current_ = nullptr;  // whose bytes the caller has
  apr_time_t lastArrival_;
  bool isAsked_ = false;  // in vain, since then
  std::uint64_t limit_;   // of the body, in bytes
  std::uint64_t count_ = 0;
  const bool blocks_;
};

class PROXYCOMMON_API ClientResponse final : public RelayResponse {
 public:
  // Changes the fields of a final head before httpd has them, or refuses it: then the exchange ends with that error,
  // and nothing has reached the client. Values it makes must live in the request's pool.
  using HeadEditor = std::function<Outcome(ResponseHead&)>;

  // Of a client that reads slowly, up to `holdBack` bytes are kept, so that the backend is done with the request.
  ClientResponse(request_rec& request, HeadEditor edit, std::uint64_t holdBack = 0);
  ~ClientResponse() override;

  std::span<char> readBuffer() override;
  Outcome interim(const ResponseHead& head) override;
  Outcome head(ResponseHead& head, bool requestIsComplete) override;
  Outcome body(std::span<const char> bytes) override;
  Outcome trailers(const HeaderFields& fields) override;
  Outcome push() override;
  Outcome flush() override;
  Outcome switched(ResponseHead& head) override;
  Result<bool> isFull() override;
  bool keepsBack() const override { return !held_.isEmpty() || flushIsDue_; }

  bool hasStarted() const override { return started_; }
  bool hasHead() const override { return hasHead_; }
  Outcome finish() override;
  void breakOff() override;
  void withdraw() override;

  // A part of a file, behind what was given before; the descriptor is duplicated. Error kInternal.
  Outcome file(int descriptor, std::uint64_t offset, std::uint64_t length);
  // Bytes that stay where they are until the request's pool goes, behind what was given before.
  void lasting(std::string_view bytes);
  // Whether the client has taken all that was passed on; what is in hand is passed on before.
  Result<bool> isTaken();
  // From now on that many bytes are kept for a slow client, if it was less.
  void holdAtLeast(std::uint64_t bytes);
  // From now on all of the body is in that file too, before it is given: up to `most` bytes of it are kept.
  void holdIn(int descriptor, std::uint64_t offset, std::uint64_t most);
  bool isHeldInFile() const { return held_.isInFile(); }
  // Before anything is given that is not in the file: of that, as much is kept as at first. Error kInternal.
  Outcome holdApart();

 private:
  Outcome passWith(apr_bucket* last);
  std::size_t brigadeLength() const;
  Outcome hold();
  Outcome passHeld();
  Result<bool> isBehind();
  void giveUpBlock();
  void forgetStatus();

  request_rec& request_;
  HeadEditor edit_;
  const std::uint64_t holdsOfItsOwn_;
  std::uint64_t holdBack_;
  HeldBody held_;
  apr_bucket_brigade* brigade_;
  char* block_ = nullptr;          // what readBuffer() gave
  apr_bucket* shared_ = nullptr;   // owns the block, once parts of it have been handed on
  apr_table_t* before_ = nullptr;  // headers_out without the backend's head
  std::uint64_t given_ = 0;        // bytes of the body
  std::size_t passed_ = 0;         // bytes since the client was last looked at
  bool hasHead_ = false;
  bool started_ = false;
  bool flushIsDue_ = false;
};

}  // namespace proxycommon
