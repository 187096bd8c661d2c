// RequestCache: one request's dealings with the cache, in either module: what it finds there, whom it waits for, what
// it asks the backend instead, and what becomes of the backend's answer (RFC 9111). It decides nothing itself of what
// may be stored or served: that is common/cache.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/task.h"
#include "common/cache/cache_counters.h"
#include "common/cache/cache_key.h"
#include "common/cache/cache_message.h"
#include "common/cache/cache_status.h"
#include "common/cache/cacheability.h"
#include "common/cache/hit_for_miss.h"
#include "common/httpd/cache_config.h"
#include "common/httpd/cache_lookup.h"
#include "common/httpd/request_flight.h"
#include "common/httpd/request_io.h"
#include "common/httpd/request_waiter.h"
#include "common/httpd/response_storing.h"

namespace proxycommon {

// What is asked for, as the cache tells things apart.
struct CacheSubject {
  std::string site;    // the vhost
  std::string scheme;  // of the client, or what the backend is told that it is
  std::string host;    // as the client names it, likewise
  std::string target;  // path and query, as clients ask for it
  std::string place;   // where that leads, and whatever else a response hangs on; may be empty

  // What stands for it, as cacheKeyText() has it.
  std::string keyText() const { return cacheKeyText(site, scheme, host, target, place); }
};

// "name:port" of a vhost, as its ServerName has it, and the addresses that its <VirtualHost> names; the same on all
// machines that are to share.
PROXYCOMMON_API std::string siteOf(const request_rec& request);

struct RequestCachePlan {
  const CacheConfig& config;
  CacheChoice choice;
  CacheSubject subject;
  CacheCounters* counters = nullptr;
  const char* note = "";              // the name of the note for LogFormat
  int moduleIndex = APLOG_NO_MODULE;  // of the log's lines
  // It offers to change the protocol: what comes may be no response, and is nobody else's.
  bool mayBecomeTunnel = false;
  // The backend may be told who asks, in fields that it does not name in Vary: as if there were an Authorization.
  bool isOfUser = false;
  // What becomes of a head on its way to the client, where it is a stored one.
  ClientResponse::HeadEditor edit = nullptr;
  // What a URL of the backend's stands for, in a response of its: URLs or paths of this site as clients know them.
  // None: they are the same.
  std::function<std::vector<std::string>(std::string_view url)> presentedAs = nullptr;
  // Where a target (path and query) of this site leads; none: nowhere else.
  std::function<std::string(std::string_view target)> placeOf = nullptr;
  // Revalidates behind an answer, and ends the flight; none: stale responses are not served so.
  std::function<void(FlightLeader)> revalidate = nullptr;
  // The request is such a revalidation itself.
  FlightLeader behind = nullptr;
};

// One thread at a time. References outlive it.
class PROXYCOMMON_API RequestCache {
 public:
  RequestCache(RequestWaiter& waiter, RequestCachePlan plan);
  // Whoever follows is told that nothing comes, unless it has come.
  ~RequestCache();
  RequestCache(const RequestCache&) = delete;

  // First of all. What the handler returns, when it has been answered; nullopt: the backend is to be asked.
  Task<std::optional<int>> answer();
  // The fields for the backend. What they view outlives its answer.
  void editRequest(HeaderFields& fields);

  // What becomes of the backend's answer.
  enum class Course {
    kPass,       // to the client
    kStore,      // to the client and the store
    kUseStored,  // to nobody: conclude() answers with what is stored
    kAskAgain,   // to nobody: the backend is asked once more, with what editRequest() makes of the fields then
  };
  // `received` are the fields as they came, `head` as the client is to see them.
  Result<Course> take(const HeaderFields& received, ResponseHead& head);
  // Of kStore: where the body goes; nullptr once it is whole, or storing has failed.
  IncomingBody* incoming() { return storing_ ? &storing_->body() : nullptr; }
  std::uint64_t mostBody() const;
  // More has come.
  void grew();
  // The backend pauses: whoever follows sees what has come.
  void paused();
  // The body is whole.
  void complete();
  // More has come than is stored.
  void outgrow();
  // Storing has failed, or the response does not come to its end.
  void giveUp();

