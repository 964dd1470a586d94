#!/bin/sh
# fuzz.sh NAME SECONDS -- lets libFuzzer make up input for a reader of files, from the kept corpus on. What it finds worth
# keeping lies in build/fuzz/corpus/NAME; what broke the reader lies in build/fuzz, and its name is printed.
name=$1 seconds=$2
new=build/fuzz/corpus/$name log=build/fuzz/$name.log
[ -x "build/fuzz/grading/fuzz/fuzz_$name" ] || { echo "no fuzz target is called $name"; exit 2; }
mkdir -p "$new"
"build/fuzz/grading/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=3000 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$new" "grading/fuzz/corpus/$name" >"$log" 2>&1
status=$?
if [ $status = 0 ]; then
    awk -v n="$name" '/^#/ { line = $0 } /number_of_executed_units/ { runs = $2 }
        END { match(line, /cov: [0-9]+/); printf "%-12s %d inputs, %s edges seen, nothing found\n1 passed, 0 failed\n", n, runs, substr(line, RSTART + 5, RLENGTH - 5) }' "$log"
else
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log"; tail -n 30 "$log"
fi
exit $status
