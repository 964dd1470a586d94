#!/bin/sh
# unit.sh NAME COMMAND... -- one unit of `make check`: runs it, keeps its output in build/check/NAME.log, and writes
# "passed failed cpu-seconds" to build/check/NAME.result. What it counts: a last line "N passed, N failed", or Criterion's
# synthesis, or else the exit status. A failure is shown and is run again next time: its result is older than everything.
export OMP_WAIT_POLICY=passive    # two units run at a time: threads that spin would take the processors from each other
name=$1; shift
out=build/check/$name
mkdir -p "$(dirname "$out")"
"$@" >"$out.log" 2>&1 </dev/null
status=$?
times >"$out.cpu"    # not through a pipe: that would be another shell's
set -- $(awk '{ for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] } } END { printf "%.1f\n", s }' "$out.cpu")
cpu=$1
rm -f "$out.cpu"
set -- $(awk '
    /^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3 + 0; seen = 1 }
    /Synthesis: Tested:/ { gsub(/\033\[[0-9;]*m/, ""); gsub(/[|:]/, " ")
        for (i = 1; i <= NF; i++) { if ($i == "Passing") p += $(i + 1); if ($i == "Failing") f += $(i + 1); if ($i == "Crashing") f += $(i + 1) }
        seen = 1 }
    END { if (seen) print p + 0, f + 0 }' "$out.log")
passed=${1:-} failed=${2:-0}
if [ -z "$passed" ]; then [ $status = 0 ] && passed=1 || passed=0; fi
[ $status = 0 ] || [ "$failed" != 0 ] || failed=1
echo "$passed $failed $cpu" >"$out.result"
if [ "$failed" != 0 ]; then
    touch -d '2000-01-01' "$out.result"
    echo "FAILED $name (exit status $status); $out.log ends:"
    grep -av '^\[' "$out.log" | tail -n 25 | sed 's/^/    /'
    grep -a '^\[' "$out.log" | grep -aE 'FAIL|CRASH|----' | head -n 12 | sed 's/^/    /'
else
    printf '%-44s %4d passed  %5.1f s CPU\n' "$name" "$passed" "$cpu"
fi
