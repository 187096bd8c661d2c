// What the cache has, removed.
#include "common/httpd/cache_purge.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/cache/cache_key.h"
#include "common/cache/cache_tags.h"
#include "common/httpd/answer_error.h"
#include "common/httpd/cache_stores.h"
#include "common/httpd/child.h"

namespace proxycommon {
namespace {

int answerPlain(request_rec& request, const std::string& text) {
  ap_set_content_type(&request, "text/plain");
  ap_rputs(text.c_str(), &request);
  return OK;
}

int refuse(request_rec& request, int status, const std::string& why) {
  ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_ERR, 0, &request, "PURGE %s is refused: %s",
                 printable(request.unparsed_uri).c_str(), why.c_str());
  return status;
}

// It is made up for, but who purges is to know that it is not gone yet.
int failed(request_rec& request, ChildStore& store, const Error& error) {
  ap_log_rerror_(__FILE__, __LINE__, APLOG_NO_MODULE, APLOG_ERR, 0, &request,
                 "PURGE %s: the cache's store \"%s\" has not removed it yet, and does before it is used again by this "
                 "server; others that share it may serve it until then: %s",
                 printable(request.unparsed_uri).c_str(), store.name().c_str(), error.detail.c_str());
  const auto rest = std::chrono::ceil<std::chrono::seconds>(store.breaker().rest(Clock::now()));
  apr_table_setn(request.err_headers_out, "Retry-After",
                 apr_psprintf(request.pool, "%d", std::max(static_cast<int>(rest.count()), 1)));
  return HTTP_SERVICE_UNAVAILABLE;
}

// All with one of the tags, or all that begins so.
struct Many {
  std::vector<std::string> tags;
  std::string prefix;
};

// What it meets may be in any store: the mappings and sections of a site may each have another.
Task<int> purgeEverywhere(RequestWaiter& waiter, Many many, const char* done) {
  int result = OK;
  for (ChildStore* store : waiter.child().stores) {
    Outcome removed;
    if (many.tags.empty()) {
      removed = co_await removePrefixIn(*store, many.prefix, waiter);
    } else {
      removed = co_await removeTaggedIn(*store, many.tags, waiter);
    }
    if (!removed) result = failed(waiter.request(), *store, removed.error());
  }
  co_return result == OK ? answerPlain(waiter.request(), done) : result;
}

}  // namespace

bool isPurge(const request_rec& request, const CacheConfig& config) {
  return config.mayPurge.valueOr(false) && std::string_view(request.method) == "PURGE";
}

Task<int> purge(RequestWaiter& waiter, CacheChoice choice, CacheSubject subject) {
  request_rec& request = waiter.request();
  if (!ap_some_auth_required(&request))
    co_return refuse(request, HTTP_FORBIDDEN,
                     "nothing says who may purge: write Require into a section that covers it, such as a <Location>");
  ChildStore* store = findStore(waiter.child(), choice.store);
  if (!store)
    co_return refuse(request, HTTP_SERVICE_UNAVAILABLE,
                     "this child has not been able to open the cache's store \"" + std::string{choice.store} + "\"");
  const HeaderFields fields = requestFields(request);
  const CacheTags tags = cacheTags(fields);
  if (tags.isCut)
    co_return refuse(request, HTTP_BAD_REQUEST,
                     "a tag of its is no tag that a response can bear, or there are too many");
  Many many;
  if (!tags.tags.empty()) {
    many.tags = tagsOfSite(subject.site, tags);
    co_return co_await purgeEverywhere(waiter, std::move(many), "Purged by tag.\n");
  }
  if (subject.target.ends_with('*')) {
    subject.target.pop_back();
    subject.place.clear();
    many.prefix = subject.keyText();
    co_return co_await purgeEverywhere(waiter, std::move(many), "Purged by prefix.\n");
  }
  auto removed = co_await removeIn(*store, digestOf(subject.keyText()), waiter);
  if (!removed) co_return failed(request, *store, removed.error());
  if (!*removed) co_return HTTP_NOT_FOUND;
  co_return answerPlain(request, "Purged.\n");
}

}  // namespace proxycommon
