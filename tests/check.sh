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
cases integration_tests "$build/integration_tests"
if [ -z "${SANITIZE:-}" ]; then
    cases under_thread_sanitizer "$build-thread/thread_tests"
    # httpd under AddressSanitizer; the tests themselves need none.
    BUILD="$build-address" SANITIZE=address cases under_address_sanitizer "$build/integration_tests" \
        --run_test=tunnels:parking:upgrade:buffering:drain:status_page:hostile_backend:wire_bytes:http2_backend:retries:expect:trailers:upload_trailers:pool_limits:failover/*/event:limits:sticky_sessions/*/event:health:balancer_mapping
fi
total
