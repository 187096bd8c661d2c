# What the benchmarks share; sourced from the root of the tree. Each gets a folder of its own, $work, and what it has
# started ends with it.
build=$(realpath "${BUILD:-build}")
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

waitForPort() { # port, log
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "nothing answers on port $1; $2 says:" >&2
    cat "$2" >&2
    exit 1
}

# An httpd whose children are all there from the start; the last of $started is its process.
startHttpd() { # name, port, children, threads of each, configuration
    local workers=$(($3 * $4))
    cat > "$work/$1.conf" <<END
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
StartServers $3
ServerLimit $3
ThreadsPerChild $4
MaxRequestWorkers $workers
MinSpareThreads $workers
MaxSpareThreads $workers
$5
END
    apache2 -f "$work/$1.conf" -DFOREGROUND 2>>"$work/$1.log" &
    started+=($!)
    waitForPort "$2" "$work/$1.log"
}

ticksOfTree() { # utime+stime of a process and its children, in clock ticks
    local total=0 pid fields
    for pid in "$1" $(pgrep -P "$1"); do
        fields=$(sed 's/.*) //' "/proc/$pid/stat")
        total=$((total + $(awk '{ print $12 + $13 }' <<<"$fields")))
    done
    echo "$total"
}

# Of the process tree, per request of a load that must see no errors. Wants $connections kept alive, and $seconds.
cpuPerRequest() { # pid, port, path: CPU µs
    local before after requests
    wrk -t1 -c"$connections" -d1s "http://127.0.0.1:$2$3" >/dev/null
    before=$(ticksOfTree "$1")
    wrk -t1 -c"$connections" -d"${seconds}s" "http://127.0.0.1:$2$3" > "$work/wrk"
    after=$(ticksOfTree "$1")
    # A kept-alive connection that the event MPM closes when it is short of workers is no fault; many are.
    if grep -q 'Non-2xx' "$work/wrk" ||
        awk '/Socket errors/ { gsub(",", ""); n = $4 + $6 + $8 + $10 } END { exit n <= 5 }' "$work/wrk"; then
        echo "the load saw errors:" >&2
        cat "$work/wrk" >&2
        exit 1
    fi
    requests=$(awk '/requests in/ { print $1 }' "$work/wrk")
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v requests="$requests" \
        'BEGIN { printf "%.1f\n", ticks / hz * 1e6 / requests }'
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
