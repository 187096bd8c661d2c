#!/bin/bash
# CPU seconds per GB of the whole httpd process tree through a CONNECT tunnel, ours and stock mod_proxy_connect side by
# side: the same httpd, the same MPM settings, measured alternately in one run. The load sends both ways at once and
# compares every byte. Loopback only; every load ends by itself. Prints a table, and fails when ours costs more than it
# may of what stock does.
#   GB (default 10) in each direction, ROUNDS (default 1).
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
gigabytes=${GB:-10} rounds=${ROUNDS:-1}
most=0.8

g++ -std=c++20 -O2 -pthread tests/bench/tunnel_load.cpp -o "$work/tunnel_load"

oursPort=$(freePort)
startHttpd ours "$oursPort" 1 25 "LoadModule fwdproxy_module $build/mod_fwdproxy.so
FwdProxyRequests On
FwdProxyAllow 127.0.0.1:1-65535"
oursPid=${started[-1]}
stockPort=$(freePort)
startHttpd stock "$stockPort" 1 25 "LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_connect_module $modules/mod_proxy_connect.so
ProxyRequests On
AllowCONNECT 1-65535"
stockPid=${started[-1]}

measure() { # pid, port: CPU seconds per GB that passed, and seconds in all
    local before after took
    before=$(ticksOfTree "$1")
    took=$(timeout $((60 + gigabytes * 60)) "$work/tunnel_load" "$2" $((gigabytes * 1000000000)))
    after=$(ticksOfTree "$1")
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v gigabytes=$((2 * gigabytes)) -v took="$took" \
        'BEGIN { printf "%.3f %.2f\n", ticks / hz / gigabytes, took }'
}

: > "$work/ours.figures"
: > "$work/stock.figures"
for _ in $(seq "$rounds"); do
    measure "$oursPid" "$oursPort" >> "$work/ours.figures"
    measure "$stockPid" "$stockPort" >> "$work/stock.figures"
done

figure() { cut -d' ' -f"$2" "$work/$1.figures" | median; } # whose, column
row() { # what, column
    awk -v what="$1" -v ours="$(figure ours "$2")" -v stock="$(figure stock "$2")" \
        'BEGIN { printf "%-34s %10s %10s %8.2f\n", what, ours, stock, ours / stock }'
}
printf '%-34s %10s %10s %8s\n' "$gigabytes GB each way at once" ours stock ratio
row "CPU seconds per GB" 1
row "seconds for all" 2
awk -v ours="$(figure ours 1)" -v stock="$(figure stock 1)" -v most="$most" 'BEGIN { exit (ours / stock > most) }' || {
    echo "a tunnel costs more than $most of the CPU time of stock httpd's" >&2
    exit 1
}
