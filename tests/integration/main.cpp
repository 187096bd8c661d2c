// The entry point of the integration tests: real httpd processes with both modules, real and scripted origins, libcurl
// as the client. Each file beside this one proves one topic; support/ holds what they stand on.
#define BOOST_TEST_MODULE integration
#include <boost/test/unit_test.hpp>
