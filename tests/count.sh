# Sourced by what runs tests and counts them: check.sh and soak.sh. Expects `build`; leaves `passed` and `failed`, each
# a number of test cases, or of scripts.
passed=0
failed=0

cases() { # what, program, arguments…
    run "$@"
    count "$1"
}

# The first half of cases, for what runs beside something else.
run() { # what, program, arguments…
    local report="$build/$1.report"
    echo "--      $1"
    rm -f "$report"
    "${@:2}" --report_level=detailed --report_format=HRF --report_sink="$report"
    echo $? > "$report.status"
}

# The second one. Boost.Test tells of each case in its report; a program that dies before it has one counts as one
# failure.
count() { # what
    local report="$build/$1.report" good bad status
    status=$(cat "$report.status")
    good=$(grep -c '^  *Test case ".*" has passed' "$report" 2>/dev/null)
    bad=$(grep -cE '^  *Test case ".*" (has failed|was aborted|has timed out)' "$report" 2>/dev/null)
    # A program that died has told of what came before, but not of itself.
    [ $((good + bad)) -gt 0 ] && { [ $status = 0 ] || [ "$bad" -gt 0 ]; } || bad=$((bad + 1))
    echo "        ${good:-0} passed, $bad failed"
    passed=$((passed + good))
    failed=$((failed + bad))
}

# The last line of the report, and whether all is well.
total() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
