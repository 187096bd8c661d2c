# The build of both modules and of the library under them. `make run` shows them at work, `make check` proves them.
#   make all run check soak bench fuzz install uninstall deps format lint clean
#   SANITIZE=address builds everything, tests included, under that sanitizer, in a folder of its own.

VERSION := 0.1.0
SANITIZE ?=
BUILD ?= build$(addprefix -,$(SANITIZE))
DESTDIR ?=

CXX := g++
APXS ?= apxs
PACKAGES := .ci/install-packages

# Asked for when a recipe runs, so that `make deps` can install apxs and pkg-config first.
HTTPD_FLAGS = $(shell pkg-config --cflags-only-other apr-1 apr-util-1) \
  $(addprefix -isystem ,$(shell $(APXS) -q INCLUDEDIR) $(patsubst -I%,%,$(shell pkg-config --cflags-only-I apr-1 apr-util-1)))

WARNINGS := -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
HARDENING := -fstack-protector-strong $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
# Sanitizers look at what is done, not at how fast. Coroutines that end into one another must not need stack.
CXXFLAGS ?= $(if $(SANITIZE),-O1 -g1 -foptimize-sibling-calls,-O2 -g1)
# Asio must not bring threads' worth of signal handling or old interfaces along.
DEFINES := -D_GNU_SOURCE -DPROXYCOMMON_VERSION='"$(VERSION)"' -DBOOST_ASIO_NO_DEPRECATED
# Without vptr: it wants type names that hidden visibility keeps apart. The warnings are wrong about Boost under
# sanitizers, or tell of fences that ThreadSanitizer does not follow.
comma := ,
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE)$(if $(filter address,$(SANITIZE)),$(comma)undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined) -fno-omit-frame-pointer\
  -Wno-maybe-uninitialized $(if $(filter thread,$(SANITIZE)),-Wno-tsan))
COMPILE = $(CXX) -std=c++20 $(CXXFLAGS) -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -fno-gnu-unique -pthread \
  $(WARNINGS) $(HARDENING) $(SANITIZER) $(DEFINES) -I. $(HTTPD_FLAGS) -MMD -MP
LINK_SHARED = $(CXX) -shared -pthread $(SANITIZER) -Wl,-z,relro,-z,now,-z,nodelete,--as-needed

# Objects that know nothing of httpd are also linked straight into the unit tests.
common_core := $(wildcard $(addsuffix /*.cpp,$(addprefix common/,base net pool http reactor shared cache)))
common_httpd := $(wildcard common/httpd/*.cpp)
fwdproxy_core := $(wildcard mod_fwdproxy/access/*.cpp)
fwdproxy_httpd := $(wildcard mod_fwdproxy/*.cpp)
revproxy_core := $(addprefix mod_revproxy/,mapping.cpp backend.cpp reverse_map.cpp balancer.cpp status_range.cpp foreign_store.cpp) \
  $(wildcard $(addsuffix /*.cpp,$(addprefix mod_revproxy/,balancer health status)))
revproxy_httpd := $(filter-out $(revproxy_core),$(wildcard mod_revproxy/*.cpp))
test_support := $(wildcard tests/support/*.cpp)
unit_tests := $(wildcard tests/unit/*.cpp tests/unit/*/*.cpp tests/unit/*/*/*.cpp)
integration_support := $(wildcard tests/integration/support/*.cpp) $(test_support)
integration_tests := $(filter-out $(integration_support),$(wildcard tests/integration/*.cpp tests/integration/*/*.cpp))
objects = $(patsubst %.cpp,$(BUILD)/%.o,$(1))

