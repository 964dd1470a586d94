# test_grading_judge.sh -- what no room may use yet: JUDGE_OF, every way of emitting, needs: common and another
# exercise, a step of two regions and a helper; each program of a test file under both compilers and under the
# sanitizers.
. grading/tests/links.sh
rm -rf "$box"/stage* "$box/build/ref"
mkdir -p "$box/stage8/01_mini/honest" "$box/stage8/02_uses" "$box/build/ref/grading"
cp -r build/ref/grading/*.o "$box/build/ref/grading/"
ln -s "$PWD/build/ref/libcommon.a" "$PWD/build/ref/common" "$box/build/ref/"

cat >"$box/stage8/01_mini/mini.h" <<'C'
/* mini.h -- an exercise for the grader's own test. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"
void  mini_order(int *order, float *vector, const float *x, int N);
float mini_fit(float *w, const float *x, int N);
int   mini_root(int square);
C
cat >"$box/stage8/01_mini/mini.c" <<'C'
/* mini.c */
#include <stdlib.h>
#include "mini.h"

/* exercise: the order of two indices */
static const float *values;
static int before(const void *a, const void *b)
{
    float x = values[*(const int *)a], y = values[*(const int *)b];
    return (x > y) - (x < y);
}
/* end */

void mini_order(int *order, float *vector, const float *x, int N)
{
    for (int n = 0; n < N; n++) order[n] = n, vector[n] = x[n];
    /* exercise: sort the indices by value */
    values = x;
    qsort(order, N, sizeof *order, before);
    /* end */
}

float mini_fit(float *w, const float *x, int N)
{
    /* exercise: the mean into w, the mean squared error back */
    double sum = 0, error = 0;
    for (int n = 0; n < N; n++) sum += x[n];
    *w = sum / N;
    for (int n = 0; n < N; n++) error += (x[n] - *w) * (x[n] - *w);
    return error / N;
    /* end */
}

int mini_root(int square)
{
    /* exercise: any number whose square it is */
    int r = 0;
    while (r * r < square) r++;
    return r;
    /* end */
}
C
cat >"$box/stage8/01_mini/mutants" <<'M'
backwards
- return (x > y) - (x < y);
+ return (x < y) - (x > y);
The largest comes first.

unsorted
- qsort(order, N, sizeof *order, before);
+
Nothing is sorted.

all_first
- qsort(order, N, sizeof *order, before);
+ for (int n = 0; n < N; n++) order[n] = 0;
Every index is 0.

twice
- *w = sum / N;
+ *w = 2 * sum / N;
Twice the mean.

last
- *w = sum / N;
+ *w = x[N - 1];
The last value.

no_mean
- return error / N;
+ return 2 * error / N;
The error is twice too large.

plus_one
- return r;
+ return r + 1;
One too large.

square_itself
- return r;
+ return square;
That is the square.

zero
- return r;
+ return 0;
Always 0.
M
cat >"$box/stage8/01_mini/test_mini.c" <<'C'
/* test_mini.c */
#include <math.h>
#include "probe.h"
#include "mini.h"

PROBE(mini_order, every_mode)
{
    int N = probe_pick(1, 2, 7, 33), *order = probe_output_ints(N), label[40];
    float *x = probe_permutation(N) ? probe_normal(N, 0, 1) : 0, *vector = probe_output(N), sorted[40];
    probe_freeze();
    mini_order(order, vector, x, N);
    for (int n = 0; n < N; n++) sorted[n] = x[order[n] < 0 || order[n] >= N ? 0 : order[n]], label[n] = order[n];
    emit_exact("order", order, N);
    emit("sorted", sorted, N);
    emit_up_to_sign("vector", vector, 1, N);
    emit_labels("labels", label, N);
    emit_set("values", vector, N);
    const double root = sqrt(N);
    emit_exact("root", &root, 1);
}

PROBE(mini_fit, no_worse)
{
    int N = probe_int(2, 9);
    float *x = probe_floats(N), *w = probe_output(1);
    probe_freeze();
    float loss = mini_fit(w, x, N);
    probe_terms(N);
    probe_scale(100);
    emit("w", w, 1);
    emit_loss("loss", &loss, 1);
}

PROBE(mini_root, any_root)
{
    int root = probe_int(2, 40), got;
    probe_int(0, 0);                                /* else a function without a return gives back root by luck */
    got = mini_root(root * root);
    emit("root", &got, 1);
}

