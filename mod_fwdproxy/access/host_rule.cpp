// Rules over names.
#include "common/http/url.h"
#include "mod_fwdproxy/access/kinds.h"

namespace fwdproxy {
namespace {

class AnyNameRule final : public HostRule {
 public:
  bool matches(const NamedHost& host) const override { return !host.address; }
};

class SuffixRule final : public HostRule {
 public:
  explicit SuffixRule(std::string suffix) : suffix_(std::move(suffix)) {}
  bool matches(const NamedHost& host) const override {
    return !host.address && host.name.size() > suffix_.size() && host.name.ends_with(suffix_);
  }

 private:
  std::string suffix_;  // with its dot
};

class NameRule final : public HostRule {
 public:
  explicit NameRule(std::string name) : name_(std::move(name)) {}
  bool matches(const NamedHost& host) const override { return host.name == name_; }

 private:
  std::string name_;
};

// The name as it is compared: as a client's host is read.
Result<std::string> readName(std::string_view text) {
  auto authority = proxycommon::parseAuthority(text);
  if (!authority) return std::move(authority.error());
  return std::move(authority->host);
}

}  // namespace

bool isAnyName(std::string_view text) {
  return text == "*";
}
Result<std::unique_ptr<HostRule>> makeAnyName(std::string_view) {
  return {std::make_unique<AnyNameRule>()};
}

bool isSuffix(std::string_view text) {
  return text.starts_with("*.");
}
Result<std::unique_ptr<HostRule>> makeSuffix(std::string_view text) {
  auto name = readName(text.substr(2));
  if (!name) return std::move(name.error());
  return {std::make_unique<SuffixRule>("." + *name)};
}

bool isName(std::string_view text) {
  return !text.empty() && text.find_first_of("*/:[]") == std::string_view::npos;
}
Result<std::unique_ptr<HostRule>> makeName(std::string_view text) {
  auto name = readName(text);
  if (!name) return std::move(name.error());
  return {std::make_unique<NameRule>(std::move(*name))};
}

}  // namespace fwdproxy
