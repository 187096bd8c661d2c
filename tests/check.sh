#!/bin/bash
# Runs everything that proves the build, and counts: the last line is "N passed, N failed", each a test case or a script.
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
export BOOST_TEST_LOG_LEVEL=error
. tests/count.sh

script() { # what, command…
    local what=$1
    shift
    if "$@"; then
        echo "ok      $what"
        passed=$((passed + 1))
    else
        echo "FAILED  $what"
        failed=$((failed + 1))
    fi
}

# Builds for the sanitizers and runs what they are to see. Most of the time of the other tests is waiting: building takes
# what they leave.
sanitized() {
    nice -n 19 make --no-print-directory -j"$(nproc)" BUILD="$build" sanitized > "$build/sanitized.log" 2>&1 || return
    run under_thread_sanitizer "$build-thread/thread_tests"
    # httpd under AddressSanitizer; the tests themselves need none.
    BUILD="$build-address" SANITIZE=address LOWEST_PORT=8000 run under_address_sanitizer "$build/integration_tests" \
        --run_test=tunnels/*/event:parking/*/event:upgrade/*/event:buffering/*/event:drain/*/event:hostile_backend/*/event:wire_bytes/*/event:http2_backend/*/event:retries/*/event:expect/*/event:trailers/*/event:upload_trailers/*/event:pool_limits/*/event:failover/*/event:limits/*/event:sticky_sessions/*/event:health/*/event:cache_collapse/*/event:cache_sharing/*/event:status_page:balancer_mapping:cache_table
}

if [ -z "${SANITIZE:-}" ]; then
    sanitized > "$build/under_sanitizers.log" 2>&1 &
    sanitizers=$!
fi
script "layers: who includes whom" tests/layers.sh
script "exports: what the objects show" env BUILD="$build" tests/exports.sh
script "install: into a folder of its own" env BUILD="$build" tests/install.sh
cases unit_tests "$build/unit_tests"
cases integration_tests "$build/integration_tests"
if [ -n "${sanitizers:-}" ]; then
    if wait "$sanitizers"; then
        cat "$build/under_sanitizers.log"
        count under_thread_sanitizer
        count under_address_sanitizer
    else
        cat "$build/sanitized.log"
        script "sanitizers: what is built for them" false
    fi
fi
total
