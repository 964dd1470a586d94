/* rows_norm.c -- layernorm and rmsnorm by the library, and layernorm by oneDNN's primitive. */
#include <math.h>
#include <stdlib.h>
#ifdef HAVE_DNNL
#include <oneapi/dnnl/dnnl.h>
#endif
#include "library.h"
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
    tape_reset(l->tape);
    l->in[X]->arena = tape_arena(l->tape); /* as an activation: its gradient is stored, not copied elsewhere */
    l->in[X]->grad = NULL;
    tensor_drop_grad(l->in[W]);
    if (bias) tensor_drop_grad(bias);
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
enum { MAX_ARGS = 9 };
typedef struct Primitive {
    dnnl_engine_t    engine;
    dnnl_stream_t    stream;
    dnnl_primitive_t run;
    dnnl_memory_t    memory[MAX_ARGS];
    dnnl_exec_arg_t  arg[MAX_ARGS];
    int              n;
    float           *stat;              /* of each row: mean and variance */
} Primitive;

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t Description;
#define POINTER(d) (d)
#define FLAGS (dnnl_use_scale | dnnl_use_shift)
static bool describe(Description *d, int ndim, const int *size)
{
    return !dnnl_memory_desc_create_with_tag(d, ndim, (dnnl_dims_t){ size[0], size[1] }, dnnl_f32,
                                             ndim == 1 ? dnnl_a : dnnl_ab);
}
static void forget(Description d) { dnnl_memory_desc_destroy(d); }
static bool make(Primitive *p, Description d, Description stat)
{
    dnnl_primitive_desc_t chosen;
    if (dnnl_layer_normalization_forward_primitive_desc_create(&chosen, p->engine, dnnl_forward_training, d, d, stat,
                                                               (float)EPS, FLAGS, NULL)) return false;
    bool made = dnnl_primitive_create(&p->run, chosen) == dnnl_success;
    dnnl_primitive_desc_destroy(chosen);
    return made;
}
#else
typedef dnnl_memory_desc_t Description;
#define POINTER(d) (&(d))
#define FLAGS (dnnl_use_scale | dnnl_use_shift)
static bool describe(Description *d, int ndim, const int *size)
{
    return !dnnl_memory_desc_init_by_tag(d, ndim, (dnnl_dims_t){ size[0], size[1] }, dnnl_f32,
                                         ndim == 1 ? dnnl_a : dnnl_ab);
}
static void forget(Description d) { (void)d; }
static bool make(Primitive *p, Description d, Description stat)
{
    dnnl_layer_normalization_desc_t what;
    dnnl_primitive_desc_t           chosen;
    if (dnnl_layer_normalization_forward_desc_init(&what, dnnl_forward_training, &d, &stat, (float)EPS, FLAGS) ||
        dnnl_primitive_desc_create(&chosen, &what, NULL, p->engine, NULL)) return false;
    bool made = dnnl_primitive_create(&p->run, chosen) == dnnl_success;
    dnnl_primitive_desc_destroy(chosen);
    return made;
}
#endif

static bool attach(Primitive *p, Description d, int what, const void *data)
{
    dnnl_memory_t *m = &p->memory[p->n];
    if (dnnl_memory_create(m, POINTER(d), p->engine, (void *)(uintptr_t)data)) return false;
    p->arg[p->n++] = (dnnl_exec_arg_t){ what, *m };
    return true;
}

static void onednn_setup(Bench *b, const int *size)
{
    Primitive  *p = calloc(1, sizeof *p);
    Description rows, row, stat;
    CHECK(p, "bench: no memory");
    bench_keep(b, p);
    p->stat = calloc(2 * (size_t)size[0], sizeof *p->stat);
    CHECK(p->stat, "bench: no memory");
    bool ok = !dnnl_engine_create(&p->engine, dnnl_cpu, 0) &&
              !dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags) && describe(&rows, 2, size) &&
              describe(&row, 1, size + 1) && describe(&stat, 1, size) && make(p, rows, stat) &&
              attach(p, rows, DNNL_ARG_SRC, bench_in(b, "x", count(size))) &&
              attach(p, row, DNNL_ARG_SCALE, bench_in(b, "w", size[1])) &&
              attach(p, row, DNNL_ARG_SHIFT, bench_in(b, "b", size[1])) && attach(p, stat, DNNL_ARG_MEAN, p->stat) &&
              attach(p, stat, DNNL_ARG_VARIANCE, p->stat + size[0]) &&
              attach(p, rows, DNNL_ARG_DST, bench_out(b, "y", count(size)));
    if (!ok) bench_absent(b, "oneDNN has no such primitive here");
    else forget(rows), forget(row), forget(stat);
}

static void onednn(Bench *b, const int *size)
{
    Primitive *p = bench_kept(b);
    (void)size;
    dnnl_primitive_execute(p->run, p->stream, p->n, p->arg);
    dnnl_stream_wait(p->stream);
}

static void onednn_free(Bench *b, const int *size)
{
    Primitive *p = bench_kept(b);
    (void)size;
    for (int i = 0; i < p->n; i++) dnnl_memory_destroy(p->memory[i]);
    if (p->run) dnnl_primitive_destroy(p->run);
    if (p->stream) dnnl_stream_destroy(p->stream);
    if (p->engine) dnnl_engine_destroy(p->engine);
    free(p->stat);
    free(p);
}
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
    { "layernorm", onednn, .contestant = "oneDNN", .version = version_onednn, .setup = onednn_setup,
      .teardown = onednn_free },
#endif
    { 0 }
};
