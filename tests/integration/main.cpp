// The entry point of the integration tests: real httpd processes with both modules, real and scripted origins, libcurl
// as the client. Each file beside this one proves one topic; support/ holds what they stand on.
#define BOOST_TEST_MODULE integration
#include <sys/resource.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

namespace {

// Tests hold thousands of connections, and so does the httpd that inherits this limit.
struct ManyDescriptors {
  ManyDescriptors() {
    // Some programs walk through all the numbers that they might have.
    constexpr rlim_t kEnough = 65536;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(ManyDescriptors);
