#!/bin/bash
# The scenarios of many tunnels and waiting requests at full size, with what is said of time and memory. They are small
# in `make check`. Takes some minutes and 2 GB of memory. With arguments: only the suites named. The last line is
# "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
suites=(tunnels parking upgrade buffering drain status_page http2_backend)
[ $# = 0 ] || suites=("$@")

# A test holds both ends of 8,000 tunnels.
needed=18000
ulimit -Sn "$(ulimit -Hn)"
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt $needed ]; then
    echo "soak: $needed descriptors are needed, and the hard limit is $(ulimit -n)" >&2
    exit 1
fi

passed=0
failed=0
for suite in "${suites[@]}"; do
    report="$build/soak-$suite.report"
    echo "--      $suite"
    rm -f "$report"
    PROXY_SOAK=1 BUILD="$build" "$build/integration_tests" --run_test="$suite" --log_level=message \
        --report_level=detailed --report_format=HRF --report_sink="$report"
    status=$?
    good=$(grep -c '^  *Test case ".*" has passed' "$report" 2>/dev/null)
    bad=$(grep -cE '^  *Test case ".*" (has failed|was aborted|has timed out)' "$report" 2>/dev/null)
    # A program that died has told of what came before, but not of itself.
    [ $((good + bad)) -gt 0 ] && { [ $status = 0 ] || [ "$bad" -gt 0 ]; } || bad=$((bad + 1))
    echo "        $good passed, $bad failed"
    passed=$((passed + good))
    failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
