#!/bin/bash
# `make run`: httpd with both modules in a ServerRoot of its own under ./run, a small origin behind them; sends requests
# through both, shows what came back, and stops everything on Ctrl-C. The system's Apache configuration is not touched.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
root=$PWD/run
reverse=127.0.0.1:8080 forward=127.0.0.1:3128 origin=127.0.0.1:8081

for address in $reverse $forward $origin; do
    if (exec 3<>"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; then
        echo "make run: something listens on $address already; end it first" >&2
        exit 1
    fi
done

mkdir -p "$root"
# Outside the tree: httpd's children run as www-data, and a tree below /root is closed to them.
htdocs=$(mktemp -d)
chmod 755 "$htdocs"
echo 'Hello from the origin.' > "$htdocs/hello.txt"
rm -f "$root/error.log" "$root/access.log"
asRoot=
[ "$(id -u)" != 0 ] || asRoot='User www-data
Group www-data'
sed -e "s#@ROOT@#$root#g; s#@BUILD@#$build#g; s#@HTDOCS@#$htdocs#g; s#@MODULES@#$(apxs -q LIBEXECDIR)#g" \
    -e "s#@REVERSE@#$reverse#g; s#@FORWARD@#$forward#g; s#@ORIGIN@#$origin#g" conf/demo/httpd.conf > "$root/httpd.conf"
echo "$asRoot" >> "$root/httpd.conf"

apache2 -d "$root" -f "$root/httpd.conf" -DFOREGROUND &
httpd=$!
stop() {
    trap - EXIT INT TERM
    kill "$httpd" 2>/dev/null || true
    wait "$httpd" 2>/dev/null || true
    rm -rf "$htdocs"
    echo
    echo "Stopped."
}
trap stop EXIT
trap 'exit 0' INT TERM

for _ in $(seq 50); do
    curl -s -o "$root/first" "http://$reverse/hello.txt" && break
    kill -0 "$httpd" 2>/dev/null || { cat "$root/error.log" >&2; exit 1; }
    sleep 0.1
done

show() {
    echo
    echo "\$ $*"
    "$@"
}
echo
echo "The reverse proxy is on http://$reverse, the forward proxy on $forward, the origin on http://$origin."
show curl -sSi "http://$reverse/hello.txt"
show curl -sSi -x "http://$forward" "http://$origin/hello.txt"
show curl -sSi -p -x "http://$forward" "http://$origin/hello.txt"
show curl -s -o /dev/null -w '%{http_code}: a destination that is not open\n' -x "http://$forward" http://example.com/
cat <<EOF

Try the lines above yourself. Their log is run/error.log, the configuration run/httpd.conf. Ctrl-C stops everything.
EOF
wait "$httpd"
