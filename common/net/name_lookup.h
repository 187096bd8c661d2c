// NameLookup: the names that one event loop looks up: from the child's cache, else by its own resolvers. What is being
// asked already is not asked again. Where the name servers fail or let us wait, the last good answer serves on.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/net/event_loop.h"
#include "common/net/name_cache.h"
#include "common/net/resolver.h"

namespace proxycommon {

struct FoundAddresses {
  Addresses addresses;  // in the order to try them
  std::string note;     // for the log; mostly empty
};
// Whoever asked may tell it itself, to stop waiting.
using PendingAddresses = Pending<Result<FoundAddresses>>;

// RFC 8767 5, "client response timer".
inline constexpr milliseconds kPatienceWithServers{1800};

struct NameQuestion {
  std::string host;
  std::string nameServers;     // as readNameServers() gives them; empty: the system's
  NameCache* cache = nullptr;  // none: nothing is kept; lives longer than the loop
  // After which the last good answer serves on, though the servers may answer yet.
  milliseconds patience = kPatienceWithServers;
};

// On the thread of its loop.
class NameLookup {
 public:
  explicit NameLookup(boost::asio::io_context& context) : context_(context) {}
  NameLookup(const NameLookup&) = delete;

  // Tells `answer`, perhaps at once. An address is its own answer. Errors: kUnresolvable, kInternal.
  void resolve(const NameQuestion& question, std::shared_ptr<PendingAddresses> answer);

 private:
  // One name that a resolver is asked for.
  struct Asking {
    explicit Asking(boost::asio::io_context& context, const NameQuestion& chosen)
        : question(chosen), patience(context) {}
    const NameQuestion question;
    AsioTimer patience;
    std::vector<std::shared_ptr<PendingAddresses>> waiting;
    bool isLate = false;
  };

  void ask(const std::string& key, const NameQuestion& question, std::shared_ptr<PendingAddresses> answer);
  void answered(const std::string& key, NameAnswer answer);
  // The servers let us wait: those who wait get the last good answer.
  void grewImpatient(const std::string& key);
  static void tellAll(Asking& asking, const Result<FoundAddresses>& result);
  Result<Resolver*> resolverOf(const std::string& nameServers);

  boost::asio::io_context& context_;
  std::map<std::string, std::unique_ptr<Asking>> asked_;
  std::map<std::string, std::unique_ptr<Resolver>> resolvers_;
};

}  // namespace proxycommon
