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
