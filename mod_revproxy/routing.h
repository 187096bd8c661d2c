// The phases before the handler: which request is ours, and where it goes.
#pragma once

#include "common/httpd/httpd_api.h"

namespace revproxy {

// pre_translate_name: keeps the path while it is still encoded.
int keepEncodedPath(request_rec* request);
// translate_name: finds the mapping and makes the target.
int route(request_rec* request);
// map_to_storage: no file system for what goes to a backend.
int skipStorage(request_rec* request);
// type_checker: no file extension decides on what a backend sends.
int skipTypes(request_rec* request);

}  // namespace revproxy
