// What one child of all does for the others: checks members, and asks which addresses their names have. Each child is
// ready to, and the leader does.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

// In child_init.
void startLeading(apr_pool_t* childPool, server_rec& main);

}  // namespace revproxy
