#!/bin/bash
# CPU seconds per GB of the whole httpd process tree through a CONNECT tunnel, ours and stock mod_proxy_connect side by
# side: the same httpd, the same MPM settings, measured alternately in one run. The load sends both ways at once and
# compares every byte. Loopback only; every load ends by itself. Prints a table.
#   GB (default 2) in each direction, ROUNDS (default 3).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
gigabytes=${GB:-2} rounds=${ROUNDS:-3}
modules=$(apxs -q LIBEXECDIR)
work=$(mktemp -d)
chmod 755 "$work"
started=()
# Only what this script started ends here, by its process number.
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

g++ -std=c++20 -O2 -pthread tests/bench/tunnel_load.cpp -o "$work/tunnel_load"

freePort() { # a port that nothing listens on
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

waitForPort() {
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "nothing answers on port $1; $2 says:" >&2
    cat "$2" >&2
    exit 1
}

startHttpd() { # name, port, configuration
    cat > "$work/$1.conf" <<END
ServerRoot $work
DefaultRuntimeDir $work
PidFile $work/$1.pid
ErrorLog $work/$1.log
LogLevel warn
ServerName localhost
Listen 127.0.0.1:$2
User www-data
Group www-data
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
MinSpareThreads 25
MaxSpareThreads 25
$3
END
    apache2 -f "$work/$1.conf" -DFOREGROUND 2>>"$work/$1.log" &
    started+=($!)
    waitForPort "$2" "$work/$1.log"
}

oursPort=$(freePort)
startHttpd ours "$oursPort" "LoadModule fwdproxy_module $build/mod_fwdproxy.so
FwdProxyRequests On
FwdProxyAllow 127.0.0.1:1-65535"
oursPid=${started[-1]}
stockPort=$(freePort)
startHttpd stock "$stockPort" "LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_connect_module $modules/mod_proxy_connect.so
ProxyRequests On
AllowCONNECT 1-65535"
stockPid=${started[-1]}

ticksOfTree() { # utime+stime of a process and its children, in clock ticks
    local total=0 pid fields
    for pid in "$1" $(pgrep -P "$1"); do
        fields=$(sed 's/.*) //' "/proc/$pid/stat")
        total=$((total + $(awk '{ print $12 + $13 }' <<<"$fields")))
    done
    echo "$total"
}

measure() { # pid, port: CPU seconds per GB that passed, and seconds in all
    local before after took
    before=$(ticksOfTree "$1")
    took=$(timeout $((60 + gigabytes * 60)) "$work/tunnel_load" "$2" $((gigabytes * 1000000000)))
    after=$(ticksOfTree "$1")
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v gigabytes=$((2 * gigabytes)) -v took="$took" \
        'BEGIN { printf "%.3f %.2f\n", ticks / hz / gigabytes, took }'
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

: > "$work/ours.figures"
: > "$work/stock.figures"
for _ in $(seq "$rounds"); do
    measure "$oursPid" "$oursPort" >> "$work/ours.figures"
    measure "$stockPid" "$stockPort" >> "$work/stock.figures"
done
printf '%-34s %10s %10s %8s\n' "$gigabytes GB each way at once" ours stock ratio
row() { # what, column
    local ours stock
    ours=$(cut -d' ' -f"$2" "$work/ours.figures" | median)
    stock=$(cut -d' ' -f"$2" "$work/stock.figures" | median)
    awk -v what="$1" -v ours="$ours" -v stock="$stock" \
        'BEGIN { printf "%-34s %10s %10s %8.2f\n", what, ours, stock, ours / stock }'
}
row "CPU seconds per GB" 1
row "seconds for all" 2
