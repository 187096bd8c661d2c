// The module structure's declaration, for the files that look configuration up by it.
#pragma once

#include "common/httpd/httpd_api.h"

// The one symbol that httpd looks up, so the one that is not hidden.
extern "C" __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA fwdproxy_module;
