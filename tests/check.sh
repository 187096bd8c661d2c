#!/bin/bash
# Runs everything that proves the build, and counts: the last line is "N passed, N failed", each a test case or a script.
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
passed=0
failed=0

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

# Boost.Test tells of each case in its report; a program that dies before it has one counts as one failure.
cases() { # what, program, arguments…
    local report="$build/$1.report" good bad
    echo "--      $1"
    rm -f "$report"
    "${@:2}" --report_level=detailed --report_format=HRF --report_sink="$report" --log_level=error
    local status=$?
    good=$(grep -c '^  *Test case ".*" has passed' "$report" 2>/dev/null)
    bad=$(grep -cE '^  *Test case ".*" (has failed|was aborted|has timed out)' "$report" 2>/dev/null)
    # A program that died has told of what came before, but not of itself.
    [ $((good + bad)) -gt 0 ] && { [ $status = 0 ] || [ "$bad" -gt 0 ]; } || bad=$((bad + 1))
    echo "        $good passed, $bad failed"
    passed=$((passed + good))
    failed=$((failed + bad))
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
        --run_test=tunnels:parking:upgrade:buffering:drain:status_page:hostile_backend:wire_bytes
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