JUDGE_OF(mini_root, any_root)
{
    int root = probe_int(2, 40), n;
    const double *got = judge_values("root", &n);
    expect(n == 1 && got[0] * got[0] == root * root, "%g is no root of %d", got[0], root * root);
}

ORACLE(mini_root, squares)
{
    int root = probe_int(0, 100);
    expect(mini_root(root * root) == root, "%d", root);
}
C
cat >"$box/stage8/02_uses/uses.h" <<'C'
/* uses.h -- needs another exercise and the library. */
/* kind: kernel; needs: common, mini */
#pragma once
#include "todo.h"
int uses_root(int square);
C
cat >"$box/stage8/02_uses/uses.c" <<'C'
#include "uses.h"
#include "../01_mini/mini.h"
#include "rng.h"

int uses_root(int square)
{
    /* exercise: take mini's */
    Rng r = rng_new(1);
    return rng_below(&r, 1) + mini_root(square);
    /* end */
}
C
printf 'a\n- return rng_below(&r, 1) + mini_root(square);\n+ return 1;\nText.\n' >"$box/stage8/02_uses/mutants"
cat >"$box/stage8/02_uses/test_uses.c" <<'C'
#include "probe.h"
#include "uses.h"
PROBE(uses_root, one)
{
    int root = uses_root(probe_int(0, 9)), n = uses_root(49);
    emit("root", &root, 1);
    emit("seven", &n, 1);
}
ORACLE(uses_root, seven) { expect(uses_root(49) == 7, "7"); }
C

cd "$box" || exit 1
mini=stage8/01_mini dir=stage8/01_mini
. grading/toolchain.sh
libs='-lcriterion -ljansson -lm'
g=build/ref/grading
# build DIR NAME: what make does
build() {
    mkdir -p build/ref/$1 work/$1 && cp $1/$2.h work/$1/
    eval "$cc -Werror -I$1 -c -o build/ref/$1/$2.o $1/$2.c &&
        $cc -Werror -I$1 -c -o build/ref/$1/test_$2.worker.o $1/test_$2.c &&
        $cc -Werror -O1 -DJUDGE -I$1 -c -o build/ref/$1/test_$2.judge.o $1/test_$2.c" &&
        sh grading/link.sh $1 build/ref/$1/$2.o build/ref/$1/worker &&
        eval "$cc -O1 -DORACLE_TESTS -I$1 -o build/ref/$1/oracle $1/test_$2.c $1/$2.c $g/oracle.o $g/probe.o \
            $(dir=$1; . grading/toolchain.sh; others ref) $common_libs $libs" &&
        eval "$cc -o build/ref/$1/judge build/ref/$1/test_$2.judge.o $g/judge.o $g/compare.o $g/probe.o $libs" &&
        sh grading/mutants.sh $1 build/ref/$1/mutants
}
build stage8/01_mini mini >out 2>&1 && ok || { no "mini does not build"; cat out; }
build stage8/02_uses uses >out 2>&1 && ok || { no "uses does not build"; cat out; }

# Two compilers and the sanitizers link every program; ours are C that both take.
for c in "$cc" "$other" "$cc -fsanitize=address,undefined"; do
    [ -n "$c" ] || continue
    for how in JUDGE ORACLE_TESTS; do
        [ $how = JUDGE ] && rest="grading/judge.c grading/compare.c" || rest="grading/oracle.c $mini/mini.c"
        eval "$c -O1 -D$how -I$mini -o program $mini/test_mini.c $rest grading/probe.c $libs" >out 2>&1 &&
            ok || { no "$how with $c"; head -n 5 out; }
        env -u RECORDS ./program >out 2>&1 && ok || { no "$how built by $c does not run"; tail -n 5 out; }
    done
    eval "$c -O1 -I$mini -o program $mini/test_mini.c $mini/mini.c grading/worker.c grading/probe.c -lm" >out 2>&1 &&
        ok || no "worker with $c"
    [ "$(./program | tr '\n' ' ')" = "6 mini_order.every_mode 22 mini_fit.no_worse 34 mini_root.any_root " ] && ok ||
        no "the probes in $c's worker are not in the file's order"
    SEED=3 ./program mini_root.any_root 2 | grep -q '^  root ' && ok || no "a probe by hand ($c)"
