// What a fuzz target says when a rule that always holds has not: where, and an end that the fuzzer notices.
#pragma once

#include <cstdio>
#include <cstdlib>

#define REQUIRE(condition)                                                       \
  do {                                                                           \
    if (condition) break;                                                        \
    std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    std::abort();                                                                \
  } while (false)
