// One request through a stream of HTTP/2 to its answer.
#include "common/httpd/h2_relay.h"

#include <utility>

#include "common/http/h2_exchange.h"
#include "common/http/h2_pool.h"

namespace proxycommon {
namespace {

// The dial has its own limit, which tells more of what is wrong.
constexpr std::chrono::seconds kBeyondDial{1};

class H2Relay {
 public:
  H2Relay(const RelayPlan& plan, std::string_view scheme, RelayBody& body, RelayResponse& response,
          RequestWaiter& waiter, RelayReport& report)
      : plan_(plan), scheme_(scheme), body_(body), response_(response), waiter_(waiter), report_(report) {}

  Task<Outcome> run() {
    auto made = makeH2Request(body_.completed(plan_.head), scheme_);
    if (!made) co_return std::move(made.error());
    made->responseLimits = plan_.limits.head;
    auto outcome = co_await attempt(*made);
    const bool isRefused = !outcome && mayTryAgain(outcome.error());
    if (isRefused) {
      if (auto rewound = body_.rewind(); !rewound) co_return rewound;
      outcome = co_await attempt(*made);
    }
    if (!outcome) co_return outcome;
    if (plan_.backendDone) plan_.backendDone();
    co_return co_await finishResponse(response_, plan_.limits, waiter_);
  }

 private:
  // On a connection that was made for the request, its closing is the backend's answer to it.
  bool mayTryAgain(const Error& error) const {
    return (report_.isReused || error.seen == Seen::kNothing) && body_.mayRepeat(error);
  }

  Task<Outcome> attempt(const H2Request& request) {
    report_.beginTry();
    auto pool = waiter_.child().http2();
    if (!pool) co_return std::move(pool.error());
    const auto wake = waiter_.wake();
    if (!wake) co_return failure(ErrorKind::kInternal, "no descriptor is left for a request over HTTP/2");
    auto connect = plan_.connect();
    if (!connect) co_return std::move(connect.error());
    connect->names = &waiter_.child().names;
    H2ExchangePlan exchange{request.framing, plan_.limits, connect->limit + kBeyondDial, &report_.exchange};
    exchange.expectsContinue = body_.expectsContinue();
    // Where there may be so many connections only, it is for one of theirs that it waits.
    if (plan_.poolLimits.most > 0) {
      exchange.opening = plan_.acquire;
      exchange.openingError = ErrorKind::kPoolTimeout;
    }
    H2PeerPlan peer{std::move(*connect), plan_.poolLimits.idle > 0 ? plan_.poolLimits.idleTime : milliseconds{0},
                    plan_.poolLimits.most};
    exchange.placed = [this](const H2Place& place) {
      report_.address = place.address;
      report_.isReused = place.isReused;
    };
    auto stream = (*pool)->open(plan_.key, std::move(peer), request, [wake] { wake->signal(); });
    auto end = co_await runH2Exchange(std::move(stream), std::move(exchange), body_.source(), response_, waiter_);
    co_return end ? Outcome{} : Outcome{std::move(end.error())};
  }

  const RelayPlan& plan_;
  std::string_view scheme_;
  RelayBody& body_;
  RelayResponse& response_;
  RequestWaiter& waiter_;
  RelayReport& report_;
};

}  // namespace

Task<Result<std::optional<Switched>>> relayH2(const RelayPlan& plan, std::string_view scheme, RelayBody& body,
                                              RelayResponse& response, RequestWaiter& waiter, RelayReport& report) {
  H2Relay one(plan, scheme, body, response, waiter, report);
  auto outcome = co_await one.run();
  if (!outcome) co_return std::move(outcome.error());
  co_return std::optional<Switched>();
}

}  // namespace proxycommon
