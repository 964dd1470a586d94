/* rows_conv_onednn.c -- convolution by oneDNN's primitives, in the layouts that it chooses. Images come and go as
 * (N,C,H,W), so what copies them there and back is part of the call, as it is of everybody's. */
#ifdef HAVE_DNNL
#include "onednn.h"
#include "versions.h"

enum { IMAGES, IN, SIDE, OUT, WINDOW };
enum { X, W, B, Y, SIDES };
typedef enum { FORWARD, DATA, WEIGHTS } Product;

static int64_t x_count(const int *s) { return (int64_t)s[IMAGES] * s[IN] * s[SIDE] * s[SIDE]; }
static int64_t w_count(const int *s) { return (int64_t)s[OUT] * s[IN] * s[WINDOW] * s[WINDOW]; }
static int64_t y_count(const int *s) { return (int64_t)s[IMAGES] * s[OUT] * s[SIDE] * s[SIDE]; }

/* plain: as the numbers come; free: of any layout. */
typedef struct Shapes { Description plain[SIDES], free[SIDES]; } Shapes;

static bool describe(Shapes *d, const int *s)
{
    const dnnl_dims_t dims[SIDES] = { { s[IMAGES], s[IN], s[SIDE], s[SIDE] }, { s[OUT], s[IN], s[WINDOW], s[WINDOW] },
                                      { s[OUT] }, { s[IMAGES], s[OUT], s[SIDE], s[SIDE] } };
    for (int i = 0; i < SIDES; i++)
        if (!onednn_describe_as(&d->plain[i], i == B ? 1 : 4, dims[i], i == B ? dnnl_a : dnnl_abcd) ||
            !onednn_describe_as(&d->free[i], i == B ? 1 : 4, dims[i], i == B ? dnnl_a : dnnl_format_tag_any))
            return false;
    return true;
}

static void forget(Shapes *d)
{
    for (int i = 0; i < SIDES; i++) onednn_forget(d->plain[i]), onednn_forget(d->free[i]);
}

/* forward: NULL, or the primitive that the gradients are to go with. */
static bool choose(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, const Shapes *d, const int *s, Product what,
                   dnnl_primitive_desc_t forward, dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t step = { 1, 1 }, apart = { 0, 0 }, pad = { s[WINDOW] / 2, s[WINDOW] / 2 };
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    Layout x = onednn_layout(&d->free[X]), w = onednn_layout(&d->free[W]), b = onednn_layout(&d->free[B]),
           y = onednn_layout(&d->free[Y]);
#if DNNL_VERSION_MAJOR >= 3
    if (what == FORWARD)
        return !dnnl_convolution_forward_primitive_desc_create(chosen, engine, dnnl_forward_training, direct, x, w, b,
                                                               y, step, apart, pad, pad, attr);
    if (what == DATA)
        return !dnnl_convolution_backward_data_primitive_desc_create(chosen, engine, direct, x, w, y, step, apart, pad,
                                                                     pad, forward, attr);
    return !dnnl_convolution_backward_weights_primitive_desc_create(chosen, engine, direct, x, w, b, y, step, apart,
                                                                    pad, pad, forward, attr);
#else
    dnnl_convolution_desc_t conv;
    (void)apart;
    if (what == FORWARD
            ? dnnl_convolution_forward_desc_init(&conv, dnnl_forward_training, direct, x, w, b, y, step, pad, pad)
        : what == DATA ? dnnl_convolution_backward_data_desc_init(&conv, direct, x, w, y, step, pad, pad)
                       : dnnl_convolution_backward_weights_desc_init(&conv, direct, x, w, b, y, step, pad, pad))
        return false;
    return !dnnl_primitive_desc_create(chosen, &conv, attr, engine, forward);
#endif
}

/* A copy from one layout to another. */
static bool copy(Primitive *p, Layout from, const float *x, Layout to, const float *y)
{
    dnnl_primitive_desc_t chosen;
    if (dnnl_reorder_primitive_desc_create(&chosen, from, p->engine, to, p->engine, NULL)) return false;
    bool made = !dnnl_primitive_create(&p->run, chosen) && onednn_attach_as(p, from, DNNL_ARG_FROM, x) &&
                onednn_attach_as(p, to, DNNL_ARG_TO, y);
    dnnl_primitive_desc_destroy(chosen);
    return made;
}

typedef struct Operand { int what; dnnl_query_t query; const Description *plain; const float *data; } Operand;

