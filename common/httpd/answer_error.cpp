// The end of a request that failed.
#include "common/httpd/answer_error.h"

#include <string>

namespace proxycommon {
namespace {

int httpdLevel(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return APLOG_ERR;
    case Severity::kWarning:
      return APLOG_WARNING;
    case Severity::kInfo:
      return APLOG_INFO;
  }
  return APLOG_ERR;
}

// On the error page, in place of httpd's own words; the log has the rest.
void explainToClient(request_rec& request, std::string_view text) {
  if (text.empty()) return;
  apr_table_setn(request.notes, "error-notes",
                 apr_psprintf(request.pool, "<br />\n%.*s", static_cast<int>(text.size()), text.data()));
  apr_table_setn(request.notes, "verbose-error-to", "*");
}

// For LogFormat: %{revproxy-error}n.
void noteError(request_rec& request, int moduleIndex, std::string_view name) {
  const char* key = apr_pstrcat(request.pool, ap_find_module_short_name(moduleIndex), "-error", nullptr);
  apr_table_setn(request.notes, key, apr_pstrmemdup(request.pool, name.data(), name.size()));
}

}  // namespace

int answerError(request_rec& request, int moduleIndex, const std::string& peer, const Error& error,
                RelayResponse* response) {
  const ErrorTraits& traits = traitsOf(error.kind);
  const bool started = response && response->hasStarted();
  ap_log_rerror_(__FILE__, __LINE__, moduleIndex, httpdLevel(traits.severity), 0, &request, "%s %s -> %s: %s%s",
                 request.method, printable(request.unparsed_uri ? request.unparsed_uri : "").c_str(), peer.c_str(),
                 describe(error).c_str(), started ? " (the response had begun)" : "");
  noteError(request, moduleIndex, traits.name);
  if (error.kind == ErrorKind::kClientAnswered) return AP_FILTER_ERROR;
  if (started) {
    response->breakOff();
    return DONE;
  }
  if (response && response->hasHead()) response->withdraw();
  // What is left of the request's body is of no use any more, and reading it could take for ever.
  if (ap_request_has_body(&request)) request.connection->keepalive = AP_CONN_CLOSE;
  explainToClient(request, traits.clientText);
  return traits.status;
}

}  // namespace proxycommon
