// The client's end of a connection below all filters: its descriptor, and what httpd's core filter still keeps for it.
#pragma once

#include "common/httpd/httpd_api.h"

namespace proxycommon {

// -1: a stream of HTTP/2 has none of its own.
inline int clientDescriptor(conn_rec& connection) {
  apr_os_sock_t descriptor = -1;
  if (!connection.master) apr_os_sock_get(&descriptor, ap_get_conn_socket(&connection));
  return descriptor;
}

// What is readable when a stream of HTTP/2 has something to be read; -1: it has no such thing, and only where a body
// may come is there one.
inline int streamDescriptor(conn_rec& connection) {
  apr_pollfd_t waited{};
  apr_os_file_t descriptor = -1;
  if (ap_get_pollfd_from_conn(&connection, &waited, nullptr) == APR_SUCCESS && waited.desc_type == APR_POLL_FILE &&
      waited.desc.f)
    apr_os_file_get(&descriptor, waited.desc.f);
  return descriptor;
}

// Moves what the core filter keeps, as far as the socket takes it; connection.data_in_output_filters says whether
// anything is left. False: the client has gone.
inline bool drainOutput(conn_rec& connection) {
  ap_filter_t* core = connection.output_filters;
  while (core->next) core = core->next;
  return core->frec->filter_func.out_func(core, nullptr) == APR_SUCCESS && !connection.aborted;
}

}  // namespace proxycommon
