# test_teaching.sh -- what a learner is shown between two gradings: what changed, the file watched, the reference beside
# it.
. grading/tests/links.sh
ln -s "$PWD/scripts" "$box/scripts"
skeleton() { awk -f grading/skeleton.awk $dir/start.c >"$src"; }
here() { (cd "$box" && "$@") >"$box/out" 2>&1 </dev/null; }

# ---- Since the last grading --------------------------------------------------------------------------------------

skeleton
grade $dir
silent "the first grading" '^Since'
sed 's/n < N - 1/n < N/' "$src" >"$box/half" && cp "$box/half" "$src"
grade $dir
says "a step mended" '^  start_scale +WRONG -> PASS, \+30$'
says "a step mended" '^    3 now pass: by_pencil, awkward_sizes, in_place$'
silent "a step mended" 'start_dot +TODO ->'
grade $dir
silent "nothing changed" '^Since'
skeleton
grade $dir
says "a step broken" '^  start_scale +PASS -> WRONG, -30$'
says "a step broken" '^    3 no longer pass: by_pencil, awkward_sizes, in_place$'
echo 'int one(void) { return two; }' >>"$src"
grade $dir
skeleton
grade $dir
says "it builds again" '^  start builds again$'

helper='static double endless(const float *a)\n{\n    volatile double s = 1;\n    while (s > 0) s += a[0] * 0;\n    return s;\n}'
sed "s/^float start_dot/$helper\n&/
s/double sum = 0;/double sum = endless(a);/" $dir/start.c >"$src"
grade $dir
at() { grep -n "$1" "$src" | cut -d: -f1; }
says "an endless helper" "^    line    work/stage0/00_start/start.c:$(at 'while (s') in endless$"
says "an endless helper" "^    from    work/stage0/00_start/start.c:$(at '= endless') in start_dot$"
sed 's/double sum = 0;/double sum = 0; volatile int zero = 0; zero = N \/ zero;/' $dir/start.c >"$src"
grade $dir
says "a division by zero" 'CRASH: Floating point exception: an integer was divided by zero'

# A fault of ours takes nothing away.
mv "$box/build/mine" "$box/build/away" && touch "$box/build/mine"
grade $dir
says "our own fault" '^ +INTERNAL'
says "our own fault has no points" 'not graded$'
says "our own fault is no zero" '^Score  none: '
grep -q '"exercise": "start"' "$box/work/grade.json" && ok || no "our own fault lost the entry in grade.json"
rm "$box/build/mine" && mv "$box/build/away" "$box/build/mine"

# What twelve trials print alike is shown once.
sed '1a #include <stdio.h>
s/double sum = 0;/double sum = 1; printf("length %d\\n", N);/' $dir/start.c >"$src"
grade $dir
says "printed twelve times" '^      length 3 \(12 times\)$'

# ---- Watching ----------------------------------------------------------------------------------------------------

skeleton
TERM=dumb sh -c 'cd "$1" && exec "$2/build/watch" "work/$3/start.c" "build/grade $3; sh scripts/work.sh keep"' - \
    "$box" "$root" $dir >"$box/out" 2>&1 </dev/null &
watcher=$!
# until PATTERN N: waits for so many such lines, a minute at most.
until_says() { for _ in $(seq 1200); do [ "$(grep -cE "$1" "$box/out")" -ge "$2" ] && return; sleep 0.05; done; false; }
until_says '^watching .*start.c: graded in' 1 && ok || no "watch: it does not grade at once"
cp "$box/half" "$src"
until_says '^watching ' 2 && ok || no "watch: a save in place is not seen"
says "watch" 'start_scale +WRONG -> PASS'
echo 'int one(void) { return two; }' >"$box/broken" && cp "$box/broken" "$src"
until_says '^watching ' 3 && ok || no "watch: it ends at what does not compile"
says "watch" "start.c:1:[0-9]+: error"
cp "$box/half" "$src.new" && mv "$src.new" "$src"
until_says '^watching ' 4 && ok || no "watch: a save by renaming is not seen"
mv "$src" "$src.away"
until_says 'start.c is gone; it is waited for' 1 && ok || no "watch: a file that vanished is not named"
mv "$src.away" "$src" && touch "$src"
until_says '^watching ' 5 && ok || no "watch: it does not go on with the file that came back"
sed 's/double sum = 0;/double sum = 0; for (volatile int n = 0;; n = 0) continue;/' $dir/start.c >"$src"
line=$(grep -n 'volatile' "$src" | cut -d: -f1)
until_says '^watching ' 6 && ok || no "watch: an endless loop"
says "watch" '^    TIME: no end within'
says "watch" "^    line    work/stage0/00_start/start.c:$line in start_dot\$"
kill -INT $watcher
wait $watcher && ok || no "watch: Ctrl-C is an error"
here "$root/build/watch" work/$dir/nosuch.c true && no "watch: a file that is not there" || ok

# ---- The reference beside it -------------------------------------------------------------------------------------

solution() { here sh scripts/solution.sh $dir start "$@"; }
cp "$box/half" "$src"
grade $dir
solution
says "solution" '^start_scale · 30/50 points$'
says "solution" '^start_dot · TODO, 0/50 points: not shown before it passes$'
says "solution" 'make solution EX=start.start_dot ALL=1'
silent "solution" 'sum'
solution start_dot yes
says "solution, asked for" '^- +TODO\('
says "solution, asked for" '^\+ .*sum \+= '
silent "solution, asked for" 'exercise:|@@|index '
solution nosuch; [ $? = 2 ] && ok || no "solution: an unknown step"
cp $dir/start.c "$src"
solution start_dot yes
says "solution of the reference" 'yours is the reference, word for word'
: >"$src"
solution start_dot yes
says "solution of nothing" 'has no such function; the reference:'
if command -v script >/dev/null; then
    cp "$box/half" "$src"
    (cd "$box" && NO_COLOR= TERM=xterm script -qec "sh scripts/solution.sh $dir start '' all" /dev/null </dev/null) |
        grep -q "$(printf '\033\[3')" && ok || no "solution: no colour on a terminal"
    (cd "$box" && NO_COLOR=1 TERM=xterm script -qec "sh scripts/solution.sh $dir start '' all" /dev/null </dev/null) |
        grep -q "$(printf '\033')" && no "solution: NO_COLOR is not honoured" || ok
fi

# ---- What the library says of a program that is wrong ------------------------------------------------------------

clinic=stage0/17_tensor_clinic
mkdir -p "$box/work/$clinic" && cp "$clinic/tensor_clinic.h" "$box/work/$clinic/"
awk -f grading/skeleton.awk $clinic/tensor_clinic.c >"$box/work/$clinic/tensor_clinic.c"
grade --all $clinic
says "a shape" 'CRASH: Aborted: matmul: the columns of the first must be the rows of the$'
says "a dtype" 'CRASH: Aborted: cross_entropy: needs one i32 target per row: f32\(2,2\) f32\(2\)$'
says "a device" 'CRASH: Aborted: mul: inputs on two devices: f32\(2,2\) f32\(2\)$'
says "an alias" 'CRASH: Aborted: tanh_backward: the backward of tanh needs f32\(2\) as it was,$'
says "its line" "line    work/$clinic/tensor_clinic.c:[0-9]+"
silent "the sandbox" FORBIDDEN
finish
