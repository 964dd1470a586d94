/* rows_norm.c -- layernorm and rmsnorm by the library, and layernorm by oneDNN's primitive. */
#include <math.h>
#include <stdlib.h>
#include "library.h"
#include "onednn.h"
#include "versions.h"

static const int sizes[][2] = { { 64, 64 }, { 1023, 257 }, { 1024, 1024 }, { 8192, 1024 } };
#define EPS 1e-5

static int64_t count(const int *size) { return (int64_t)size[0] * size[1]; }

/* ---- The right values, in double --------------------------------------------------------------------------------- */

typedef struct Row { double mean, scale; } Row;

static Row row_of(const float *x, int C, bool centred)
{
    Row r = { 0, 0 };
    for (int c = 0; c < C && centred; c++) r.mean += (double)x[c] / C;
    for (int c = 0; c < C; c++) r.scale += pow(x[c] - r.mean, 2) / C;
    r.scale = 1 / sqrt(r.scale + EPS);
    return r;
}

static void truth(Bench *b, const int *size, bool centred)
{
    int          C = size[1];
    const float *x = bench_in(b, "x", count(size)), *w = bench_in(b, "w", C),
                *bias = centred ? bench_in(b, "b", C) : NULL;
    double      *y = bench_want(b, "y", count(size));
    for (int n = 0; n < size[0]; n++, x += C, y += C) {
        Row r = row_of(x, C, centred);
        for (int c = 0; c < C; c++) y[c] = (x[c] - r.mean) * r.scale * w[c] + (bias ? bias[c] : 0);
    }
}

static void backward_truth(Bench *b, const int *size, bool centred)
{
    int          C = size[1];
    const float *x = bench_in(b, "x", count(size)), *w = bench_in(b, "w", C), *dy = bench_in(b, "dy", count(size));
    double      *dx = bench_want(b, "dx", count(size)), *dw = bench_want(b, "dw", C);
    double      *db = centred ? bench_want(b, "db", C) : NULL;
    for (int c = 0; c < C; c++) dw[c] = 0;
    for (int c = 0; c < C && centred; c++) db[c] = 0;
    for (int n = 0; n < size[0]; n++, x += C, dy += C, dx += C) {
        Row    r = row_of(x, C, centred);
        double g = 0, gh = 0;
        for (int c = 0; c < C; c++) {
            double h = (x[c] - r.mean) * r.scale;
            if (centred) g += (double)dy[c] * w[c] / C, db[c] += dy[c];
            gh += (double)dy[c] * w[c] * h / C;
            dw[c] += dy[c] * h;
        }
        for (int c = 0; c < C; c++) dx[c] = r.scale * ((double)dy[c] * w[c] - g - (x[c] - r.mean) * r.scale * gh);
    }
}

static void layer_truth(Bench *b, const int *size) { truth(b, size, true); }
static void rms_truth(Bench *b, const int *size) { truth(b, size, false); }
static void layer_backward_truth(Bench *b, const int *size) { backward_truth(b, size, true); }
static void rms_backward_truth(Bench *b, const int *size) { backward_truth(b, size, false); }

/* ---- The library ------------------------------------------------------------------------------------------------- */

static void setup(Bench *b, const int *size, bool centred)
{
    Library *l = library_new(b, false);
    bench_out(b, "y", count(size));
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "x", count(size)));
    library_in(l, F32, SHAPE(size[1]), bench_in(b, "w", size[1]));
    if (centred) library_in(l, F32, SHAPE(size[1]), bench_in(b, "b", size[1]));
}

static void layer_setup(Bench *b, const int *size) { setup(b, size, true); }
static void rms_setup(Bench *b, const int *size) { setup(b, size, false); }

static void layer(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_layernorm(l->tape, l->in[0], l->in[1], l->in[2], EPS)->data, count(size));
}

static void rms(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_rmsnorm(l->tape, l->in[0], l->in[1], EPS)->data, count(size));
}

/* Backward alone: forward runs off the clock. */
enum { X, W, DY, BIAS };