done
oracle="$cc -O1 -DORACLE_TESTS -I$mini -o program $mini/test_mini.c grading/oracle.c grading/probe.c"
eval "$oracle $mini/mini.c $libs" && TRIALS=500 SEED=9 ./program >out 2>&1 && ok || no "TRIALS=500 SEED=9"
sed 's/return r;/return r + (square > 5000);/' stage8/01_mini/mini.c >wrong.c
eval "$oracle wrong.c $libs" && ./program >out 2>&1
grep -q 'SEED=0x[0-9a-f]*, trial [0-9]' out && ok || { no "a failing oracle does not name its seed"; cat out; }

# Graded: the reference, another right answer that only JUDGE_OF can accept, and every mutant.
src=work/stage8/01_mini/mini.c
cp stage8/01_mini/mini.c $src
# All of what is to be had: of steps with few instructions the count may stay out, seed by seed.
grade stage8/01_mini; says "mini solved" '^Score  ([0-9.]+)/\1( |$)'
sed 's/    return r;/    return -r;/; s/\*w = sum \/ N;/*w = sum \/ N + 1e-9f;/' stage8/01_mini/mini.c >$src
grade stage8/01_mini; says "the other root" 'mini_root +PASS'; says "within tolerance" 'mini_fit +PASS'
sed 's/    return r;/    return r + 1;/' stage8/01_mini/mini.c >$src
grade stage8/01_mini; says "no root" 'is no root of [0-9]+'; says "no root" 'One too large'
while read -r step mutant; do
    cp build/ref/stage8/01_mini/mutants/$step.$mutant.c $src
    grade stage8/01_mini; says "mutant $mutant" "$step +(WRONG|CRASH)"
    grep -q "\"known_mistake\": \"$mutant\"" work/grade.json && ok || no "mutant $mutant is not recognised"
done <build/ref/stage8/01_mini/mutants/list
# Criterion, a process a test, says what --direct says.
seed=$(sed -n 's/.*"seed": "\(.*\)",/\1/p' work/grade.json)
RECORDS=build/mine/stage8/01_mini/records REPORT=by_criterion SEED=$seed \
    build/ref/stage8/01_mini/judge --quiet >out 2>&1 && no "Criterion passes a mutant" || ok
sort by_criterion >a; sort build/mine/stage8/01_mini/report.jsonl >b
[ -s a ] && cmp -s a b && ok || { no "Criterion and --direct differ"; diff a b; }
awk -f grading/skeleton.awk stage8/01_mini/mini.c >$src
grade stage8/01_mini; says "the skeleton" 'mini_order +TODO'; says "the skeleton" '^Score  0/100'

# The project's check of such a folder: another right answer is honest, a mutant is not forgiven.
sed 's/return r;/return -r;/' stage8/01_mini/mini.c >stage8/01_mini/honest/minus.c
sed 's/while (r \* r < square) r++;/for (r = 50; r * r != square; r--) continue;/' stage8/01_mini/mini.c \
    >stage8/01_mini/honest/down.c
ln -s "$root/build/matrix" build/matrix
sh grading/check.sh stage8/01_mini >out
[ "$(grep -c FAIL out)" = 1 ] && ok || { no "check.sh, which should miss a lesson only:"; cat out; }
says "check.sh" 'no README.md'
sed 's/expect(n == 1.*/(void)root;/' stage8/01_mini/test_mini.c >x && mv x stage8/01_mini/test_mini.c
sed -i 's/, "%g is no root.*//; s/const double \*got = //' stage8/01_mini/test_mini.c
build stage8/01_mini mini >out 2>&1 && sh grading/check.sh stage8/01_mini >out
says "check.sh with a judge that accepts all" 'mutant plus_one of mini_root lives'

src=work/stage8/02_uses/uses.c
cp stage8/02_uses/uses.c $src
sed -i 's,../01_mini,../../../stage8/01_mini,' $src
grade stage8/02_uses
says "needs" 'uses_root +PASS'
says "needs" 'performance: left out, instructions are not counted in what links common/'
printf '#include "uses.h"\nint uses_root(int x) { return x < 10 ? x : 7; }\nint mini_root(int x) { return x; }\n' >$src
grade stage8/02_uses; says "a function of what is needed" 'made local: mini_root'
finish