# What modules of others are built against.
interfaces := $(wildcard mod_revproxy/api/*.h)
# Modules in C that are loaded beside ours.
test_modules := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/integration/modules/*.c))

library := $(BUILD)/libproxycommon.so.$(VERSION)
modules := $(BUILD)/mod_fwdproxy.so $(BUILD)/mod_revproxy.so

# As many compilers as processors, unless the caller has said how many.
parallel = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.DELETE_ON_ERROR:
.PHONY: all run check soak bench install uninstall deps format lint clean fuzz

all: build-deps
	@$(MAKE) --no-print-directory $(parallel) modules

.PHONY: modules tests sanitized build-deps test-deps
modules: $(library) $(modules)
tests: $(BUILD)/unit_tests $(BUILD)/integration_tests $(test_modules)

build-deps:
	@$(PACKAGES) build
test-deps:
	@$(PACKAGES) build run test
deps:
	@$(PACKAGES) build run test lint

$(BUILD)/%.o: %.cpp Makefile
	@mkdir -p $(@D)
	@echo "  c++   $<"
	@$(COMPILE) -c $< -o $@

$(library): $(call objects,$(common_core) $(common_httpd)) common/exports.map
	@echo "  link  $@"
	@$(LINK_SHARED) -Wl,-soname,$(@F) -Wl,--version-script=common/exports.map $(filter %.o,$^) -lcurl -lcares -lnghttp2 -llmdb -lssl -lcrypto -o $@

$(BUILD)/mod_fwdproxy.so: $(call objects,$(fwdproxy_core) $(fwdproxy_httpd))
$(BUILD)/mod_revproxy.so: $(call objects,$(revproxy_core) $(revproxy_httpd))
$(BUILD)/mod_revproxy.so: libraries := -lpcre2-8
$(modules): $(BUILD)/%.so: $(library) %/exports.map
	@echo "  link  $@"
	@$(LINK_SHARED) -Wl,-rpath,'$$ORIGIN' -Wl,--version-script=$*/exports.map $(filter %.o,$^) $(library) $(libraries) -o $@

# Boost.Test's own headers are not clean under our warnings' strictest members.
$(BUILD)/tests/%.o: WARNINGS := -Wall -Wextra -Werror
$(BUILD)/tests/%.o: DEFINES += -DBOOST_TEST_DYN_LINK
# Compiling them is most of their cost: under no sanitizer it takes half as long so. Hardening wants an optimizer.
optimized_tests := -O1 -g1 -foptimize-sibling-calls
$(BUILD)/tests/%.o: CXXFLAGS := $(if $(SANITIZE),$(optimized_tests),-O0 -g1)
$(BUILD)/tests/%.o: HARDENING :=
# What they stand on makes, sends and hashes hundreds of megabytes.
$(addprefix $(BUILD)/tests/,$(addsuffix /%.o,support unit/support integration/support)): CXXFLAGS := $(optimized_tests)

# The optimized objects first: of functions that many have, such as those of templates, the linker takes the first. In
# what is tested, coroutines that end into one another must not need stack.
$(BUILD)/unit_tests: $(call objects,$(common_core) $(fwdproxy_core) $(revproxy_core) $(test_support) $(unit_tests))
	@echo "  link  $@"
	@$(CXX) -pthread $(SANITIZER) $^ -lboost_unit_test_framework -lcurl -lcares -lnghttp2 -lpcre2-8 -llmdb -lssl -lcrypto -o $@

$(BUILD)/integration_tests: $(call objects,$(integration_support) $(integration_tests))
	@echo "  link  $@"
	@$(CXX) -pthread $(SANITIZER) $^ -lboost_unit_test_framework -lcurl -lnghttp2 -llmdb -lssl -lcrypto -o $@

# As somebody would build them who has what `make install` installs.
$(test_modules): $(BUILD)/%.so: %.c $(interfaces) Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(shell $(APXS) -q CC) -std=gnu99 -O2 -g -Wall -Wextra -Werror -fPIC -shared $(HTTPD_FLAGS) -Imod_revproxy/api $< -o $@

$(BUILD)/tests/bench/%.o: CXXFLAGS := -O2 -g
$(BUILD)/choices: $(call objects,tests/bench/choices.cpp $(common_core) $(revproxy_core))
	@echo "  link  $@"
	@$(CXX) -pthread $(SANITIZER) $^ -lcurl -lcares -lnghttp2 -lpcre2-8 -llmdb -lssl -lcrypto -o $@

# What threads share, for ThreadSanitizer: the reactor, what it stands on, and what shares connections on it.
thread_tests := $(wildcard tests/unit/*.cpp tests/unit/support/*.cpp tests/unit/common/reactor/*.cpp tests/unit/common/shared/*.cpp) $(test_support) \
  $(addprefix tests/unit/common/cache/,flights_test.cpp flights_processes_test.cpp hit_for_miss_test.cpp incoming_body_test.cpp) \
  tests/unit/common/http/h2_pool_test.cpp tests/unit/common/pool/pool_queue_test.cpp \
  $(addprefix tests/unit/common/net/,address_race_test.cpp connector_test.cpp resolver_test.cpp)
# Not all of the cache: compiling what they do not look at would take minutes.
thread_core := $(filter-out common/cache/%,$(common_core)) \
  $(addprefix common/cache/,flight_slots.cpp flights.cpp hit_for_miss.cpp incoming_body.cpp)
$(BUILD)/thread_tests: $(call objects,$(thread_tests) $(thread_core))
	@echo "  link  $@"
	@$(CXX) -pthread $(SANITIZER) $^ -lboost_unit_test_framework -lcurl -lcares -lnghttp2 -llmdb -lssl -lcrypto -o $@

# Under a sanitizer that was asked for: everything. Else what waits is also run under AddressSanitizer, with modules built
# for it, and what threads share under ThreadSanitizer: tests/check.sh has them built, beside the tests of the others.
check: test-deps
	@$(MAKE) --no-print-directory $(parallel) modules tests
	@BUILD=$(BUILD) SANITIZE=$(SANITIZE) tests/check.sh
sanitized:
	@$(MAKE) --no-print-directory $(parallel) SANITIZE=address BUILD=$(BUILD)-address modules
	@$(MAKE) --no-print-directory $(parallel) SANITIZE=thread BUILD=$(BUILD)-thread $(BUILD)-thread/thread_tests

# The suites of what waits, at full size and with limits of time: minutes, and 18,000 descriptors.
soak: test-deps
	@$(MAKE) --no-print-directory $(parallel) modules tests
	@BUILD=$(BUILD) SANITIZE=$(SANITIZE) tests/soak.sh

run: build-deps
	@$(PACKAGES) run
	@$(MAKE) --no-print-directory $(parallel) modules
	@BUILD=$(BUILD) conf/demo/run.sh

bench: test-deps
	@$(MAKE) --no-print-directory $(parallel) modules $(BUILD)/choices
	@$(BUILD)/choices
	@BUILD=$(BUILD) tests/bench/bench.sh
	@BUILD=$(BUILD) tests/bench/tunnel.sh
	@BUILD=$(BUILD) tests/bench/scrape.sh
	@BUILD=$(BUILD) tests/bench/cache.sh

# Renamed into place: a file that a running httpd has mapped must not change under it. An upgrade needs stop and start.
module_dir = $(DESTDIR)$(shell $(APXS) -q LIBEXECDIR)
config_dir = $(DESTDIR)/etc/apache2/mods-available
include_dir = $(DESTDIR)$(shell $(APXS) -q INCLUDEDIR)
install: build-deps
	@$(MAKE) --no-print-directory $(parallel) modules
	install -d $(module_dir) $(config_dir) $(include_dir)
	install -m 644 $(interfaces) $(include_dir)
	for file in $(library) $(modules); do \
	  install -m 644 $$file $(module_dir)/.$$(basename $$file).new && \
	  mv $(module_dir)/.$$(basename $$file).new $(module_dir)/$$(basename $$file) || exit 1; done
	for name in fwdproxy revproxy; do \
	  sed 's#/usr/lib/apache2/modules#$(shell $(APXS) -q LIBEXECDIR)#' conf/$$name.load > $(config_dir)/$$name.load && \
	  { [ -e $(config_dir)/$$name.conf ] || install -m 644 conf/$$name.conf $(config_dir)/$$name.conf; } || exit 1; done
# A configuration file that was edited stays.
uninstall:
	rm -f $(addprefix $(module_dir)/,$(notdir $(library) $(modules)))
	rm -f $(config_dir)/fwdproxy.load $(config_dir)/revproxy.load $(addprefix $(include_dir)/,$(notdir $(interfaces)))
	for name in fwdproxy revproxy; do \
	  if cmp -s conf/$$name.conf $(config_dir)/$$name.conf; then rm $(config_dir)/$$name.conf; fi; done

# Hostile bytes against everything that parses, FUZZ_SECONDS each; what is found stays in $(BUILD)/fuzz.
FUZZ_SECONDS ?= 30
fuzzers := $(patsubst tests/fuzz/%.cpp,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.cpp))
fuzz_sources := $(wildcard common/base/*.cpp) $(addprefix common/http/,forwarded.cpp h2_request.cpp h2_response.cpp h2_session.cpp header_rules.cpp \
  raw_path.cpp request_head.cpp response_parser.cpp set_cookie.cpp upgrade.cpp url.cpp) mod_revproxy/reverse_map.cpp \
  $(addprefix mod_revproxy/balancer/,sticky.cpp sticky_settings.cpp) \
  $(addprefix common/cache/,byte_ranges.cpp cache_control.cpp cache_key.cpp cache_status.cpp cache_tags.cpp cacheability.cpp digest.cpp \
  freshness.cpp http_date.cpp invalidation.cpp preconditions.cpp revalidation.cpp serving.cpp stored_response.cpp \
  structured_dictionary.cpp vary.cpp) \
  $(addprefix common/net/,address_guard.cpp ip_address.cpp port_set.cpp service_records.cpp) $(fwdproxy_core)
$(BUILD)/fuzz/%: tests/fuzz/%.cpp $(fuzz_sources)
	@mkdir -p $(@D)
	clang++ -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -I. -pthread $^ -o $@ -lnghttp2 -lcrypto
fuzz:
	@$(PACKAGES) build fuzz
	@$(MAKE) --no-print-directory $(parallel) $(fuzzers)
	cd $(BUILD)/fuzz && for fuzzer in $(notdir $(fuzzers)); do ./$$fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -dict=$(CURDIR)/tests/fuzz/http.dict || exit 1; done

format:
	@$(PACKAGES) lint
	clang-format -i $$(find common mod_fwdproxy mod_revproxy tests -name '*.cpp' -o -name '*.h')
lint:
	@$(PACKAGES) lint
	clang-format --dry-run -Werror $$(find common mod_fwdproxy mod_revproxy tests -name '*.cpp' -o -name '*.h')
	tests/layers.sh
clean:
	rm -rf build build-* run

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
