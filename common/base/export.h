// Marks what libproxycommon.so shows to the modules; everything else stays hidden.
#pragma once

#define PROXYCOMMON_API __attribute__((visibility("default")))