static void backward_setup(Bench *b, const int *size, bool centred)
{
    Library *l = library_new(b, true);
    bench_out(b, "dx", count(size));
    bench_out(b, "dw", size[1]);
    if (centred) bench_out(b, "db", size[1]);
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "x", count(size)));
    library_in(l, F32, SHAPE(size[1]), bench_in(b, "w", size[1]));
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "dy", count(size)));
    if (centred) {
        l->in[BIAS] = tensor_new(l->arena, DEV_CPU, F32, SHAPE(size[1]));
        op_fill(l->tape, l->in[BIAS], 0);
        l->in[BIAS]->needs_grad = true;
    }
    l->in[X]->needs_grad = l->in[W]->needs_grad = true;
}

static void layer_backward_setup(Bench *b, const int *size) { backward_setup(b, size, true); }
static void rms_backward_setup(Bench *b, const int *size) { backward_setup(b, size, false); }

static void backward_before(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    Tensor  *bias = l->in[BIAS];
    (void)size;
    library_before_backward(l);
    Tensor *y = bias ? op_layernorm(l->tape, l->in[X], l->in[W], bias, EPS)
                     : op_rmsnorm(l->tape, l->in[X], l->in[W], EPS);
    y->grad = l->in[DY];
    l->more = y;
}

static void backward(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_backward(l->tape, l->more);
    bench_wrote(b, "dx", l->in[X]->grad->data, count(size));
    bench_wrote(b, "dw", l->in[W]->grad->data, size[1]);
    if (l->in[BIAS]) bench_wrote(b, "db", l->in[BIAS]->grad->data, size[1]);
}

/* ---- oneDNN ------------------------------------------------------------------------------------------------------ */

#ifdef HAVE_DNNL
enum { FLAGS = dnnl_use_scale | dnnl_use_shift };

#if DNNL_VERSION_MAJOR >= 3
static bool choose(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, Layout rows, Layout stat)
{
    return !dnnl_layer_normalization_forward_primitive_desc_create(chosen, engine, dnnl_forward_training, rows, rows,
                                                                   stat, (float)EPS, FLAGS, NULL);
}

static bool choose_back(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, Layout rows, Layout stat,
                        dnnl_primitive_desc_t forward)
{
    return !dnnl_layer_normalization_backward_primitive_desc_create(chosen, engine, dnnl_backward, rows, rows, rows,
                                                                    stat, (float)EPS, FLAGS, forward, NULL);
}
#else
static bool choose(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, Layout rows, Layout stat)
{
    dnnl_layer_normalization_desc_t d;
    return !dnnl_layer_normalization_forward_desc_init(&d, dnnl_forward_training, rows, stat, (float)EPS, FLAGS) &&
           !dnnl_primitive_desc_create(chosen, &d, NULL, engine, NULL);
}

static bool choose_back(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, Layout rows, Layout stat,
                        dnnl_primitive_desc_t forward)
{
    dnnl_layer_normalization_desc_t d;
    return !dnnl_layer_normalization_backward_desc_init(&d, dnnl_backward, rows, rows, stat, (float)EPS, FLAGS) &&
           !dnnl_primitive_desc_create(chosen, &d, NULL, engine, forward);
}
#endif

/* What both directions take: x, w, and each row's mean and variance, which the forward pass writes. */
static bool attach_inputs(Primitive *p, Bench *b, const int *size, Description rows, Description row, Description stat,
                          float *statistics)
{
    return onednn_attach(p, rows, DNNL_ARG_SRC, bench_in(b, "x", count(size))) &&
           onednn_attach(p, row, DNNL_ARG_SCALE, bench_in(b, "w", size[1])) &&
           onednn_attach(p, stat, DNNL_ARG_MEAN, statistics) &&
           onednn_attach(p, stat, DNNL_ARG_VARIANCE, statistics + size[0]);
}

static void onednn_any(Bench *b, const int *size, bool backward)
{
    Primitive            *p = onednn_new(b);
    Description           rows, row, stat;
    dnnl_primitive_desc_t forward, back;
    bool ok = onednn_describe(&rows, size) && onednn_describe_as(&row, 1, (dnnl_dims_t){ size[1] }, dnnl_a) &&
              onednn_describe_as(&stat, 1, (dnnl_dims_t){ size[0] }, dnnl_a) &&
              onednn_room(p, 2 * (size_t)size[0] * sizeof *p->room) &&
              choose(&forward, p->engine, onednn_layout(&rows), onednn_layout(&stat));
    if (ok && backward) { /* mean and variance are made once, here */
        Row r;
        const float *x = bench_in(b, "x", count(size));
        for (int n = 0; n < size[0]; n++) {
            r = row_of(x + (int64_t)n * size[1], size[1], true);
            p->room[n] = (float)r.mean;
            p->room[size[0] + n] = (float)(1 / (r.scale * r.scale) - EPS);
        }
        ok = choose_back(&back, p->engine, onednn_layout(&rows), onednn_layout(&stat), forward) &&
             !dnnl_primitive_create(&p->run, back) && attach_inputs(p, b, size, rows, row, stat, p->room) &&
             onednn_attach(p, row, DNNL_ARG_SHIFT, bench_in(b, "w", size[1])) && /* v2 insists on it */
             onednn_attach(p, rows, DNNL_ARG_DIFF_DST, bench_in(b, "dy", count(size))) &&
             onednn_attach(p, rows, DNNL_ARG_DIFF_SRC, bench_out(b, "dx", count(size))) &&
             onednn_attach(p, row, DNNL_ARG_DIFF_SCALE, bench_out(b, "dw", size[1])) &&
             onednn_attach(p, row, DNNL_ARG_DIFF_SHIFT, bench_out(b, "db", size[1]));
        dnnl_primitive_desc_destroy(back);
    } else if (ok)
        ok = !dnnl_primitive_create(&p->run, forward) && attach_inputs(p, b, size, rows, row, stat, p->room) &&
             onednn_attach(p, row, DNNL_ARG_SHIFT, bench_in(b, "b", size[1])) &&
             onednn_attach(p, rows, DNNL_ARG_DST, bench_out(b, "y", count(size)));
    if (!ok) {
        bench_absent(b, "oneDNN has no such primitive here");
        return;
    }
    dnnl_primitive_desc_destroy(forward);
    onednn_forget(rows), onednn_forget(row), onednn_forget(stat);
}

static void onednn_setup(Bench *b, const int *size) { onednn_any(b, size, false); }
static void onednn_backward_setup(Bench *b, const int *size) { onednn_any(b, size, true); }
#endif

/* A weight's gradient is a sum over the rows. */
BENCH_OF(norm, norm) = {
    { "layernorm", layer, .flops = "8*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(sizes), .contestant = "library",
      .truth = layer_truth, .setup = layer_setup, .teardown = library_free },
    { "layernorm_backward", backward, .flops = "14*N*C", .bytes = "12*N*C", .dims = "NC", SIZES(sizes), .terms = "N+C",
      .contestant = "library", .truth = layer_backward_truth, .setup = layer_backward_setup, .before = backward_before,
      .teardown = library_free },
    { "rmsnorm", rms, .flops = "6*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(sizes), .contestant = "library",
      .truth = rms_truth, .setup = rms_setup, .teardown = library_free },
    { "rmsnorm_backward", backward, .flops = "11*N*C", .bytes = "12*N*C", .dims = "NC", SIZES(sizes), .terms = "N+C",
      .contestant = "library", .truth = rms_backward_truth, .setup = rms_backward_setup, .before = backward_before,
      .teardown = library_free },
#ifdef HAVE_DNNL
    { "layernorm", onednn_run, .contestant = "oneDNN", .version = version_onednn, .setup = onednn_setup,
      .teardown = onednn_free },
    { "layernorm_backward", onednn_run, .contestant = "oneDNN", .version = version_onednn,
      .setup = onednn_backward_setup, .teardown = onednn_free },
#endif
    { 0 }
};
