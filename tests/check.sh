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

script "layers: who includes whom" tests/layers.sh
script "exports: what the objects show" env BUILD="$build" tests/exports.sh
script "install: into a folder of its own" env BUILD="$build" tests/install.sh
cases unit_tests "$build/unit_tests"
if [ -z "${SANITIZE:-}" ]; then
    cases under_thread_sanitizer "$build-thread/thread_tests"
    # httpd under AddressSanitizer; the tests themselves need none. Beside the others: most of their time is waiting.
    BUILD="$build-address" SANITIZE=address run under_address_sanitizer "$build/integration_tests" \
        --run_test=tunnels/*/event:parking/*/event:upgrade/*/event:buffering/*/event:drain/*/event:hostile_backend/*/event:wire_bytes/*/event:http2_backend/*/event:retries/*/event:expect/*/event:trailers/*/event:upload_trailers/*/event:pool_limits/*/event:failover/*/event:limits/*/event:sticky_sessions/*/event:health/*/event:cache_collapse/*/event:cache_sharing/*/event:status_page:balancer_mapping:cache_table \
        > "$build/under_address_sanitizer.log" 2>&1 &
    address=$!
fi
cases integration_tests "$build/integration_tests"
if [ -n "${address:-}" ]; then
    wait "$address"
    cat "$build/under_address_sanitizer.log"
    count under_address_sanitizer
fi
total
