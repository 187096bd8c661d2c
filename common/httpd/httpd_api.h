// The only door to the headers of httpd and APR.
#pragma once

extern "C" {
#include <ap_expr.h>
#include <ap_mpm.h>
#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_global_mutex.h>
#include <apr_optional_hooks.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_vhost.h>
#include <httpd.h>
#include <mod_core.h>
#include <mod_status.h>
#include <mpm_common.h>
#include <scoreboard.h>
#include <unixd.h>
#include <util_cfgtree.h>
#include <util_filter.h>
#include <util_mutex.h>
}
