// The small value types of the base: Result, Setting, Registry, FileDescriptor, Deadline.
#include <fcntl.h>

#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>

#include "common/base/clock.h"
#include "common/base/file_descriptor.h"
#include "common/base/registry.h"
#include "common/base/result.h"
#include "common/base/setting.h"
#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(values)

namespace {

bool isOpen(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) >= 0;
}
int openNull() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_result_is_a_value_or_an_error) {
  Result<std::unique_ptr<int>> value = std::make_unique<int>(7);
  BOOST_TEST(static_cast<bool>(value));
  const std::unique_ptr<int> taken = std::move(*value);
  BOOST_TEST(*taken == 7);
  const Result<std::string> error = failure(ErrorKind::kRefused, "why", Seen::kMaybeRan);
  BOOST_TEST(!error);
  BOOST_TEST(error.error().kind == ErrorKind::kRefused);
  BOOST_TEST(error.error().seen == Seen::kMaybeRan);
  BOOST_TEST(error.error().detail == "why");
}

BOOST_AUTO_TEST_CASE(a_result_can_hold_an_error_as_its_value) {
  const Result<bool> no = false;
  BOOST_TEST(static_cast<bool>(no));
  BOOST_TEST(!*no);
}

BOOST_AUTO_TEST_CASE(an_outcome_is_good_unless_it_holds_an_error) {
  BOOST_TEST(static_cast<bool>(Outcome{}));
  const Outcome bad = failure(ErrorKind::kInternal, "x");
  BOOST_TEST(!bad);
  BOOST_TEST(bad.error().seen == Seen::kNothing);
}

BOOST_AUTO_TEST_CASE(of_two_settings_the_inner_one_holds_where_it_says_something) {
  const Setting<int> unset;
  const Setting<int> outer = 1;
  const Setting<int> inner = 2;
  BOOST_TEST(Setting<int>::merged(outer, inner).value() == 2);
  BOOST_TEST(Setting<int>::merged(outer, unset).value() == 1);
  BOOST_TEST(Setting<int>::merged(unset, inner).value() == 2);
  BOOST_TEST(!Setting<int>::merged(unset, unset).isSet());
  BOOST_TEST(unset.valueOr(3) == 3);
  BOOST_TEST(outer.valueOr(3) == 1);
}

BOOST_AUTO_TEST_CASE(a_setting_that_says_false_holds_over_an_outer_true) {
  BOOST_TEST(!Setting<bool>::merged(Setting<bool>(true), Setting<bool>(false)).valueOr(true));
}

BOOST_AUTO_TEST_CASE(a_registry_finds_by_the_whole_name_and_lists_what_there_is) {
  const Registry<int> registry = {{"http", 80}, {"https", 443}};
  BOOST_TEST(*registry.find("http") == 80);
  BOOST_TEST(*registry.find("https") == 443);
  for (const char* name : {"", "htt", "httpss", "HTTP"}) BOOST_TEST(registry.find(name) == nullptr);
  BOOST_TEST(registry.names() == "http, https");
  BOOST_TEST(Registry<int>({}).names().empty());
}

BOOST_AUTO_TEST_CASE(a_file_descriptor_closes_what_it_owns_once) {
  const int number = openNull();
  {
    FileDescriptor first(number);
    const FileDescriptor second(std::move(first));
    BOOST_TEST(!first);
    BOOST_TEST(second.get() == number);
  }
  BOOST_TEST(!isOpen(number));
}

BOOST_AUTO_TEST_CASE(a_file_descriptor_that_is_assigned_over_is_closed) {
  const int old = openNull();
  FileDescriptor kept(old);
  kept = FileDescriptor(openNull());
  BOOST_TEST(!isOpen(old));
  BOOST_TEST(isOpen(kept.get()));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_leaves_nothing) {
  for (const milliseconds span : {milliseconds{0}, milliseconds{-5}}) {
    const Deadline deadline = Deadline::after(span);
    BOOST_TEST(deadline.expired());
    BOOST_TEST(deadline.remaining().count() == 0);
    BOOST_TEST(deadline.pollTimeout() == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_wait_for_what_remains_ends_at_or_after_the_deadline) {
  const Deadline deadline = Deadline::after(milliseconds{3});
  std::this_thread::sleep_for(deadline.remaining());
  BOOST_TEST(deadline.expired());
}

BOOST_AUTO_TEST_CASE(a_distant_deadline_fits_into_the_argument_of_poll) {
  const Deadline deadline = Deadline::after(std::chrono::hours{24 * 365 * 10});
  BOOST_TEST(!deadline.expired());
  BOOST_TEST(deadline.pollTimeout() == std::numeric_limits<int>::max());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest
