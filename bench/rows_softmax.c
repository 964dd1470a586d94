/* rows_softmax.c -- who else computes softmax: the library's ops, and oneDNN's primitives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "library.h"
#include "onednn.h"
#include "rng.h"
#include "versions.h"

static int64_t count(const int *size) { return (int64_t)size[0] * size[1]; }

/* ---- The right values, in double --------------------------------------------------------------------------------- */

static double row_max(const float *x, int C)
{
    double max = -INFINITY;
    for (int c = 0; c < C; c++) max = x[c] > max ? x[c] : max;
    return max;
}

static void softmax_truth(Bench *b, const int *size)
{
    int          C = size[1];
    const float *x = bench_in(b, "x", count(size));
    double      *y = bench_want(b, "y", count(size));
    for (int n = 0; n < size[0]; n++, x += C, y += C) {
        double max = row_max(x, C), sum = 0;
        for (int c = 0; c < C; c++) sum += y[c] = exp(x[c] - max);
        for (int c = 0; c < C; c++) y[c] /= sum;
    }
}

static void backward_truth(Bench *b, const int *size)
{
    int          C = size[1];
    const float *y = bench_in(b, "y", count(size)), *dy = bench_in(b, "dy", count(size));
    double      *dx = bench_want(b, "dx", count(size));
    for (int n = 0; n < size[0]; n++, y += C, dy += C, dx += C) {
        double sum = 0;
        for (int c = 0; c < C; c++) sum += (double)y[c] * dy[c];
        for (int c = 0; c < C; c++) dx[c] = y[c] * (dy[c] - sum);
    }
}

static void log_truth(Bench *b, const int *size)
{
    int          C = size[1];
    const float *x = bench_in(b, "x", count(size));
    double      *y = bench_want(b, "y", count(size));
    for (int n = 0; n < size[0]; n++, x += C, y += C) {
        double max = row_max(x, C), sum = 0;
        for (int c = 0; c < C; c++) sum += exp(x[c] - max);
        for (int c = 0; c < C; c++) y[c] = x[c] - max - log(sum);
    }
}

/* A gradient's y is what softmax gives, not any numbers. */
static void backward_inputs(Bench *b, const int *size)
{
    int    C = size[1];
    float *y = bench_given(b, "y", count(size));
    Rng    rng = rng_new(2);
    rng_fill_normal(&rng, &(Tensor){ .data = y, .dtype = F32, .ndim = 1, .shape = { count(size) }, .stride = { 1 } }, 0,
                    1);
    for (int n = 0; n < size[0]; n++, y += C) {
        double max = row_max(y, C), sum = 0;
        for (int c = 0; c < C; c++) sum += exp(y[c] - max);
        for (int c = 0; c < C; c++) y[c] = (float)(exp(y[c] - max) / sum);
    }
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

static void library_softmax(Bench *b, const int *size) { library_one_op(b, size, op_softmax); }
static void library_log(Bench *b, const int *size) { library_one_op(b, size, op_log_softmax); }

/* Backward alone: off the clock, a softmax is recorded whose forward writes nothing, and y put in its place; then the
 * library's way back is timed. */
static void silent_forward(Tape *t, Node *n) { (void)t, (void)n; }
static const Op silent = { .forward = { [DEV_CPU] = silent_forward } };

static void backward_setup(Bench *b, const int *size)
{
    Library *l = library_new(b, true);
    int64_t  shape[] = { size[0], size[1] };
    bench_out(b, "dx", count(size));
    library_in(l, F32, 2, shape, bench_in(b, "y", count(size)));
    library_in(l, F32, 2, shape, bench_in(b, "dy", count(size)));
    tape_replace(l->tape, "softmax", &silent);
}

static void backward_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    Tensor *x = tensor_new(tape_arena(l->tape), DEV_CPU, F32, SHAPE(size[0], size[1])); /* nobody reads it */
    x->needs_grad = true;
    Tensor *y = l->more = op_softmax(l->tape, x);
    y->data = l->in[0]->data;
    y->keep = true;
    y->grad = l->in[1];
    l->in[2] = x;
}

static void library_backward(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_backward(l->tape, l->more);
    bench_wrote(b, "dx", l->in[2]->grad->data, count(size));
}

/* ---- oneDNN ------------------------------------------------------------------------------------------------------ */

#ifdef HAVE_DNNL
#if DNNL_VERSION_MAJOR >= 3
static bool make(Primitive *p, Description d, bool log, bool backward)
{
    dnnl_alg_kind_t       kind = log ? dnnl_softmax_log : dnnl_softmax_accurate;
    dnnl_primitive_desc_t forward, chosen;
    if (dnnl_softmax_forward_primitive_desc_create(&forward, p->engine, dnnl_forward_training, kind, d, d, 1, NULL))
        return false;
    chosen = forward;
    if (backward && dnnl_softmax_backward_primitive_desc_create(&chosen, p->engine, kind, d, d, d, 1, forward, NULL))
        return false;
    bool made = dnnl_primitive_create(&p->run, chosen) == dnnl_success;
    if (backward) dnnl_primitive_desc_destroy(chosen);
    dnnl_primitive_desc_destroy(forward);
    return made;
}
#else
static bool make(Primitive *p, Description d, bool log, bool backward)
{
    dnnl_softmax_desc_t    one;
    dnnl_logsoftmax_desc_t other;   /* the same struct, made by other functions */
    dnnl_primitive_desc_t  forward, chosen;
    if (log ? dnnl_logsoftmax_forward_desc_init(&other, dnnl_forward_training, &d, 1)
            : dnnl_softmax_forward_desc_init(&one, dnnl_forward_training, &d, 1)) return false;
    if (dnnl_primitive_desc_create(&forward, log ? (const void *)&other : &one, NULL, p->engine, NULL)) return false;
    chosen = forward;
    if (backward && (dnnl_softmax_backward_desc_init(&one, &d, &d, 1) ||
                     dnnl_primitive_desc_create(&chosen, &one, NULL, p->engine, forward))) return false;
    bool made = dnnl_primitive_create(&p->run, chosen) == dnnl_success;
    if (backward) dnnl_primitive_desc_destroy(chosen);
    dnnl_primitive_desc_destroy(forward);
    return made;
}
#endif

