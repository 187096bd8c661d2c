// Notes for LogFormat.
#include "common/httpd/relay_report.h"

#include <charconv>
#include <string_view>

namespace proxycommon {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::array<std::string_view, ReportNames::kCount> kNames = {
    "backend", "member", "address",    "connection", "tries", "queue-wait", "pool-wait",
    "dial",    "tls",    "first-byte", "total",      "sent",  "received"};

class Notes {
 public:
  Notes(request_rec& request, const ReportNames& names) : request_(request), names_(names) {}

  void set(ReportNames::Name name, const char* value) { apr_table_setn(request_.notes, names_[name], value); }
  void set(ReportNames::Name name, std::string_view value) {
    set(name, apr_pstrmemdup(request_.pool, value.data(), value.size()));
  }
  void set(ReportNames::Name name, std::uint64_t value) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    set(name, std::string_view(text, static_cast<std::size_t>(end - text)));
  }
  void set(ReportNames::Name name, const RelayReport::Span& span) {
    if (span) set(name, static_cast<std::uint64_t>(span->count()));
  }

 private:
  request_rec& request_;
  const ReportNames& names_;
};

}  // namespace

ReportNames::ReportNames(const std::string& prefix) {
  for (std::size_t index = 0; index < names_.size(); ++index) names_[index] = prefix + std::string{kNames[index]};
}

void noteReport(request_rec& request, const Child& child, const ReportNames& names, const RelayReport& report) {
  if (!child.leavesNotes) return;
  Notes notes(request, names);
  const auto sinceBegin = [&](Clock::time_point then) {
    return RelayReport::Span(duration_cast<microseconds>(then - report.begun));
  };
  notes.set(ReportNames::kBackend, report.backend);
  notes.set(ReportNames::kMember, report.member.empty() ? report.backend : report.member);
  if (!report.address.empty()) {
    notes.set(ReportNames::kAddress, report.address);
    notes.set(ReportNames::kConnection, report.isReused ? "reused" : "new");
  }
  notes.set(ReportNames::kTries, std::uint64_t{report.tries});
  notes.set(ReportNames::kQueueWait, report.queueWait);
  notes.set(ReportNames::kPoolWait, report.poolWait);
  notes.set(ReportNames::kDial, report.dial);
  notes.set(ReportNames::kTls, report.tls);
  if (report.exchange.firstByte != Clock::time_point{})
    notes.set(ReportNames::kFirstByte, sinceBegin(report.exchange.firstByte));
  notes.set(ReportNames::kTotal, sinceBegin(Clock::now()));
  if (report.exchange.sent + report.exchange.received == 0) return;
  notes.set(ReportNames::kSent, report.exchange.sent);
  notes.set(ReportNames::kReceived, report.exchange.received);
}

}  // namespace proxycommon
