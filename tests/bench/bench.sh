#!/bin/bash
# CPU microseconds per request of the whole httpd process tree, ours and stock mod_proxy_http side by side: the same
# httpd, the same MPM settings, the same nginx behind them, measured alternately in one run. Loopback only; every load
# ends by itself. Prints a table, with the ratio that is aimed at; docs/performance.md keeps the figures.
#   ROUNDS (default 3) rounds of SECONDS_PER_ROUND (default 5) each, CONNECTIONS (default 64) keep-alive connections.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
rounds=${ROUNDS:-3} seconds=${SECONDS_PER_ROUND:-5} connections=${CONNECTIONS:-64}

mkdir -p "$work/origin"
head -c 64 /dev/zero | tr '\0' x > "$work/origin/small"
head -c 100000 /dev/zero | tr '\0' x > "$work/origin/large"
chmod -R a+rX "$work"

originPort=$(freePort)
cat > "$work/nginx.conf" <<END
daemon off; pid $work/nginx.pid; error_log $work/nginx.log warn; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server { listen 127.0.0.1:$originPort backlog=4096; root $work/origin; default_type text/plain; }
}
END
nginx -c "$work/nginx.conf" -p "$work" 2>"$work/nginx.log" &
started+=($!)

keepAlive="KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60"
oursPort=$(freePort)
startHttpd ours "$oursPort" 2 64 "$keepAlive
LoadModule revproxy_module $build/mod_revproxy.so
RevProxyPass / http://127.0.0.1:$originPort/"
oursPid=${started[-1]}
stockPort=$(freePort)
# ProxyIOBufferSize and the rest as they come: what a user of stock httpd has.
startHttpd stock "$stockPort" 2 64 "$keepAlive
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
ProxyPass / http://127.0.0.1:$originPort/"
stockPid=${started[-1]}

row() { # path, what it is, the ratio that is aimed at
    local ours stock
    : > "$work/ours.figures"
    : > "$work/stock.figures"
    for _ in $(seq "$rounds"); do
        cpuPerRequest "$oursPid" "$oursPort" "$1" >> "$work/ours.figures"
        cpuPerRequest "$stockPid" "$stockPort" "$1" >> "$work/stock.figures"
    done
    ours=$(median < "$work/ours.figures") stock=$(median < "$work/stock.figures")
    awk -v what="$2" -v ours="$ours" -v stock="$stock" -v target="$3" \
        'BEGIN { printf "%-22s %10s %10s %8.2f %8s\n", what, ours, stock, ours / stock, target }'
}

printf '%-22s %10s %10s %8s %8s\n' "CPU µs per request" ours stock ratio target
row /small "64-byte response" 0.55
row /large "100 kB response" 0.50
