#!/bin/bash
# What each object shows to the rest of the process: a module its structure alone, the library names of proxycommon alone;
# and nothing that a module wants from the library is missing there. httpd loads modules RTLD_GLOBAL.
set -euo pipefail
build=${BUILD:-build}
faults=0
defined() { nm -D --defined-only "$1" | cut -d' ' -f3- | c++filt; }
fault() {
    echo "exports: $1" >&2
    faults=$((faults + 1))
}
for name in fwdproxy revproxy; do
    shown=$(defined "$build/mod_$name.so")
    [ "$shown" = "${name}_module" ] || fault "mod_$name.so shows more than its structure: $shown"
done
library=$(echo "$build"/libproxycommon.so.*)
foreign=$(defined "$library" | grep -vE '^((vtable|typeinfo|typeinfo name) for )?proxycommon::' || true)
[ -z "$foreign" ] || fault "the library shows foreign names: $foreign"
for module in "$build"/mod_*.so; do
    missing=$(comm -23 <(nm -D --undefined-only "$module" | awk '{ print $2 }' | grep 11proxycommon | sort) \
        <(nm -D --defined-only "$library" | awk '{ print $3 }' | sort) || true)
    [ -z "$missing" ] || fault "$module wants what the library does not show: $(c++filt <<<"$missing")"
done
[ $faults = 0 ] || exit 1
