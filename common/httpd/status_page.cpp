// What mod_status shows of the library.
#include "common/httpd/status_page.h"

#include "common/httpd/child.h"

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

}  // namespace

int showStatus(request_rec* request, int flags) {
  ChildTable* table = childTable();
  if (!table) return OK;
  const Sums sums = sumOf(*table);
  if (flags & AP_STATUS_SHORT) {
    ap_rprintf(request, "ProxyTunnels: %u\nProxyParked: %u\n", sums.tunnels, sums.parked);
    showChildren(*request, *table, "ProxyChild%d: %u tunnels, %u parked\n");
    return OK;
  }
  ap_rprintf(request, "<hr>\n<h2>Proxy</h2>\n<dl><dt>%u tunnels, %u parked requests</dt></dl>\n", sums.tunnels,
             sums.parked);
  if (flags & AP_STATUS_NOTABLE) {
    showChildren(*request, *table, "<p>Child %d: %u tunnels, %u parked</p>\n");
    return OK;
  }
  ap_rputs("<table><tr><th>PID</th><th>Tunnels</th><th>Parked</th></tr>\n", request);
  showChildren(*request, *table, "<tr><td>%d</td><td>%u</td><td>%u</td></tr>\n");
  ap_rputs("</table>\n", request);
  return OK;
}

}  // namespace proxycommon
