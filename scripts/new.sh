#!/bin/sh
# new.sh EX KIND -- every file of a new exercise folder, already building. EX is stage2/08_layernorm. The function it starts
# with, y = 2 x, is there to be replaced: `make check EX=` says what is still missing.
fail() { echo "make new: $*" >&2; exit 2; }
dir=$1 kind=${2:-kernel}
case $dir in
stage[0-4]/[0-9][0-9]_[a-z]*) ;;
*) fail "EX= must be a folder such as stage2/08_layernorm: a stage, two digits, a name in lower case (got '${dir:-nothing}')" ;;
esac
name=$(basename "$dir" | sed 's/^[0-9]*_//')
case $name in *[!a-z0-9_]*) fail "'$name' is no C name in lower case" ;; esac
case $kind in
kernel | model | clinic | measurement | gpu) ;;
system | study) fail "KIND=$kind comes with the exercises of that kind; now: kernel, model, clinic, measurement, gpu" ;;
*) fail "no kind '$kind': kernel, model, clinic, measurement, gpu, system, study" ;;
esac
[ -e "$dir" ] && fail "$dir is there already, and is left alone"
for other in stage*/[0-9][0-9]_"$name"; do [ -d "$other" ] && fail "the name $name is taken by $other; names are unique"; done
mkdir -p "$dir/honest" || fail "$dir cannot be written"

put() { cat >"$dir/$1" || fail "$dir/$1 cannot be written"; }

if [ $kind = gpu ]; then
put "$name.h" <<EOF
/* $name.h -- one sentence: what this folder computes. */
/* kind: gpu; needs: nothing */
#pragma once
#include "todo.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What holds for all functions here: pointers are the device's; what N = 0 does, what may overlap. */

/* y = 2 x. Source: paper, equation. */
void ${name}_double(float *y, const float *x, int N);                  /* (N), (N) */

#ifdef __cplusplus
}
#endif
EOF
put "$name.cu" <<EOF
/* $name.cu -- one sentence: what this folder computes. */
#include <cuda_runtime.h>
#include "$name.h"

static __global__ void twice(float *y, const float *x, int N)
{
    /* exercise: write twice x into y where this thread's element is */
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N) y[n] = 2 * x[n];
    /* end */
}

/* y = 2 x */
void ${name}_double(float *y, const float *x, int N)
{
    if (N > 0) twice<<<(N + 255) / 256, 256>>>(y, x, N);
}
EOF
put "test_$name.c" <<EOF
/* test_$name.c -- probes that grade $name.cu, and oracles that prove the reference right. */
#include "device.h"
#include "probe.h"
#include "$name.h"

PROBE(${name}_double, by_pencil)                    /* the lesson's example */
{
    const float *x = device_in("x", probe_given(1, -2, 3), 3);
    float *y = device_out("y", 3);
    ${name}_double(y, x, 3);
    emit("y", device_back(y), 3);
}

PROBE(${name}_double, awkward_sizes)
{
    int N = probe_pick(0, 1, 31, 33, 257, 1000);
    const float *x = device_in("x", probe_floats(N), N);
    float *y = device_out("y", N);
    ${name}_double(y, x, N);
    emit("y", device_back(y), N);
    emit_counter("global_store_sectors_per_request");
}

ORACLE(${name}_double, in_double)
{
    int N = probe_pick(1, 33, 1000);
    const float *x = probe_uniform(N, -1, 1);
    float *y = device_out("y", N);
    ${name}_double(y, device_in("x", x, N), N);
    const float *got = device_back(y);
    for (int n = 0; n < N; n++)
        expect(got[n] == (float)(2.0 * x[n]), "element %d: got %g, want %g", n, got[n], 2.0 * x[n]);
}
EOF
put mutants <<EOF
no_guard
- if (n < N) y[n] = 2 * x[n];
+ y[n] = 2 * x[n];
Threads behind the last element write too. Ask n < N first.

within_the_block
- int n = blockIdx.x * blockDim.x + threadIdx.x;
+ int n = threadIdx.x;
Every block does the same elements: blockIdx.x * blockDim.x come before.

squared
- if (n < N) y[n] = 2 * x[n];
+ if (n < N) y[n] = x[n] * x[n];
x is squared. Twice x is x + x.
EOF
for v in sum stride; do
    [ $v = sum ] && body='if (n < N) y[n] = x[n] + x[n];' || body='for (; n < N; n += gridDim.x * blockDim.x) y[n] = x[n] - -x[n];'
    put "honest/$v.cu" <<EOF
/* An honest variant: another way to the same numbers. */
#include <cuda_runtime.h>
#include "$name.h"

static __global__ void kernel(float *y, const float *x, int N)
{
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    $body
}

void ${name}_double(float *y, const float *x, int N)
{
    if (N > 0) kernel<<<(N + 127) / 128, 128>>>(y, x, N);
}
EOF
done
else
put "$name.h" <<EOF
/* $name.h -- one sentence: what this folder computes. */
/* kind: $kind; needs: nothing */
#pragma once
#include "todo.h"

/* What holds for all functions here: layouts, what N = 0, NaN and infinities do, what may overlap. */

/* y = 2 x. Source: paper, equation. */
void ${name}_double(float *y, const float *x, int N);                  /* (N), (N) */
EOF
put "$name.c" <<EOF
/* $name.c -- one sentence: what this folder computes. */
#include "$name.h"

