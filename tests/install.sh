#!/bin/bash
# `make install` puts everything where apxs and a2enmod look, the installed pair loads, and `make uninstall` takes it away.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
make --no-print-directory -s install BUILD="${BUILD:-build}" DESTDIR="$target"
modules=$target$(apxs -q LIBEXECDIR)
available=$target/etc/apache2/mods-available
interfaces=$target$(apxs -q INCLUDEDIR)
for file in "$modules"/mod_fwdproxy.so "$modules"/mod_revproxy.so "$modules"/libproxycommon.so.* \
    "$available"/fwdproxy.load "$available"/fwdproxy.conf "$available"/revproxy.load "$available"/revproxy.conf \
    "$interfaces"/revproxy_balancer.h "$interfaces"/revproxy_cache.h; do
    [ -f "$file" ] || { echo "install: $file is missing" >&2; exit 1; }
done
# What other modules build against is C, and C++, by itself.
for header in "$interfaces"/revproxy_balancer.h "$interfaces"/revproxy_cache.h; do
    gcc -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c "$header"
    g++ -std=c++98 -pedantic -Wno-long-long -Wall -Wextra -Werror -fsyntax-only -x c++ "$header"
done
# By the command of docs/caching.md and docs/balancer-methods.md.
cp tests/integration/modules/mod_example_cache.c tests/integration/modules/mod_example_balancer.c "$target"
for example in mod_example_cache mod_example_balancer; do
    (cd "$target" && apxs -c -I "$interfaces" "$example.c") > "$target/apxs.log" 2>&1 ||
        { cat "$target/apxs.log" >&2; exit 1; }
done
cat > "$target/httpd.conf" <<EOF
ServerRoot $target
DefaultRuntimeDir $target
PidFile $target/pid
ErrorLog $target/error.log
ServerName localhost
Listen 127.0.0.1:1
LoadModule mpm_event_module $(apxs -q LIBEXECDIR)/mod_mpm_event.so
LoadModule authz_core_module $(apxs -q LIBEXECDIR)/mod_authz_core.so
$(sed "s#/usr/lib/apache2#$target&#" "$available"/fwdproxy.load "$available"/revproxy.load)
Include $available/fwdproxy.conf
Include $available/revproxy.conf
EOF
# A sanitizer's build loads only into a process that has its runtime.
[ -n "${SANITIZE:-}" ] || apache2 -t -f "$target/httpd.conf" 2>/dev/null || { apache2 -t -f "$target/httpd.conf"; exit 1; }
make --no-print-directory -s uninstall BUILD="${BUILD:-build}" DESTDIR="$target"
left=$(find "$modules" "$available" "$interfaces" -type f)
[ -z "$left" ] || { echo "install: uninstall leaves $left" >&2; exit 1; }
