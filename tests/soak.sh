#!/bin/bash
# The scenarios of many tunnels and waiting requests at full size, with what is said of time and memory. They are small
# in `make check`. Takes some minutes and 2 GB of memory. With arguments: only the suites named. The last line is
# "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
suites=(tunnels parking upgrade buffering drain status_page http2_backend large_bodies keepalive_race failover sticky_sessions limits
    cache_collapse cache_sharing cache_survival lmdb_eviction)
[ $# = 0 ] || suites=("$@")

# A test holds both ends of 8,000 tunnels.
needed=18000
ulimit -Sn "$(ulimit -Hn)"
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt $needed ]; then
    echo "soak: $needed descriptors are needed, and the hard limit is $(ulimit -n)" >&2
    exit 1
fi

export BOOST_TEST_LOG_LEVEL=message
. tests/count.sh
for suite in "${suites[@]}"; do
    program=$build/integration_tests
    [ "$suite" = lmdb_eviction ] && program=$build/unit_tests
    PROXY_SOAK=1 BUILD="$build" cases "soak-$suite" "$program" --run_test="$suite"
done
total
