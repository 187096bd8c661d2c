#!/bin/bash
# Who may include whom. Arrows point down: mod_x → access/mapping/… → http, reactor → pool → net → base. A header of httpd, curl,
# OpenSSL or Boost may come in only by the doors named here; adding a door is a decision to defend.
set -euo pipefail
cd "$(dirname "$0")/.."
faults=0
seen=0
fault() {
    echo "layers: $1" >&2
    faults=$((faults + 1))
}

# what balancer, health and status, which do not know each other, stand on; of mod_revproxy what is pure
revproxyBelow='common/base common/net common/http common/shared common/cache mod_revproxy'
# rooms KEY may include
declare -A below=(
    [common/base]='common/base'
    [common/net]='common/base common/net'
    [common/pool]='common/base common/net common/pool'
    [common/http]='common/base common/net common/pool common/http'
    [common/reactor]='common/base common/net common/reactor'
    [common/shared]='common/base common/shared'
    [common/cache]='common/base common/net common/http common/shared common/cache'
    [common/httpd]='common/base common/net common/pool common/http common/reactor common/shared common/cache common/httpd'
    [mod_fwdproxy/access]='common/base common/net common/http mod_fwdproxy/access'
    [mod_fwdproxy]='common/base common/net common/pool common/http common/cache common/httpd mod_fwdproxy/access mod_fwdproxy'
    [mod_revproxy/balancer]="$revproxyBelow mod_revproxy/balancer"
    [mod_revproxy/health]="$revproxyBelow common/reactor mod_revproxy/health"
    [mod_revproxy/status]="$revproxyBelow mod_revproxy/balancer mod_revproxy/status"
    [mod_revproxy/api]=''
    [mod_revproxy]='common/base common/net common/pool common/http common/reactor common/shared common/cache common/httpd mod_revproxy/balancer mod_revproxy/health mod_revproxy/status mod_revproxy/api mod_revproxy'
)
# files of a module that know nothing of httpd, though they stand beside those that do
pure='mod_revproxy/((mapping|backend|reverse_map|balancer|member_state|status_range|named_address|foreign_store|(balancer|health|status|api)/[a-z_0-9]*)\.(h|cpp))'

# what the outside is, and the only files that may include it
httpdHeaders='<(httpd|http_[a-z]*|ap_[a-z_]*|apr_[a-z_]*|util_[a-z]*|mod_[a-z]*|mpm_common|scoreboard)\.h>'
httpdDoor='common/httpd/httpd_api\.h'
httpdUsers='common/httpd/.*|mod_(fwd|rev)proxy/[a-z_]*\.(h|cpp)'
curlDoor='common/net/curl_dialer\.cpp'
caresDoor='common/net/ares_resolver\.cpp'
# not TLS: what signs cookies, and what makes keys, needs its hashes
tlsDoor='common/net/tls_(context|connection|credentials|failure)\.cpp|common/base/signature\.cpp'
nghttp2Door='common/http/h2_session\.cpp'
lmdbDoor='common/cache/lmdb_(environment|transaction)\.cpp'
pcreDoor='mod_revproxy/health/body_pattern\.cpp'
boostDoor='common/http/response_parser\.cpp|common/net/(event_loop|address_race|ares_resolver|curl_dialer|connector)\.(h|cpp)|common/reactor/(loop_resolver|loop_task|loop_tunnel|loop_waiter|reactor)\.(h|cpp)'

while read -r file; do
    seen=$((seen + 1))
    room=$(dirname "$file")
    [[ -v below[$room] ]] || { fault "$file is in no room of the house"; continue; }
    while read -r included; do
        target=$(dirname "$included")
        [[ " ${below[$room]} " == *" $target "* ]] || fault "$file includes $included, which is not below it"
        [[ $file =~ ^$pure$ && $included =~ ^common/(httpd|pool)/ ]] && fault "$file is pure, and includes $included"
        [[ $file =~ ^$pure$ && $included =~ ^mod_ && ! $included =~ ^$pure$ ]] && fault "$file is pure, and includes $included"
        [[ $included == common/httpd/httpd_api.h && ! $file =~ ^($httpdUsers)$ ]] && fault "$file must not know httpd"
    done < <(sed -n 's/^#include "\(.*\)"/\1/p' "$file")
    while read -r included; do
        [[ $included =~ $httpdHeaders && ! $file =~ ^$httpdDoor$ ]] && fault "$file includes $included beside the door $httpdDoor"
        [[ $included == '<curl/'* && ! $file =~ ^$curlDoor$ ]] && fault "$file includes $included: libcurl is the dialer's"
        [[ $included == '<ares.h>' && ! $file =~ ^$caresDoor$ ]] && fault "$file includes $included: c-ares is the resolver's"
        [[ $included == '<openssl/'* && ! $file =~ ^($tlsDoor)$ ]] && fault "$file includes $included: OpenSSL comes in by $tlsDoor"
        [[ $included == '<nghttp2/'* && ! $file =~ ^$nghttp2Door$ ]] && fault "$file includes $included: nghttp2 is the session's"
        [[ $included == '<lmdb.h>' && ! $file =~ ^($lmdbDoor)$ ]] && fault "$file includes $included: LMDB comes in by $lmdbDoor"
        [[ $included == '<pcre2.h>' && ! $file =~ ^$pcreDoor$ ]] && fault "$file includes $included: PCRE2 is that of health/body_pattern"
        [[ $included == '<boost/'* && ! $file =~ ^($boostDoor)$ ]] && fault "$file includes $included: Boost comes in by $boostDoor"
    done < <(sed -n 's/^#include \(<.*>\)/\1/p' "$file")
done < <(find common mod_fwdproxy mod_revproxy -name '*.h' -o -name '*.cpp')

[ "$seen" -gt 50 ] || fault "only $seen files were looked at"
[ $faults = 0 ] || exit 1
