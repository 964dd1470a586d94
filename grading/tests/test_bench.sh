# test_bench.sh -- the benchmark program from outside: contestants of a learner's, results, comparisons, pictures, bad flags.
passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "FAIL $*"; sed 's/^/    /' "$tmp/out" | head -n 20; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
run() { "$@" >"$tmp/out" 2>&1 </dev/null; }
says() { grep -qE -- "$1" "$tmp/out" && ok || no "it does not say '$1'"; }

[ -x build/bench ] || make --silent build/bench || exit 1
cc=$(sed 's/ .*//' build/flags/cc_ref)
room=$(ls -d stage*/[0-9][0-9]_softmax)

# Files of a learner's: only softmax itself, everything else is the reference's.
share() { # NAME BODY
    echo "void softmax(float *y, const float *x, int N, int C) { $2 }" >"$tmp/$1.c"
    (cat; cat "$tmp/$1.c") <<END >"$tmp/$1.whole.c"
#include <math.h>
#include <stdlib.h>
END
    "$cc" -std=c17 -O2 -shared -fPIC -Wl,-Bsymbolic -Ibench -Icommon -I"$room" -o "$tmp/$1.so" "$tmp/$1.whole.c" "$room/bench_softmax.c" -lm
}
share right 'for (; N > 0; N--, x += C, y += C) { double s = 0; float m = x[0]; for (int c = 0; c < C; c++) m = x[c] > m ? x[c] : m;
    for (int c = 0; c < C; c++) s += exp((double)x[c] - m); for (int c = 0; c < C; c++) y[c] = (float)(exp((double)x[c] - m) / s); }'
share wrong 'for (long i = 0; i < (long)N * C; i++) y[i] = x[i] / C;'
share idle '(void)y; (void)x; (void)N; (void)C;'
share crash '*(volatile float *)0 = x[0]; (void)y; (void)N; (void)C;'
share quits '(void)y; (void)x; (void)N; (void)C; exit(0);'
with= ; for n in right wrong idle crash quits; do with="$with --with=$n:softmax:$tmp/$n.so"; done
bench() { run build/bench --rows=softmax.softmax --sizes="${sizes:-67x129,300x300}" --threads=1 --budget=0.02 --no-peers "$@"; }

bench $with --out="$tmp/a.jsonl" && ok || no "it did not run"
says '  right  .* us'
says '  wrong .*WRONG, so not timed: y\[0\] is .* expected'
says '  idle .*WRONG, so not timed: y\[0\] is NaN or was not written'
says '  crash .*takes no part: it crashed'
says '  quits .*takes no part: it ended with status 0 instead of returning'
for n in wrong idle crash quits; do
    grep "\"contestant\":\"$n\"" "$tmp/a.jsonl" | grep -q '"seconds"' && no "$n has a time" || ok
done
[ "$(grep '"contestant":"right"' "$tmp/a.jsonl" | grep -c '"seconds"')" = 2 ] && ok || no "right has no time"
tr ',[' '\n\n' <"$tmp/a.jsonl" | awk '/"(seconds|low|high|limit)":/ { sub(/.*:/, ""); n++; if (!($0 + 0 > 0)) bad = 1 } END { exit bad || n < 20 }' && ok || no "a time that is not positive"
grep -o '"samples":\[[^]]*\]' "$tmp/a.jsonl" | tr -d 'a-z":[]' | tr ',' '\n' | awk '{ n++; if (!($0 + 0 > 0)) bad = 1 } END { exit bad || n < 30 }' && ok || no "a sample that is not positive"
awk '/"kind":"run"/ { run++ } !/^\{.*\}$/ { bad = 1 } END { exit bad || run != 1 }' "$tmp/a.jsonl" && ok || no "not a run and its rows, an object a line"
grep -q '"absent":\[.*"name":"PyTorch","why":"left out on request"' "$tmp/a.jsonl" && ok || no "absent peers are not named"
for key in commit compiler flags cpu fma_f32 seed method; do grep -q "\"$key\":" "$tmp/a.jsonl" && ok || no "the run does not say its $key"; done

