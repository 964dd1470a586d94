#!/bin/sh
# results.sh [--check] [DIR...] -- the long runs: each exercise's program (or those of the folders named) at its default and,
# where the real data are here, at its full size; what they print goes to build/results/, the pictures that a lesson shows
# to its plots/ folder, with the numbers that they were drawn from inside. --check draws nothing: it runs the default
# programs again and compares those numbers.
check=
[ "$1" = --check ] && { check=$1; shift; }
[ $# -gt 0 ] || set -- stage*/*/
export OMP_WAIT_POLICY=passive    # threads that spin while others want the processors cost minutes
mkdir -p build/results
passed=0 failed=0
data_of() { awk '/^<!-- drawn by: /{ on = 1; next } /^-->/ { on = 0 } on' "$1"; }
for dir; do
    dir=${dir%/} name=$(basename "$dir" | sed 's/^[0-9]*_//')
    [ -f "$dir/main.c" ] || continue
    prog=build/ref/$dir/$name out=build/results/$name
    for size in default full; do
        [ $size = full ] && { [ -z "$check" ] && grep -qe --full -e '->full' "$dir/README.md" "$dir/main.c" && [ -d data ] || continue; }
        flag=; [ $size = full ] && flag=--full
        echo "results: $name $flag"
        if "$prog" $flag --out "$out-$size" >"$out-$size.txt" 2>&1; then passed=$((passed + 1)); tail -n 6 "$out-$size.txt" | sed 's/^/    /'
        else failed=$((failed + 1)); echo "FAIL $name $flag:"; tail -n 6 "$out-$size.txt" | sed 's/^/    /'; fi
    done
    for plot in $(grep -oE 'plots/[a-z0-9_]+\.svg' "$dir/README.md" | sort -u); do
        base=$(basename "$plot" .svg)
        tsv=$out-default/$base.tsv svg=$out-default/$base.svg
        [ -f "$svg" ] || { failed=$((failed + 1)); echo "FAIL $dir/README.md shows $plot, and make run EX=$name draws no $base.svg"; continue; }
        if [ -n "$check" ]; then
            # The same lines and columns; numbers may differ as machines round, by a tenth of the column's range.
            data_of "$dir/$plot" >"$out.old"
            if awk -F'\t' 'FNR == NR { old[FNR] = $0; n = FNR; next }
                { m = FNR; k = split(old[FNR], a); if (k != NF) bad++
                  for (i = 1; i <= NF; i++) if ($i + 0 == $i && a[i] + 0 == a[i]) { d = $i - a[i]; if (d < 0) d = -d; s = a[i] < 0 ? -a[i] : a[i]
                      if (s > top[i]) top[i] = s; if (d > off[i]) off[i] = d } else if ($i != a[i]) bad++ }
                END { for (i in off) if (off[i] > 0.1 * top[i] + 1e-12) bad++; exit bad > 0 || n != m }' "$out.old" "$tsv"
            then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $dir/$plot is not what make run EX=$name draws: make results"; fi
        else
            mkdir -p "$dir/plots"
            { cat "$svg"; echo "<!-- drawn by: make run EX=$name"; sed 's/--/- -/g' "$tsv"; echo '-->'; } >"$dir/$plot"
            [ "$(stat -c %s "$dir/$plot")" -le 61440 ] || { failed=$((failed + 1)); echo "FAIL $dir/$plot is larger than 60 KB"; }
        fi
    done
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
