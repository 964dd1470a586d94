# findings.sh -- every wrong program of findings.cu says what findings.expected holds, to the letter, and nothing else;
# the report for programs and the exit status say so too.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; }
program=build/simt/check/findings here=grading/tests/simt
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
unset SIMT_STRICT SIMT_REPORT SIMT_COUNT SIMT_LIMITS SIMT_ORDER SIMT_ASYNC
# Addresses of the host differ from run to run.
say() { SIMT_STEPS=100000 $program "$1" 2>&1 | sed 's/0x[0-9a-f]\{9,\}/(an address)/'; }

for name in $($program); do
    echo "== $name"
    say "$name"
done >"$tmp/said" 2>/dev/null
awk -v dir="$tmp" '/^== / { name = $2; next } { print >(dir "/want." name) }' $here/findings.expected
awk -v dir="$tmp" '/^== / { name = $2; next } { print >(dir "/said." name) }' "$tmp/said"
for name in $($program); do
    cmp -s "$tmp/want.$name" "$tmp/said.$name" && ok && continue
    no "$name"
    diff "$tmp/want.$name" "$tmp/said.$name" | head -n 6
done

SIMT_STRICT=1 SIMT_REPORT=$tmp/report $program out-of-bounds >"$tmp/out" 2>&1
[ $? = 86 ] && ok || no 'SIMT_STRICT=1 does not exit with 86 after a finding'
SIMT_STRICT=1 $program >/dev/null 2>&1 && ok || no 'SIMT_STRICT=1 fails a program without findings'
SIMT_STRICT=1 SIMT_REPORT=$tmp/report $program leak >"$tmp/out" 2>&1
[ $? = 86 ] && ok || no 'a leak alone does not fail under SIMT_STRICT=1'
[ "$(wc -l <"$tmp/report")" = 2 ] && ok || no 'SIMT_REPORT is not a line for each finding'
want='"severity": "error", "kind": "out-of-bounds", "file": ".*/findings.cu", "line": 13, "kernel": "set", '
want=$want'"block": \[3, 0, 0\], "thread": \[232, 0, 0\], "variable": "a", "message": "block (3,0,0), thread'
sed -n 1p "$tmp/report" | grep -q "$want" && ok || no "the report of out-of-bounds: $(sed -n 1p "$tmp/report")"

# Counters are held to limits, and the line that costs most is named.
cat >"$tmp/limits" <<END
{"kernel": "left", "counter": "global_load_sectors_per_request", "max": 4.2}
{"kernel": "accumulate", "counter": "global_load_sectors_per_request", "max": 3.9}
{"kernel": "accumulate", "counter": "global_load_sectors_per_request", "max": 4}
{"kernel": "accumulate", "counter": "speed", "max": 4}
{"kernel": "accumulate"}
END
SIMT_LIMITS=$tmp/limits $program uninitialised-global >"$tmp/out" 2>&1
grep '\[limit\]$' "$tmp/out" | sed 's/^limits://' >"$tmp/limited"
cat >"$tmp/want" <<END
1: error: no kernel left was launched [limit]
2: error: global_load_sectors_per_request of accumulate is 4.00; at most 3.90 was asked for [limit]
4: error: there is no counter speed [limit]
5: error: a limit reads {"kernel": "name", "counter": "name", "max": number} [limit]
END
cmp -s "$tmp/want" "$tmp/limited" && ok || { no 'SIMT_LIMITS'; diff "$tmp/want" "$tmp/limited"; }
SIMT_COUNT=$tmp/counted $program uninitialised-global >/dev/null 2>&1
grep -q '^{"kernel": "accumulate", "file": ".*", "line": [0-9]*, "access": "global load 4B", "requests": 2, ' \
    "$tmp/counted" && ok || no 'SIMT_COUNT=path'

# In fast mode nobody looks at an access; what cannot go on is told all the same.
while read -r name kind; do
    build/simt/fast/findings "$name" 2>&1 | grep -q "\[$kind\]$" && ok || no "fast mode: $name is not told as $kind"
done <<END
barrier-divergence barrier-divergence
deadlock deadlock
inactive-lane inactive-lane
stack-overflow stack-overflow
null-pointer null-pointer
use-after-free use-after-free
block-too-large launch-configuration
copy-direction bad-copy
END
echo "$passed passed, $failed failed"
[ $failed = 0 ]
