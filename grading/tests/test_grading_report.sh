# test_grading_report.sh -- what a learner gets to read, for every way a file in work/ can be, and what grade.json
# keeps.
. grading/tests/links.sh
reference=$dir/start.c
skeleton() { awk -f grading/skeleton.awk $reference >"$src"; }

# ---- Not begun, untouched, half done, solved ---------------------------------------------------------------------

rm -r "$box/work"
grade $dir && ok || no "not begun: status $?"
says "no work/" 'not begun: make stage0 writes work/stage0/00_start/start.c'
says "no work/" 'Not written: work/grade.json: there is no work/ yet'
says "no work/" '^Next   make stage0$'
grade --strict $dir; [ $? = 1 ] && ok || no "not begun, --strict"
mkdir -p "$box/work/$dir" && cp $dir/start.h "$box/work/$dir/"

skeleton
grade $dir && ok || no "the skeleton: status $?"
says "the skeleton" '^stage0/00_start +0/100 points$'
says "the skeleton" 'start_scale +WRONG +0/50 .*<- start$'
says "the skeleton" 'start_dot +TODO +0/50 +line [0-9]+$'
says "the skeleton" '^Next   make watch EX=start   \(mend start_scale\)$'
grade --strict $dir; [ $? = 1 ] && ok || no "the skeleton, --strict"

sed 's/n < N - 1/n < N/' "$src" >"$box/half" && cp "$box/half" "$src"
grade $dir
says "half done" 'start_scale +PASS +30/50'
says "half done" 'start_dot +TODO .*<- start$'
says "half done" 'Score  30/100 +last run 0 \(\+30\)'
says "half done" '^Next   make watch EX=start   \(write start_dot\)$'

cp $reference "$src"
grade --strict $dir && ok || no "solved: status $?"
says "solved" '^Score  (100/100|80/80)'
says "solved" '^Next   make next$'
says "solved" '^Done   make solution EX=start'
grade $dir
silent "solved again" '^Done'
silent "solved" '<- start|start_add'

# ---- Does not build ----------------------------------------------------------------------------------------------

{ cat $reference; printf 'int one(void) { return two; }\nint three(void) { return four; }\n'; } >"$src"
grade --strict $dir; [ $? = 2 ] && ok || no "a syntax error, --strict: $?"
line=$(grep -n "int one" "$src" | cut -d: -f1)
says "a syntax error" "^ +BUILD"
says "a syntax error" "work/stage0/00_start/start.c:$line:[0-9]+: error: "
says "a syntax error" '^    [12] more \(V=1\)$'
silent "a syntax error" 'build/|gcc .*-c'
grade --verbose $dir
says "V=1" "start.c:$((line + 1)):[0-9]+: error"

sed 's/^float start_dot/float start_product/' $reference >"$src"
grade $dir
says "a function renamed" 'BUILD: there is no function start_dot'
says "a function renamed" 'made local: start_product'
says "a function renamed" 'start_scale +PASS'

{ cat $reference
  printf 'void start_helps(int);\nstatic int n(void) { start_helps(1); return 0; }\n'
  printf 'int (*start_m)(void) = n;\n'; } >"$src"
grade $dir
says "an unknown function is called" 'undefined reference to .start_helps'
silent "an unknown function is called" "$box|collect2"

printf '#error \033[31m"<script>\\ \001\n' >"$src"
grade $dir
says "an #error with escapes" 'BUILD'
grep -q "$(printf '\033')" "$box/out" && no "an escape of the learner's reached the terminal" || ok

printf '#include <start.c>\n' >"$src"
grade $dir
says "the reference included" 'start.c: No such file|.start.c. file not found'

cp $reference "$src"; echo '/* */' >>"$box/work/$dir/start.h"
grade --strict $dir; [ $? = 2 ] && ok || no "a changed header, --strict"
says "a changed header" 'differs from the contract'
says "a changed header" '^Next   cp stage0/00_start/start.h work/stage0/00_start/$'
rm "$box/work/$dir/start.h"
grade $dir
says "no header in work/" 'start_dot +PASS'
cp $dir/start.h "$box/work/$dir/"
rm "$src"; mkdir "$src"
grade $dir && ok || no "a folder for a source: status $?"
says "a folder for a source" 'BUILD'
rmdir "$src"
mkfifo "$src"
grade $dir && ok || no "a pipe for a source: status $?"
says "a pipe for a source" 'BUILD'
rm "$src"
head -c 300000 /dev/zero | tr '\0' '\n' >"$src"
grade $dir
says "a source of 300 KB" 'at most 256 KB'
: >"$src"
grade $dir
says "an empty file" 'there is no function'
says "an empty file" '^Score  0/100'

