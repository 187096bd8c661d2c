// One request through a stream of HTTP/2 to its answer.
#include "common/httpd/h2_relay.h"

#include <utility>

#include "common/http/buffered_body.h"
#include "common/http/h2_exchange.h"
#include "common/http/h2_pool.h"
#include "common/httpd/relay_steps.h"

namespace proxycommon {
namespace {

// The dial has its own limit, which tells more of what is wrong.
constexpr std::chrono::seconds kBeyondDial{1};

class H2Relay {
 public:
  H2Relay(request_rec& request, const RelayPlan& plan, std::string_view scheme, ClientResponse& response,
          RequestWaiter& waiter)
      : request_(request),
        plan_(plan),
        scheme_(scheme),
        response_(response),
        waiter_(waiter),
        clientBody_(request),
        bufferedBody_(clientBody_) {}

  Task<Outcome> run() {
    if (auto admitted = clientBody_.admit(plan_.head.framing); !admitted) co_return admitted;
    RequestHead head = plan_.head;
    if (isBuffered()) {
      if (auto filled = co_await bufferedBody_.fill(plan_.requestBuffer, waiter_); !filled) co_return filled;
      head.framing = bufferedBody_.framing(head.framing);
    }
    if (takesTrailers()) head.fields.push_back({"te", "trailers"});
    const auto made = makeH2Request(head, scheme_);
    if (!made) co_return made.error();
    auto outcome = co_await attempt(*made);
    if (!outcome && mayRepeat(outcome.error(), head.method, clientBody_)) outcome = co_await attempt(*made);
    if (!outcome) co_return outcome;
    co_return co_await finishResponse(response_, plan_.limits.client, waiter_);
  }

 private:
  bool isBuffered() const { return plan_.requestBuffer > 0 && plan_.head.framing.kind != BodyFraming::Kind::kNone; }

  // TE speaks of one connection alone, so it is said anew for the next one. Some backends (gRPC) insist on it.
  bool takesTrailers() const {
    const char* te = apr_table_get(request_.headers_in, "TE");
    return te && listContains(te, "trailers");
  }

  Task<Outcome> attempt(const H2Request& h2Request) {
    auto pool = waiter_.child().http2();
    if (!pool) co_return std::move(pool.error());
    const auto wake = waiter_.wake();
    if (!wake) co_return failure(ErrorKind::kInternal, "no descriptor is left for a request over HTTP/2");
    auto connect = plan_.connect();
    if (!connect) co_return std::move(connect.error());
    H2ExchangePlan exchange{h2Request.framing, plan_.limits, connect->limit + kBeyondDial};
    H2PeerPlan peer{std::move(*connect), plan_.poolLimits.idle > 0 ? plan_.poolLimits.idleTime : milliseconds{0}, 0};
    auto stream = (*pool)->open(plan_.key, std::move(peer), h2Request, [wake] { wake->signal(); });
    RequestBody& body = isBuffered() ? static_cast<RequestBody&>(bufferedBody_) : clientBody_;
    auto end = co_await runH2Exchange(std::move(stream), exchange, body, response_, waiter_);
    co_return end ? Outcome{} : Outcome{std::move(end.error())};
  }

  request_rec& request_;
  const RelayPlan& plan_;
  std::string_view scheme_;
  ClientResponse& response_;
  RequestWaiter& waiter_;
  ClientBody clientBody_;
  BufferedBody bufferedBody_;
};

}  // namespace

Task<Result<std::optional<Switched>>> relayH2(request_rec& request, const RelayPlan& plan, std::string_view scheme,
                                              ClientResponse& response, RequestWaiter& waiter) {
  H2Relay one(request, plan, scheme, response, waiter);
  auto outcome = co_await one.run();
  if (!outcome) co_return std::move(outcome.error());
  co_return std::optional<Switched>();
}

}  // namespace proxycommon