run build/bench --rows=softmax.softmax,softmax_log --sizes=33x65 --threads=1 --budget=0.02 --no-peers --with="right:softmax:$tmp/right.so" \
    --out="$tmp/some.jsonl" && grep '"case":"softmax_log"' "$tmp/some.jsonl" | grep -q '"contestant":"right"' &&
    no "the reference's function counts as that of a file which lacks it" || ok

# Comparisons.
run build/bench compare "$tmp/a.jsonl" "$tmp/a.jsonl" && ok || no "compare"
[ "$(grep -c 'no difference' "$tmp/out")" = "$(grep -c '"seconds"' "$tmp/a.jsonl")" ] && ok || no "a file differs from itself"
grep -qE ' (faster|slower)$' "$tmp/out" && no "a file differs from itself" || ok
sed 's/"samples":\[\([0-9]\)/"samples":[1\1/g; s/,\([0-9]\)\.\([0-9]*e-\)/,2\1.\2/g' "$tmp/a.jsonl" >"$tmp/slow.jsonl"
run build/bench compare "$tmp/a.jsonl" "$tmp/slow.jsonl"
says ' slower$'
sed 's/"version":"[0-9a-f]*"/"version":"0123456789abcdef"/' "$tmp/a.jsonl" >"$tmp/other.jsonl"
run build/bench compare "$tmp/other.jsonl" "$tmp/a.jsonl"
says 'case or method changed: not compared'
sed 's/"machine":{"name":"[^"]*"/"machine":{"name":"another"/' "$tmp/a.jsonl" >"$tmp/machine.jsonl"
run build/bench compare "$tmp/machine.jsonl" "$tmp/a.jsonl" && no "two machines were compared" || ok
says 'different machines are not compared'
head -c 3000 "$tmp/a.jsonl" >"$tmp/torn.jsonl"
run build/bench compare "$tmp/torn.jsonl" "$tmp/a.jsonl" && no "a torn file was read" || ok
says 'torn.jsonl:[0-9]+: not a line of JSON'

# Flags.
refused() { # SENTENCE FLAG...
    want=$1; shift
    run build/bench --no-peers --out="$tmp/refused.jsonl" "$@"
    [ $? = 2 ] && ok || no "$* was accepted"
    says "$want"
}
refused "no rows called 'nosuch'" --rows=nosuch
refused 'SIZES=12: softmax takes 2 numbers a size' --rows=softmax.softmax --sizes=12
refused 'SIZES=0x5' --rows=softmax.softmax --sizes=0x5
refused 'DTYPE=f16: rows are of f32 or f64' --rows=softmax --dtype=f16
refused 'DEVICE=cuda: no row runs on a GPU yet' --rows=softmax --device=cuda
refused 'THREADS=9999' --rows=softmax --threads=9999
refused 'THREADS=none' --rows=softmax --threads=none

# Pictures.
sizes=32x33,64x65,128x129 bench --out="$tmp/b.jsonl"
run build/bench plots "$tmp/b.jsonl" "$tmp/plots"; status=$?
if command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
    [ $status = 0 ] && ok || no "plots"
    for n in bench_softmax_1t_curve bench_softmax_1t_roofline; do
        [ -s "$tmp/plots/$n.svg" ] && [ -s "$tmp/plots/$n.png" ] && [ -s "$tmp/plots/$n.gp" ] && ok || no "no $n"
    done
    grep -q 'slope [0-9]' "$tmp/plots/bench_softmax_1t_curve.svg" && ok || no "no slope in the curve's key"
    sed "s/\"contestant\":\"library\"/\"contestant\":\"one's own\"/" "$tmp/b.jsonl" >"$tmp/own.jsonl"
    run build/bench plots "$tmp/own.jsonl" "$tmp/plots3" && ok || no "a name with an apostrophe"
    grep -q "one's own" "$tmp/plots3/bench_softmax_1t_curve.svg" && ok || no "no name with an apostrophe in the key"