  // Once the backend has been asked, however that ended: what the handler returns when the stored response was the
  // answer after all; nullopt: it goes on with what came. `failed`, nullptr where nothing has: whether something stored
  // may stand in for it (RFC 9111 4.2.4, RFC 5861 4). `isToldOf`: the client knows of the backend's answer already.
  Task<std::optional<int>> conclude(const Error* failed, bool isToldOf);

  // What is told in the head of a response that goes on to the client (RFC 9211).
  void addStatus(ResponseHead& head, bool isStored) const;
  // A response that is being stored, whose client's own conditions hold (RFC 9111 4.3.2), becomes a 304: true.
  bool makeNotModified(ResponseHead& head) const;

 private:
  enum class Mode { kOff, kPass, kFetch, kRevalidate };

  CacheRequest message() const;
  bool isForStore();
  bool mayCollapse() const;
  bool begin();
  // What is to be done next of a search that is not over.
  enum class Turn { kAnswered, kAsk, kAgain };
  Task<Turn> look();
  bool isKnownToBeAbsent() const;
  Task<Turn> board();
  Task<Turn> wait();
  Task<Turn> recover();
  Task<Turn> follow();
  Task<int> send(std::string_view word);
  void revalidateBehind();
  bool bringsWhole() const;
  void makeConditions(HeaderFields& fields) const;
  Result<Course> judgeAnswer(const HeaderFields& received, ResponseHead& head);
  Result<Course> refresh(ResponseHead& head);
  Course store(const HeaderFields& received, const ResponseHead& head);
  // What mayStore() does not know of a 206; of any other response: yes.
  bool isPartOfUse(const CacheResponse& response) const;
  // Of a response that has these names in Vary; with the marker that tells so, unless it is stored already.
  struct ChosenKey {
    Digest key;
    std::optional<VaryMarker> marker = {};
  };
  ChosenKey chooseKey(const std::vector<std::string>& names) const;
  void refuse(Storable why, int status);
  void divide(const Digest& key, const VaryMarker& marker);
  bool isResting() const;
  void remember(const Digest& key, bool isShared) const;
  void rememberRefusal() const;
  milliseconds hitForMissSpan() const;
  PartTerms partTerms(std::uint64_t brought) const;
  void takeHead(const ResponseHead& head);
  StoredResponse confirmed(const ResponseHead& head) const;
  void keep(const StoredResponse& fresh, const std::string& record, FlightLeader leader);
  void forget(const Digest& key);
  void invalidate(const HeaderFields& received, const ResponseHead& head);
  Task<void> settle();
  bool mayAnswerInstead(bool isDisconnected) const;
  bool mayAnswerInsteadOf(const Error& error) const;
  void note(std::string_view word) const;
  void count(std::atomic<std::uint64_t> CacheCounters::*counter) const;

  RequestWaiter& waiter_;
  request_rec& request_;
  const RequestCachePlan plan_;
  const CachePolicy policy_;
  const HeaderFields fields_;  // of the client
  HeaderFields sent_;          // to the backend
  ChildStore* store_ = nullptr;
  Mode mode_ = Mode::kOff;
  std::string keyText_;
  Digest primary_;
  Lookup lookup_;
  ForwardReason reason_ = ForwardReason::kUriMiss;
  RequestFlight flight_;
  bool isCollapsed_ = false;
  bool hasRecovered_ = false;
  int answered_ = OK;      // what the handler returns, of kAnswered
  int backendStatus_ = 0;  // 0: it has not answered
  bool isForwarded_ = false;
  bool isConfirmed_ = false;                  // by a 304: what is stored is the answer
  bool isSkipped_ = false;                    // the store was not asked
  std::optional<std::uint32_t> absentSince_;  // it had nothing under primary_: how often something was stored before
  bool isAskedAgain_ = false;
  Course course_ = Course::kPass;
  std::vector<Digest> forgotten_;
  WallTime begun_ = wallNow();
  Storable refusal_ = Storable::kYes;  // why its answer is not stored
  std::unique_ptr<ResponseStoring> storing_;
};

}  // namespace proxycommon
