#!/bin/bash
# What being watched costs: requests per second through a balancer of three members, with a scrape of ?prometheus each
# second and without one, measured alternately on the same httpd. Loopback only; every load ends by itself. Prints the
# medians, with the ratio that is aimed at.
#   ROUNDS (default 5) rounds of SECONDS_PER_ROUND (default 5) each, CONNECTIONS (default 64) keep-alive connections.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
rounds=${ROUNDS:-5} seconds=${SECONDS_PER_ROUND:-5} connections=${CONNECTIONS:-64}

servers="" members=""
for _ in 1 2 3; do
    originPort=$(freePort)
    servers+="server { listen 127.0.0.1:$originPort backlog=4096; default_type text/plain; return 200 hello; }
"
    members+="RevProxyMember http://127.0.0.1:$originPort
"
done
cat > "$work/nginx.conf" <<END_OF_NGINX
daemon off; pid $work/nginx.pid; error_log $work/nginx.log warn; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  $servers
}
END_OF_NGINX
nginx -c "$work/nginx.conf" -p "$work" 2>"$work/nginx.log" &
started+=($!)

port=$(freePort)
startHttpd ours "$port" 2 64 "KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
LoadModule revproxy_module $build/mod_revproxy.so
<RevProxyBalancer app>
$members</RevProxyBalancer>
RevProxyPass /app balancer://app/
<Location /status>
SetHandler revproxy-status
</Location>"

scrapeEachSecond() {
    while :; do
        curl -sf -m 5 -o "$work/scraped" "http://127.0.0.1:$port/status?prometheus" && echo >> "$work/scrapes"
        sleep 1
    done
}

measure() { # requests per second
    wrk -t1 -c"$connections" -d"${seconds}s" "http://127.0.0.1:$port/app/x" > "$work/wrk"
    if grep -q 'Non-2xx' "$work/wrk"; then
        echo "the load saw errors:" >&2
        cat "$work/wrk" >&2
        exit 1
    fi
    awk '/Requests\/sec/ { print $2 }' "$work/wrk"
}

measure > /dev/null
: > "$work/alone.figures"
: > "$work/watched.figures"
: > "$work/scrapes"
for _ in $(seq "$rounds"); do
    measure >> "$work/alone.figures"
    scrapeEachSecond &
    started+=($!)
    measure >> "$work/watched.figures"
    kill "${started[-1]}"
    unset "started[-1]"
done
[ "$(wc -l < "$work/scrapes")" -ge $((rounds * seconds / 2)) ] || {
    echo "too few scrapes were answered: $(wc -l < "$work/scrapes")" >&2
    exit 1
}

alone=$(median < "$work/alone.figures") watched=$(median < "$work/watched.figures")
printf '%-22s %10s %10s %8s %8s\n' "requests per second" alone watched ratio target
awk -v alone="$alone" -v watched="$watched" \
    'BEGIN { printf "%-22s %10s %10s %8.3f %8s\n", "scraped each second", alone, watched, watched / alone, "0.99" }'
