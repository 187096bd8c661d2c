// What mod_status shows of the library.
#include "common/httpd/status_page.h"

#include <array>
#include <string>

#include "common/httpd/cache_stores.h"
#include "common/httpd/child.h"
#include "common/httpd/forward_counters.h"

namespace proxycommon {
namespace {

struct Sums {
  unsigned tunnels = 0;
  unsigned parked = 0;
};

Sums sumOf(ChildTable& table) {
  Sums sums;
  for (const ChildCounters& child : table.all()) {
    if (!ChildTable::isAlive(child)) continue;
    sums.tunnels += child.tunnels;
    sums.parked += child.parked;
  }
  return sums;
}

void showChildren(request_rec& request, ChildTable& table, const char* format) {
  for (const ChildCounters& child : table.all())
    if (ChildTable::isAlive(child))
      ap_rprintf(&request, format, static_cast<int>(child.process()), child.tunnels.load(), child.parked.load());
}

struct CounterRow {
  const char* name;  // in a line of its own
  const char* word;  // for people
  std::atomic<std::uint64_t> CacheCounters::*value;
};
constexpr std::array<CounterRow, 8> kCounters = {{
    {"Hits", "hits", &CacheCounters::hits},
    {"Misses", "misses", &CacheCounters::misses},
    {"Stale", "stale", &CacheCounters::stale},
    {"Revalidated", "revalidated", &CacheCounters::revalidated},
    {"Collapsed", "collapsed", &CacheCounters::collapsed},
    {"Passes", "passed", &CacheCounters::passes},
    {"Stored", "stored", &CacheCounters::stored},
    {"StoredBytes", "bytes stored", &CacheCounters::storedBytes},
}};

std::string forwardCache(bool isShort) {
  const CacheCounters* const counters = forwardCounters(*ap_server_conf);
  if (!counters || counters->isUsed.load(std::memory_order_relaxed) == 0) return "";
  std::string lines;
  std::string words;
  for (const CounterRow& row : kCounters) {
    const std::string value = std::to_string((counters->*row.value).load(std::memory_order_relaxed));
    lines.append("FwdProxyCache").append(row.name).append(": ").append(value).append("\n");
    words.append(words.empty() ? " " : ", ").append(value).append(" ").append(row.word);
  }
  return isShort ? lines : "<p>Cache of the forward proxy:" + words + "</p>\n";
}

std::string stores(request_rec& request, bool isShort) {
  std::string text;
  for (const StoreSight& store : sightOfStores(*ap_server_conf)) {
    const StoreFigures& figures = store.figures;
    const std::string counted = std::to_string(figures.entries) + " entries, " + std::to_string(figures.bytes) +
                                " bytes, " + std::to_string(figures.evictions) + " evictions, ";
    const std::string words = (figures.isCounted ? counted : "") + std::to_string(figures.failures) + " failures";
    if (isShort)
      text += "ProxyCacheStore " + store.name + ": " + words + "\n";
    else
      text += "<p>Store " + std::string{ap_escape_html(request.pool, store.name.c_str())} + ": " + words + "</p>\n";
  }
  return text;
}

void showCaches(request_rec& request, int flags) {
  const bool isShort = (flags & AP_STATUS_SHORT) != 0;
  const std::string text = forwardCache(isShort) + stores(request, isShort);
  ap_rwrite(text.data(), static_cast<int>(text.size()), &request);
}

void showWork(request_rec& request, int flags, ChildTable& table) {
  const Sums sums = sumOf(table);
  if (flags & AP_STATUS_SHORT) {
    ap_rprintf(&request, "ProxyTunnels: %u\nProxyParked: %u\n", sums.tunnels, sums.parked);
    showChildren(request, table, "ProxyChild%d: %u tunnels, %u parked\n");
    return;
  }
  ap_rprintf(&request, "<hr>\n<h2>Proxy</h2>\n<dl><dt>%u tunnels, %u parked requests</dt></dl>\n", sums.tunnels,
             sums.parked);
  if (flags & AP_STATUS_NOTABLE) {
    showChildren(request, table, "<p>Child %d: %u tunnels, %u parked</p>\n");
    return;
  }
  ap_rputs("<table><tr><th>PID</th><th>Tunnels</th><th>Parked</th></tr>\n", &request);
  showChildren(request, table, "<tr><td>%d</td><td>%u</td><td>%u</td></tr>\n");
  ap_rputs("</table>\n", &request);
}

}  // namespace

int showStatus(request_rec* request, int flags) {
  ChildTable* table = childTable();
  if (!table) return OK;
  showWork(*request, flags, *table);
  showCaches(*request, flags);
  return OK;
}

}  // namespace proxycommon
