// Strings that httpd's expressions make of requests.
#include "common/httpd/expression.h"

#include "common/base/text.h"

APLOG_USE_MODULE(core);

namespace proxycommon {

Result<Expression> Expression::parse(const cmd_parms& command, const std::string& text) {
  const char* problem = nullptr;
  const ap_expr_info_t* parsed = ap_expr_parse_cmd(&command, apr_pstrdup(command.pool, text.c_str()),
                                                   AP_EXPR_FLAG_STRING_RESULT, &problem, nullptr);
  if (problem)
    return failure(ErrorKind::kInternal, "the expression \"" + printable(text) + "\" is not valid: " + problem);
  return Expression(parsed);
}

std::string Expression::evaluate(request_rec& request) const {
  const char* problem = nullptr;
  const char* value = ap_expr_str_exec(&request, parsed_, &problem);
  return value && !problem ? value : "";
}

}  // namespace proxycommon
