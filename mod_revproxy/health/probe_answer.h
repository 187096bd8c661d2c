// What probes over HTTP/1.1 and HTTP/2 have in common: the request, and what they make of its answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/http/body.h"
#include "common/http/exchange.h"
#include "mod_revproxy/health/probe.h"

namespace revproxy {

// Views into the question.
proxycommon::RequestHead probeHead(const ProbeQuestion& question);
// All of it must be there within the check's limit, which began then.
proxycommon::ExchangeLimits probeLimits(const HealthCheck& check, proxycommon::Clock::time_point begun);

class NoBody final : public proxycommon::RequestBody {
 public:
  Result<proxycommon::BodyPiece> next() override { return proxycommon::BodyPiece{}; }
  bool blocks() const override { return false; }
};

// Takes in an answer, as much of its body as is looked at. One thread at a time.
class ProbeAnswer final : public proxycommon::ResponseSink {
 public:
  static constexpr std::size_t kMostBody = 64 * 1024;

  // What comes of it, once the exchange is over.
  ProbeResult judged(const HealthCheck& check, const Outcome& exchanged, proxycommon::Clock::time_point begun) const;

  std::span<char> readBuffer() override { return buffer_; }
  Outcome interim(const proxycommon::ResponseHead&) override { return {}; }
  Outcome head(proxycommon::ResponseHead& head, bool) override;
  // An error when no more is wanted: that ends the exchange.
  Outcome body(std::span<const char> bytes) override;
  Outcome trailers(const proxycommon::HeaderFields&) override { return {}; }
  Outcome push() override { return {}; }
  Outcome flush() override { return {}; }
  Outcome switched(proxycommon::ResponseHead&) override { return {}; }
  Result<bool> isFull() override { return false; }
  bool keepsBack() const override { return false; }

 private:
  Outcome verdict(const HealthCheck& check) const;

  std::vector<char> buffer_ = std::vector<char>(proxycommon::HeadLimits::kMostBytes);
  unsigned status_ = 0;
  std::string body_;
  bool isEnough_ = false;
  std::optional<proxycommon::Clock::time_point> cameAt_;
};

}  // namespace revproxy
