// Expression: a text of httpd's expression syntax (ap_expr) that each request makes another string of.
#pragma once

#include <string>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/httpd/httpd_api.h"

namespace proxycommon {

class PROXYCOMMON_API Expression {
 public:
  // While the configuration is read, and for as long as it lives. Error kInternal, fit for configtest.
  static Result<Expression> parse(const cmd_parms& command, const std::string& text);

  // Empty where it cannot be evaluated, which is logged by httpd.
  std::string evaluate(request_rec& request) const;

 private:
  explicit Expression(const ap_expr_info_t* parsed) : parsed_(parsed) {}
  const ap_expr_info_t* parsed_;
};

}  // namespace proxycommon