# ---- Known mistakes are named, near ones are not -----------------------------------------------------------------

while read -r step name mark; do
    cp build/ref/$dir/mutants/$step.$name.c "$src"
    grade --step "$step" $dir
    want=$(awk -v name="$name" 'NF == 0 { fresh = 1; next } NR == 1 || fresh { on = $1 == name; fresh = 0; next }
        on && !/^[-+]/ { print $1, $2, $3; exit }' $dir/mutants)
    grep -qF "    $want" "$box/out" && ok || { no "mutant $name is not named:"; cat "$box/out"; }
done <build/ref/$dir/mutants/list
sed 's/sum += (double)a\[n\] \* b\[n\]/sum += (double)a[n] * b[n] + (n == 2 ? 0.001 : 0)/' $reference >"$src"
grade --step start_dot $dir
says "a mistake of one's own" 'dot +expected 32 +got 32.001 +error 1.0e-03 > '
sed -n '/^start_dot · /,/line  /p' "$box/out" >"$box/part"
[ "$(grep -c . "$box/part")" -le 5 ] && ok || { no "a mistake of one's own was diagnosed:"; cat "$box/part"; }

sed 's/y\[n\] = c \* a\[n\]/y[n] = -3 * c * a[n]/' $reference >"$src"
grade $dir
says "a plain relation" 'Every value is -3 times what is expected'

# A step that calls a wrong one does wrong things that are not its own mistakes: descend, with a gradient of the other
# sign, goes uphill.
d=stage1/10_linear_regression
if [ -f build/ref/$d/mutants/made ]; then
    mkdir -p "$box/work/$d" && cp $d/linear_regression.h "$box/work/$d"
    cp build/ref/$d/mutants/linear_regression_loss.sign_turned.c "$box/work/$d/linear_regression.c"
    grade $d
    says "a wrong step that another calls" 'linear_regression_descend +WRONG'
    [ "$(grep -o '"known_mistake": "[a-z_]*"' "$box/work/grade.json")" = '"known_mistake": "sign_turned"' ] && ok ||
        { no "the step that calls a wrong one is diagnosed:"; grep known_mistake "$box/work/grade.json"; }
    # Alone, too: what it calls is looked at first.
    grade --step linear_regression_descend $d
    silent "alone, it calls a wrong one" 'uphill: the loss grows'
    cp build/ref/$d/mutants/linear_regression_descend.uphill.c "$box/work/$d/linear_regression.c"
    grade --step linear_regression_descend $d
    says "alone, it calls a right one" 'uphill: the loss grows'
fi

# ---- What a deleted TODO earns -----------------------------------------------------------------------------------

skeleton; sed '/TODO(/d' "$src" >"$box/x" && cp "$box/x" "$src"
grade $dir
says "TODOs deleted" '^Score  0/100'

# ---- The same text everywhere ------------------------------------------------------------------------------------

cp grading/hostile/WRONG/fake_summary.c "$src"
grade --all --seed 0x51c2 $dir; cp "$box/out" "$box/plain"
says "what it printed" '\\x1b\[0;34m====\\x1b'
says "the seed" 'repeat  make grade EX=start.start_scale SEED=0x51c2'
for d in stage[0-9]/*_*; do         # each room untouched, then with a known mistake: long names, many sentences
    n=${d##*/??_} c=c
    [ -e $d/$n.c ] || c=cu
    [ -f build/ref/$d/mutants/made ] && [ $d != $dir ] || continue
    mkdir -p "$box/work/$d" && cp $d/$n.h "$box/work/$d"
    awk -f grading/skeleton.awk $d/$n.$c >"$box/work/$d/$n.$c"
    grade --all $d; cat "$box/out"
    for m in build/ref/$d/mutants/*.*.$c; do cp "$m" "$box/work/$d/$n.$c"; break; done
    grade --all $d; cat "$box/out"
done >"$box/reports"
cat "$box/plain" "$box/reports" | sed 's/·/./g' | awk 'length($0) > 80' | grep . >"$box/long" &&
    { no "more than 80 columns:"; cat "$box/long"; } || ok
if command -v script >/dev/null; then
    shown="build/grade --all --seed 0x51c2 $dir"
    (cd "$box" && NO_COLOR= TERM=xterm script -qec "$shown" /dev/null </dev/null) | tr -d '\r' >"$box/colour"
    grep -q "$(printf '\033')" "$box/colour" && ok || no "no colours on a terminal"
    sed "s/$(printf '\033')\[[0-9;]*m//g; s/ (+0)/ (X)/; s/last run.*//" "$box/colour" >"$box/a"
    sed 's/last run.*//' "$box/plain" >"$box/b"
    cmp -s "$box/a" "$box/b" && ok || { no "a terminal shows another text"; diff "$box/a" "$box/b" | head -n 5; }
    (cd "$box" && NO_COLOR=1 TERM=xterm script -qec "$shown" /dev/null </dev/null) | grep -q "$(printf '\033')" &&
        no "NO_COLOR is not honoured" || ok
