#!/bin/bash
# CPU microseconds per request of the whole httpd process tree, ours and stock mod_proxy_http side by side: the same
# httpd, the same MPM settings, the same nginx behind them, measured alternately in one run. Loopback only; every load
# ends by itself. Prints a table; docs/performance.md keeps the figures.
#   ROUNDS (default 3) rounds of SECONDS (default 5) each, CONNECTIONS (default 64) keep-alive connections.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
rounds=${ROUNDS:-3} seconds=${SECONDS_PER_ROUND:-5} connections=${CONNECTIONS:-64}
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

mkdir -p "$work/origin"
head -c 64 /dev/zero | tr '\0' x > "$work/origin/small"
head -c 100000 /dev/zero | tr '\0' x > "$work/origin/large"
chmod -R a+rX "$work"

originPort=$(freePort)
cat > "$work/nginx.conf" <<EOF
daemon off; pid $work/nginx.pid; error_log $work/nginx.log warn; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$originPort backlog=4096; root $work/origin; default_type text/plain; }
}
EOF
nginx -c "$work/nginx.conf" -p "$work" 2>"$work/nginx.log" &
started+=($!)

startHttpd() { # name, port, configuration
    cat > "$work/$1.conf" <<EOF
ServerRoot $work
DefaultRuntimeDir $work
PidFile $work/$1.pid
ErrorLog $work/$1.log
LogLevel warn
ServerName localhost
Listen 127.0.0.1:$2
ListenBackLog 4096
User www-data
Group www-data
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
StartServers 2
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
MinSpareThreads 128
MaxSpareThreads 128
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
$3
EOF
    apache2 -f "$work/$1.conf" -DFOREGROUND 2>>"$work/$1.log" &
    started+=($!)
    waitForPort "$2" "$work/$1.log"
}

oursPort=$(freePort)
startHttpd ours "$oursPort" "LoadModule revproxy_module $build/mod_revproxy.so
RevProxyPass / http://127.0.0.1:$originPort/"
oursPid=${started[-1]}
stockPort=$(freePort)
# ProxyIOBufferSize and the rest as they come: what a user of stock httpd has.
startHttpd stock "$stockPort" "LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:$originPort/"
stockPid=${started[-1]}

ticksOfTree() { # utime+stime of a process and its children, in clock ticks
    local total=0 pid fields
    for pid in "$1" $(pgrep -P "$1"); do
        fields=$(sed 's/.*) //' "/proc/$pid/stat")
        total=$((total + $(awk '{ print $12 + $13 }' <<<"$fields")))
    done
    echo "$total"
}

measure() { # pid, port, path: CPU µs per request
    local before after requests
    wrk -t1 -c"$connections" -d1s "http://127.0.0.1:$2$3" >/dev/null
    before=$(ticksOfTree "$1")
    wrk -t1 -c"$connections" -d"${seconds}s" "http://127.0.0.1:$2$3" > "$work/wrk"
    after=$(ticksOfTree "$1")
    if grep -qE 'Non-2xx|Socket errors' "$work/wrk"; then
        echo "the load saw errors:" >&2
        cat "$work/wrk" >&2
        exit 1
    fi
    requests=$(awk '/requests in/ { print $1 }' "$work/wrk")
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v requests="$requests" \
        'BEGIN { printf "%.1f\n", ticks / hz * 1e6 / requests }'
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

printf '%-22s %10s %10s %8s\n' "CPU µs per request" ours stock ratio
for path in /small /large; do
    : > "$work/ours.figures"
    : > "$work/stock.figures"
    for _ in $(seq "$rounds"); do
        measure "$oursPid" "$oursPort" $path >> "$work/ours.figures"
        measure "$stockPid" "$stockPort" $path >> "$work/stock.figures"
    done
    ours=$(median < "$work/ours.figures") stock=$(median < "$work/stock.figures")
    awk -v path="$([ $path = /small ] && echo '64-byte response' || echo '100 kB response')" -v ours="$ours" \
        -v stock="$stock" 'BEGIN { printf "%-22s %10s %10s %8.2f\n", path, ours, stock, ours / stock }'
done
