// What the log can say of a request's way to its backend: notes for LogFormat, %{revproxy-NAME}n or %{fwdproxy-NAME}n.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/export.h"
#include "common/http/exchange.h"
#include "common/httpd/child.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

struct RelayReport {
  using Span = std::optional<std::chrono::microseconds>;

  std::string backend;  // as configured, or as the client named it
  std::string member;   // of a balancer, that was tried last; empty: the backend is none
  std::string address;  // that was dialled; empty: none was
  bool isReused = false;
  unsigned tries = 0;
  Span queueWait;  // for a place where limits are reached; none: there was no need to
  Span poolWait;   // likewise for a connection
  Span dial;       // none: the connection was there
  Span tls;
  Clock::time_point begun = Clock::now();
  ExchangeReport exchange;

  // What is told of a connection is told of the last try.
  void beginTry() {
    ++tries;
    address.clear();
    isReused = false;
    dial.reset();
    tls.reset();
    exchange = {};
  }
};

// "revproxy-backend", …: made once for a module.
class PROXYCOMMON_API ReportNames {
 public:
  explicit ReportNames(const std::string& prefix);

  enum Name {
    kBackend,
    kMember,
    kAddress,
    kConnection,
    kTries,
    kQueueWait,
    kPoolWait,
    kDial,
    kTls,
    kFirstByte,
    kTotal,
    kSent,
    kReceived,
    kCount
  };
  const char* operator[](Name name) const { return names_[name].c_str(); }

 private:
  std::array<std::string, kCount> names_;
};

// Sets the notes that there is something to say for, if the configuration reads any. Times in microseconds. Before the
// request is logged.
PROXYCOMMON_API void noteReport(request_rec& request, const Child& child, const ReportNames& names,
                                const RelayReport& report);

}  // namespace proxycommon