fi
# Threads: rows of one and of two in one file, whatever this machine has.
sed 's/"threads":1/"threads":2/' "$tmp/b.jsonl" | cat "$tmp/b.jsonl" - >"$tmp/c.jsonl"
run build/bench plots "$tmp/c.jsonl" "$tmp/plots2"
says '^2 threads against one: how many times as fast$'
says '^  softmax +128x129 +library +1.00x \[[0-9.]+, [0-9.]+\]$'
if command -v "${GNUPLOT:-gnuplot}" >/dev/null; then
    grep -q 'softmax' "$tmp/plots2/bench_scaling_2t.svg" && [ -s "$tmp/plots2/bench_scaling_2t.png" ] && ok || no "no picture of threads"
    grep -q 'L1 [0-9]* GB/s' "$tmp/plots2/bench_softmax_1t_roofline.svg" && ok || no "no roof of L1"
fi
# Memory: a row that asked for it, and one of a batch of the kernel's, which is no figure.
sed 's/"state":/"memory":3145728,&/' "$tmp/b.jsonl" >"$tmp/m.jsonl"
run build/bench plots "$tmp/m.jsonl" "$tmp/plots2"
says '^Peak memory of a call, in MiB, and over that of the thriftiest peer$'
says '^  softmax +128x129 +1 thread +library +3.0'
sed 's/"state":/"memory":1000000,&/' "$tmp/b.jsonl" >"$tmp/m.jsonl"
run build/bench plots "$tmp/m.jsonl" "$tmp/plots2"
grep -q 'Peak memory' "$tmp/out" && no "less than a MiB stands in the table of memory" || ok
# Work space counts: the boxes of dbscan lie in it. Where the kernel tells no peak there is no "memory".
run build/bench --rows=dbscan --no-peers --sizes=5003x10 --threads=1 --budget=0.01 --out="$tmp/w.jsonl"
textbook=$(grep '"contestant":"textbook"' "$tmp/w.jsonl")
case $textbook in
*'"memory":'*) echo "$textbook" | grep -qE '"memory":[1-9][0-9]{5}' && ok || no "work space is no memory" ;;
*'"seconds":'*) ok ;;
*) no "dbscan has no time" ;;
esac
# Exponents: of sizes that differ in one number, with N^1.5 for a time; a fourth size is none of theirs.
at() { sed "/\"size\":\\[$1\\]/!d; s/\"size\":\\[$1\\]/\"size\":[$2]/; s/\"seconds\":[^,}]*/\"seconds\":$3/" "$tmp/b.jsonl"; }
{ grep '"kind":"run"' "$tmp/b.jsonl"; at 32,33 100,7 0.001; at 32,33 9,5 7; at 64,65 400,7 0.008; at 128,129 1600,7 0.064; } >"$tmp/s.jsonl"
run build/bench plots "$tmp/s.jsonl" "$tmp/plots2"
says '^How time grows: the exponent over all sizes, and between the last two$'
says '^  softmax +1 thread +library +N\^1.50 +1.50  N = 100 to 1600$'
run build/bench plots "$tmp/b.jsonl" "$tmp/plots"
grep -q 'How time grows' "$tmp/out" && no "sizes that differ in both numbers have an exponent" || ok
grep -q 'threads against one' "$tmp/out" && no "one thread is compared with itself" || ok
GNUPLOT=$tmp/none run build/bench plots "$tmp/b.jsonl" "$tmp/plots" && no "without gnuplot it says all is well" || ok
says 'no gnuplot: the scripts are in'
run build/bench plots "$tmp/none.jsonl" "$tmp/plots" && no "no results, and it says all is well" || ok
says 'there are no results at'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