/* The primitive with what copies its inputs before, and its output (the first operand) after. */
static bool add(Primitive *p, dnnl_primitive_desc_t chosen, const Operand *o, int n)
{
    const float *data[SIDES];
    Primitive   *run = NULL;
    bool         good = true;
    for (int i = n; good && i-- > 0;) {
        Layout inner = dnnl_primitive_desc_query_md(chosen, o[i].query, 0), plain = onednn_layout(o[i].plain);
        data[i] = o[i].data;
        if (dnnl_memory_desc_equal(inner, plain)) continue;
        Primitive *before = onednn_then(p);
        good = onednn_room(before, dnnl_memory_desc_get_size(inner));
        data[i] = before->room;
        if (i > 0) good = good && copy(before, plain, o[i].data, inner, before->room);
    }
    if (good) run = onednn_then(p);
    good = good && !dnnl_primitive_create(&run->run, chosen);
    for (int i = 0; good && i < n; i++)
        good = onednn_attach_as(run, dnnl_primitive_desc_query_md(chosen, o[i].query, 0), o[i].what, data[i]);
    if (!good || data[0] == o[0].data) return good;
    return copy(onednn_then(p), dnnl_primitive_desc_query_md(chosen, o[0].query, 0), data[0],
                onednn_layout(o[0].plain), o[0].data);
}

static void forward_setup(Bench *b, const int *s, bool relu)
{
    Primitive *p = onednn_new(b);
    Shapes     d;
    dnnl_primitive_desc_t chosen;
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t       after;
    const Operand o[] = { { DNNL_ARG_DST, dnnl_query_dst_md, &d.plain[Y], bench_out(b, "y", y_count(s)) },
                          { DNNL_ARG_SRC, dnnl_query_src_md, &d.plain[X], bench_in(b, "x", x_count(s)) },
                          { DNNL_ARG_WEIGHTS, dnnl_query_weights_md, &d.plain[W], bench_in(b, "w", w_count(s)) } };
    const float *bias = bench_in(b, "b", s[OUT]);
    bool good = describe(&d, s) && !dnnl_primitive_attr_create(&attr) && !dnnl_post_ops_create(&after);
#if DNNL_VERSION_MAJOR >= 3
    good = good && (!relu || !dnnl_post_ops_append_eltwise(after, dnnl_eltwise_relu, 0, 0));
#else
    good = good && (!relu || !dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0));
#endif
    good = good && !dnnl_primitive_attr_set_post_ops(attr, after) &&
           choose(&chosen, p->engine, &d, s, FORWARD, NULL, attr);
    if (good) {
        /* the bias comes as it is: one operand more of the primitive itself */
        good = add(p, chosen, o, 3);
        for (Primitive *run = p; good && run; run = run->then)
            if (run->n == 3) good = onednn_attach(run, d.plain[B], DNNL_ARG_BIAS, bias);
        dnnl_primitive_desc_destroy(chosen);
        dnnl_post_ops_destroy(after);
        dnnl_primitive_attr_destroy(attr);
        forget(&d);
    }
    if (!good) bench_absent(b, "oneDNN has no such primitive here");
}

static void setup(Bench *b, const int *s) { forward_setup(b, s, false); }
static void relu_setup(Bench *b, const int *s) { forward_setup(b, s, true); }

static void backward_setup(Bench *b, const int *s)
{
    Primitive *p = onednn_new(b);
    Shapes     d;
    dnnl_primitive_desc_t forward, data, weights;
    const float *x = bench_in(b, "x", x_count(s)), *w = bench_in(b, "w", w_count(s)),
                *dy = bench_in(b, "dy", y_count(s));
    const Operand to_x[] = { { DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, &d.plain[X], bench_out(b, "dx", x_count(s)) },
                             { DNNL_ARG_WEIGHTS, dnnl_query_weights_md, &d.plain[W], w },
                             { DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, &d.plain[Y], dy } };
    const Operand to_w[] = {
        { DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, &d.plain[W], bench_out(b, "dw", w_count(s)) },
        { DNNL_ARG_SRC, dnnl_query_src_md, &d.plain[X], x },
        { DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, &d.plain[Y], dy }
    };
    const float *db = bench_out(b, "db", s[OUT]);
    bool good = describe(&d, s) && choose(&forward, p->engine, &d, s, FORWARD, NULL, NULL) &&
                choose(&data, p->engine, &d, s, DATA, forward, NULL) &&
                choose(&weights, p->engine, &d, s, WEIGHTS, forward, NULL);
    if (good) {
        good = add(p, data, to_x, 3);
        Primitive *last = p;
        while (last->then) last = last->then;
        good = good && add(p, weights, to_w, 3);
        for (Primitive *run = last->then; good && run; run = run->then)
            if (run->n == 3) good = onednn_attach(run, d.plain[B], DNNL_ARG_DIFF_BIAS, db);
        dnnl_primitive_desc_destroy(forward);
        dnnl_primitive_desc_destroy(data);
        dnnl_primitive_desc_destroy(weights);
        forget(&d);
    }
    if (!good) bench_absent(b, "oneDNN has no such primitive here");
}

#define ONEDNN onednn_run, .contestant = "oneDNN", .version = version_onednn, .teardown = onednn_free
BENCH_OF(conv_onednn, convolution) = {
    { "conv2d", ONEDNN, .setup = setup },
    { "conv2d_relu", ONEDNN, .setup = relu_setup },
    { "conv2d_backward", ONEDNN, .setup = backward_setup },
    { 0 }
};
#else
typedef int NoConvolution; /* a file must hold something */
#endif