static void onednn_forward(Bench *b, const int *size, bool log)
{
    Primitive  *p = onednn_new(b);
    Description d;
    if (!onednn_describe(&d, size)) bench_absent(b, "oneDNN refuses this shape");
    else if (!make(p, d, log, false) || !onednn_attach(p, d, DNNL_ARG_SRC, bench_in(b, "x", count(size))) ||
             !onednn_attach(p, d, DNNL_ARG_DST, bench_out(b, "y", count(size))))
        bench_absent(b, "oneDNN has no such primitive here");
    onednn_forget(d);
}

static void onednn_setup(Bench *b, const int *size) { onednn_forward(b, size, false); }
static void onednn_log_setup(Bench *b, const int *size) { onednn_forward(b, size, true); }

static void onednn_backward_setup(Bench *b, const int *size)
{
    Primitive  *p = onednn_new(b);
    Description d;
    if (!onednn_describe(&d, size)) bench_absent(b, "oneDNN refuses this shape");
    else if (!make(p, d, false, true) || !onednn_attach(p, d, DNNL_ARG_DST, bench_in(b, "y", count(size))) ||
             !onednn_attach(p, d, DNNL_ARG_DIFF_DST, bench_in(b, "dy", count(size))) ||
             !onednn_attach(p, d, DNNL_ARG_DIFF_SRC, bench_out(b, "dx", count(size))))
        bench_absent(b, "oneDNN has no such primitive here");
    onednn_forget(d);
}
#endif

/* ---- Loss and gradient in one go: what a training step asks for -------------------------------------------------- */

static const int step_sizes[][2] = { { 128, 10 }, { 1023, 257 }, { 8192, 1024 }, { 512, 50257 } };

static void step_truth(Bench *b, const int *size)
{
    int          N = size[0], C = size[1];
    const float *x = bench_in(b, "x", count(size));
    const int   *target = bench_in_ints(b, "target", N, 0, C - 1);
    double      *loss = bench_want(b, "loss", 1), *dx = bench_want(b, "dx", count(size));
    *loss = 0;
    for (int n = 0; n < N; n++, x += C, dx += C) {
        double max = row_max(x, C), sum = 0;
        for (int c = 0; c < C; c++) sum += dx[c] = exp(x[c] - max);
        for (int c = 0; c < C; c++) dx[c] = (dx[c] / sum - (c == target[n])) / N;
        *loss += (max + log(sum) - x[target[n]]) / N;
    }
}

static void step_setup(Bench *b, const int *size)
{
    Library *l = library_new(b, true);
    bench_out(b, "loss", 1);
    bench_out(b, "dx", count(size));
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "x", count(size)));
    library_in(l, I32, SHAPE(size[0]), bench_in_ints(b, "target", size[0], 0, size[1] - 1));
}

/* x is a view of the same numbers in the tape's arena's care, so that its gradient is stored, not copied to another
 * arena. */
static void library_step(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    Tensor *x = arena_alloc(tape_arena(l->tape), DEV_CPU, sizeof *x, "headers");
    *x = *l->in[0];
    x->arena = tape_arena(l->tape);
    x->needs_grad = true;
    Tensor *loss = op_cross_entropy(l->tape, x, l->in[1]);
    bench_wrote(b, "loss", loss->data, 1);
    tape_backward(l->tape, loss);
    bench_wrote(b, "dx", x->grad->data, count(size));
}

/* bench_softmax.c, the room's own file, has the sizes and costs of the first three. */
BENCH_OF(softmax_others, softmax) = {
    { "softmax", library_softmax, .contestant = "library", .truth = softmax_truth, .setup = library_one_setup,
      .teardown = library_free },
    { "softmax_backward", library_backward, .contestant = "library", .truth = backward_truth, .inputs = backward_inputs,
      .setup = backward_setup, .before = backward_before, .teardown = library_free },
    { "softmax_log", library_log, .contestant = "library", .truth = log_truth, .setup = library_one_setup,
      .teardown = library_free },
    { "cross_entropy_step", library_step, .flops = "9*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(step_sizes),
      .contestant = "library", .truth = step_truth, .setup = step_setup, .teardown = library_free,
      .note = "the loss and its gradient, as a training step asks for them" },
#ifdef HAVE_DNNL
    { "softmax", onednn_run, .contestant = "oneDNN", .version = version_onednn, .setup = onednn_setup,
      .teardown = onednn_free },
    { "softmax_backward", onednn_run, .contestant = "oneDNN", .version = version_onednn, .setup = onednn_backward_setup,
      .teardown = onednn_free },
    { "softmax_log", onednn_run, .contestant = "oneDNN", .version = version_onednn, .setup = onednn_log_setup,
      .teardown = onednn_free },
#endif
    { 0 }
};
