// See status_view.h.
#include "tests/integration/support/status_view.h"

#include <stdexcept>

#include "tests/integration/support/client.h"

namespace proxytest {
namespace {

std::size_t numberOf(const Httpd& httpd, const std::string& balancer, const char* field) {
  const JsonValue status = readStatus(httpd);
  for (const JsonValue& one : status["balancers"].elements)
    if (one["name"].text == balancer) return static_cast<std::size_t>(one[field].number());
  throw std::runtime_error("the status knows no balancer " + balancer);
}

}  // namespace

JsonValue readStatus(const Httpd& httpd) {
  const Response response = Client().get(httpd.url("/status?json"), {"Connection: close"});
  if (response.status != 200) throw std::runtime_error("the status is answered by " + std::to_string(response.status));
  return readJson(response.body);
}

std::size_t waitingFor(const Httpd& httpd, const std::string& balancer) {
  return numberOf(httpd, balancer, "waiting");
}

std::size_t inFlightOf(const Httpd& httpd, const std::string& balancer) {
  return numberOf(httpd, balancer, "in_flight");
}

bool isIdle(const Httpd& httpd) {
  const JsonValue status = readStatus(httpd);
  for (const JsonValue& balancer : status["balancers"].elements) {
    if (balancer["waiting"].number() + balancer["in_flight"].number() > 0) return false;
    for (const JsonValue& member : balancer["members"].elements)
      if (member["in_flight"].number() > 0) return false;
  }
  return true;
}

pid_t leaderOf(const Httpd& httpd) {
  const JsonValue status = readStatus(httpd);
  for (const JsonValue& child : status["children"].elements)
    if (child["leader"].text == "true") return static_cast<pid_t>(child["pid"].number());
  return 0;
}

}  // namespace proxytest