/* y = 2 x */
void ${name}_double(float *y, const float *x, int N)
{
    /* exercise: write twice x into y, for every n */
    for (int n = 0; n < N; n++)
        y[n] = 2 * x[n];
    /* end */
}
EOF
put "test_$name.c" <<EOF
/* test_$name.c -- probes that grade $name.c, and oracles that prove the reference right. */
#include "probe.h"
#include "$name.h"

PROBE(${name}_double, by_pencil)                    /* the lesson's example */
{
    float *x = probe_given(1, -2, 3), *y = probe_output(3);
    probe_freeze();
    ${name}_double(y, x, 3);
    emit("y", y, 3);
}

PROBE(${name}_double, awkward_sizes)
{
    int N = probe_pick(0, 1, 2, 7, 33, 129);
    float *x = probe_floats(N), *y = probe_output(N);
    probe_freeze();
    ${name}_double(y, x, N);
    emit("y", y, N);
}

ORACLE(${name}_double, in_double)
{
    int N = probe_pick(1, 7, 33);
    float *x = probe_floats(N), *y = probe_output(N);
    ${name}_double(y, x, N);
    for (int n = 0; n < N; n++)
        expect(y[n] == (float)(2.0 * x[n]), "element %d: got %g, want %g", n, y[n], 2.0 * x[n]);
}
EOF
put mutants <<EOF
last_left_out
- for (int n = 0; n < N; n++)
+ for (int n = 0; n < N - 1; n++)
The last element is never written: the loop must run while n < N.

added_to
- y[n] = 2 * x[n];
+ y[n] += 2 * x[n];
y is added to what was there. The contract says written.

squared
- y[n] = 2 * x[n];
+ y[n] = x[n] * x[n];
x is squared. Twice x is x + x.
EOF
for v in sum shift; do
    [ $v = sum ] && body='x[n] + x[n]' || body='x[n] - -x[n]'
    put "honest/$v.c" <<EOF
/* An honest variant: another way to the same numbers. */
#include "$name.h"

void ${name}_double(float *y, const float *x, int N)
{
    for (int n = N; n-- > 0;)
        y[n] = $body;
}
EOF
done
put main.c <<EOF
/* main.c -- one sentence: what the program shows on real data. */
#include <math.h>
#include "$name.h"
#include "data.h"
#include "program.h"

typedef struct Options { int rows; } Options;

static const Flag flags[] = {
    { "rows", FLAG_INT, offsetof(Options, rows), "1797", .quick = "100", .help = "rows of the digits" },
    { 0 }
};

int main(int argc, char **argv)
{
    Options o;
    Program *p = program_start(argc, argv, "$name", "one sentence: what the program shows", flags, &o);
    Arena *a = arena_new("$name");
    Dataset digits;
    program_try(p, data_load(a, "digits", F32, &digits));
    const float *x = digits.x->data;
    int N = (int)digits.x->shape[1];
    double worst = 0;
    for (int r = 0; r < o.rows && r < digits.x->shape[0]; r++, x += N) {
        float y[64];
        ${name}_double(y, x, N);
        for (int n = 0; n < N; n++) worst = fmax(worst, fabs(y[n] - 2.0 * x[n]));
    }
    program_promise(p, "largest error", worst, "<=", 0);
    arena_free(a);
    return program_end(p);
}
EOF
put "bench_$name.c" <<EOF
/* bench_$name.c -- what $name.c costs: rows for bench/, which times them. */
#include "bench.h"
#include "$name.h"

static const int sizes[][1] = { { 1023 }, { 65536 }, { 1 << 22 } };

static void twice(Bench *b, const int *size)
{
    ${name}_double(bench_out(b, "y", size[0]), bench_in(b, "x", size[0]), size[0]);
}

BENCH($name) = {
    { "${name}_double", twice, .flops = "N", .bytes = "8*N", .dims = "N", SIZES(sizes) },
    { 0 }
};
EOF
put predict <<EOF
# predict -- what the learner guesses before it is measured. A line a question: NAME | QUESTION | COMMAND | TEXT, where TEXT
# is found in what COMMAND prints, with the measured number at the #; exp(#): e to that number.
worst | Doubling a float: how far from twice its value does it end, at worst? | make run EX=$name ARGS=--quick | largest error #,
EOF
fi
put README.md <<EOF
# $name: a title that says what it is

## Before this
Names of exercises in backquotes, and hours: about 1 hour.

## Guess a number
A question whose answer the plot has.

## The idea
Purpose, then the essence of the design. Why, before how.

## With a pencil
x = (1, -2, 3): y = (2, -4, 6). This is the first probe.

## Maths and shapes
y = 2 x. x, y: (N).

## The task
1. \`${name}_double\`: what to write. Then change one thing in the component and look again.

## What to look at in the plot
$([ $kind = gpu ] && printf 'main.c is still to be written: ')\`make run EX=$name\` prints the figures quoted here.

## The same in NumPy
\`\`\`python
y = 2 * x
\`\`\`

## Pitfalls
- What really goes wrong.

## Interview questions
<details><summary>A question that is really asked?</summary>

Its answer.
</details>

## Hints
<details><summary>${name}_double, 1</summary>One loop.</details>
<details><summary>${name}_double, 2</summary>From 0 to N - 1.</details>
<details><summary>${name}_double, 3</summary>y[n] = 2 * x[n].</details>

## Further reading
Papers and chapters, with year.
EOF
echo "$dir is there and builds. Next: write it, then make check EX=$name; add the name to a track in grading/tracks/."