fi
grade --seed 0x51c2 $dir
[ "$(grep -c '^start_.* probe' "$box/out")" = 1 ] && ok || no "not only the first root cause is expanded"

# ---- grade.json --------------------------------------------------------------------------------------------------

json=$box/work/grade.json
grep -q '"exercise": "start"' "$json" && grep -q '"seed": "0x51c2"' "$json" && ok || no "grade.json has no entry"
printf '{"format": 1, "exercises": [ {"exerc' >"$json"
grade $dir
says "a torn grade.json" 'work/grade.json was torn; a new one begins'
says "a torn grade.json" '^Wrote  work/grade.json'
printf '{"format": 1, "exercises": [{"exercise": "other", "points": 7, "of": 100}, 5]}' >"$json"
grade $dir
grep -q '"other"' "$json" && grep -q '"start"' "$json" && ok || no "the entry of another exercise was lost"
cp "$json" "$box/before"
ln -s /dev/full "$json.new"
grade $dir && ok || no "a full disk: status $?"
says "a full disk" '^Not written: work/grade.json: No space left on device'
cmp -s "$json" "$box/before" && ok || no "a full disk lost grade.json"
rm -f "$json.new"
if [ "$(id -u)" != 0 ]; then
    chmod a-w "$box/work"
    grade $dir && ok || no "a read-only work/: status $?"
    says "a read-only work/" '^Not written: work/grade.json: '
    chmod u+w "$box/work"
fi
cp "$json" "$box/before"
grade --step start_dot $dir
cmp -s "$json" "$box/before" && ok || no "one step changed grade.json"

# ---- Bad calls ---------------------------------------------------------------------------------------------------

grade; [ $? = 3 ] && ok || no "no folder"
grade --nosuch $dir; [ $? = 3 ] && ok || no "an unknown option"
grade --step nosuch $dir; [ $? = 3 ] && ok || no "an unknown step"
says "an unknown step" 'start has no step nosuch; there are start_add, start_scale, start_dot'
grade stage0/nosuch && ok || no "an unknown folder"
says "an unknown folder" 'INTERNAL'
grade --strict stage0/nosuch; [ $? = 3 ] && ok || no "an unknown folder, --strict"

# ---- gdb ---------------------------------------------------------------------------------------------------------

if command -v gdb >/dev/null; then
    cp grading/hostile/WRONG/nan_output.c "$src"
    grade --debug --step start_dot $dir
    says "gdb" 'gdb at start_dot, probe by_pencil; it fails in trial 0'
    says "gdb" 'Breakpoint 1, start_dot \(a=0x[0-9a-f]+, b=0x[0-9a-f]+, N=3\)'
    cp $reference "$src"
    grade --debug $dir && no "gdb on a right file: status 0" || ok
    says "gdb" 'no probe of start fails'
fi

# ---- Robustness and performance ----------------------------------------------------------------------------------

cp $reference "$src"
grade $dir; full=$(awk '/^Score/ { print int($2) }' "$box/out")
sed 's/double sum = 0;/double sum = N ? 0 * a[-1] : 0;/' $reference >"$src"
grade --strict $dir; [ $? = 1 ] && ok || no "reading before the first element, --strict"
says "reading before the first element" 'robustness: [0-9]+ of [0-9]+ probes clean'
says "reading before the first element" 'start_dot.by_pencil'
awk -v full="$full" '/^Score/ { exit !(int($2) < full) }' "$box/out" && ok ||
    no "reading before the first element costs nothing"
if [ "$full" = 100 ]; then      # valgrind is there
    sed 's/double sum = 0;/double sum = 0; for (volatile int k = 0; k < 40 * N; k++) continue;/' $reference >"$src"
    grade $dir
    says "a slow function" 'start_dot +PASS +40/50'
    says "a slow function" 'start_scale +PASS +50/50'
fi
finish
