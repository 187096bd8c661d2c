#!/bin/bash
# CPU microseconds per request of answers from a cache: ours, mod_cache with mod_cache_socache (shmcb), nginx's
# proxy_cache and Varnish, each as its own documentation sets it up, with the same nginx as origin and the same load,
# measured alternately in one run. That they are hits is seen at the origin: it must not be asked while the load runs.
# Prints a table, with the ratios that are aimed at. Loopback only; every load ends by itself.
#   ROUNDS (default 3) rounds of SECONDS_PER_ROUND (default 5) each, CONNECTIONS (default 64) keep-alive connections.
#   SERVERS: those that are measured, of "ours mod_cache nginx varnish".
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
rounds=${ROUNDS:-3} seconds=${SECONDS_PER_ROUND:-5} connections=${CONNECTIONS:-64}
read -ra servers <<<"${SERVERS:-ours mod_cache nginx varnish}"
declare -A pid=() port=()

mkdir -p "$work/content"
head -c 1000 /dev/zero | tr '\0' x > "$work/content/small"
head -c 100000 /dev/zero | tr '\0' x > "$work/content/large"
chmod -R a+rX "$work"

keepAlive="KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60"

startNginx() { # name, port, lines of http {}
    # As root its workers are another's.
    mkdir -m 777 "$work/$1"
    cat > "$work/$1.conf" <<END
daemon off; pid $work/$1.pid; error_log $work/$1.log warn; worker_processes 2;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path $work/$1/body; proxy_temp_path $work/$1/proxy; fastcgi_temp_path $work/$1/fastcgi;
  uwsgi_temp_path $work/$1/uwsgi; scgi_temp_path $work/$1/scgi;
  $3
}
END
    nginx -c "$work/$1.conf" -p "$work" -e "$work/$1.log" 2>"$work/$1.log" &
    started+=($!)
    waitForPort "$2" "$work/$1.log"
}

start_ours() {
    startHttpd ours "$1" 2 64 "$keepAlive
LoadModule revproxy_module $build/mod_revproxy.so
RevProxyPass / $origin/
RevProxyCache on"
}

start_mod_cache() {
    startHttpd mod_cache "$1" 2 64 "$keepAlive
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
LoadModule cache_module $modules/mod_cache.so
LoadModule cache_socache_module $modules/mod_cache_socache.so
LoadModule socache_shmcb_module $modules/mod_socache_shmcb.so
ProxyPass / $origin/
CacheSocache shmcb:$work/mod_cache.cache(67108864)
CacheEnable socache /"
}

start_nginx() {
    startNginx nginx "$1" "proxy_cache_path $work/nginx/cache levels=1:2 keys_zone=bench:16m;
  server { listen 127.0.0.1:$1 backlog=4096; location / { proxy_pass $origin; proxy_cache bench; } }"
}

start_varnish() {
    varnishd -F -j none -n "$work/varnish" -T none -a "127.0.0.1:$1" -b "127.0.0.1:$originPort" -s malloc,256m \
        > "$work/varnish.log" 2>&1 &
    started+=($!)
    waitForPort "$1" "$work/varnish.log"
}

# Requests that the origin has had; each asking counts as well.
askedOfOrigin() { curl -sf "http://127.0.0.1:$statusPort/" | awk 'NR == 3 { print $3 }'; }

# What comes is the right body, and later it comes from the cache.
warm() { # server, path
    for _ in 1 2 3; do
        curl -sf "http://127.0.0.1:${port[$1]}$2" | cmp - "$work/content$2" || { echo "$1 answers $2 wrongly" >&2; exit 1; }
    done
}

measureHits() { # server, path: CPU µs per request
    local before asked
    before=$(askedOfOrigin)
    cpuPerRequest "${pid[$1]}" "${port[$1]}" "$2"
    asked=$(($(askedOfOrigin) - before - 1))
    [ "$asked" = 0 ] || { echo "$1 asked the origin for $2 $asked times: not hits" >&2; exit 1; }
}

figure() { # server: the median; - for one that was not measured
    if [ -s "$work/$1.figures" ]; then median < "$work/$1.figures"; else echo -; fi
}

row() { # path, what it is, the ratio to mod_cache that is aimed at
    local server
    rm -f "$work"/*.figures
    for server in "${servers[@]}"; do warm "$server" "$1"; done
    for _ in $(seq "$rounds"); do
        for server in "${servers[@]}"; do measureHits "$server" "$1" >> "$work/$server.figures"; done
    done
    awk -v what="$2" -v ours="$(figure ours)" -v stock="$(figure mod_cache)" -v nginx="$(figure nginx)" \
        -v varnish="$(figure varnish)" -v target="$3" '
        function ratio(to) { return ours == "-" || to == "-" ? "-" : sprintf("%.2f", ours / to) }
        BEGIN { printf "%-18s %7s %9s %7s %7s %10s %6s %9s %6s\n", what, ours, stock, nginx, varnish,
                ratio(stock), target, ratio(varnish), "1.00" }'
}

originPort=$(freePort)
statusPort=$(freePort)
origin=http://127.0.0.1:$originPort
startNginx origin "$originPort" "server { listen 127.0.0.1:$originPort backlog=4096; root $work/content; default_type text/plain;
    add_header Cache-Control max-age=3600; }
  server { listen 127.0.0.1:$statusPort; location / { stub_status; } }"
for server in "${servers[@]}"; do
    port[$server]=$(freePort)
    "start_$server" "${port[$server]}"
    pid[$server]=${started[-1]}
done

printf '%-18s %7s %9s %7s %7s %10s %6s %9s %6s\n' "CPU µs per hit" ours mod_cache nginx varnish /mod_cache target \
    /varnish target
row /small "1 kB response" 0.45
row /large "100 kB response" 0.35
