/* conv_dnnl.c -- convolution of few images, or of many channels, by oneDNN's primitives, v2 or v3. Each shape's are
 * made once and kept; they choose layouts of their own, into which images and weights are copied in every call: a copy
 * kept of the weights would not know when they change. */
#include "conv.h"
#if defined HAVE_DNNL && !defined REAL64
#include <oneapi/dnnl/dnnl.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* ---- Where the two versions differ: how layouts and convolutions are described ---- */

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t Layout;
static bool describe(dnnl_memory_desc_t *d, int ndim, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(d, ndim, dims, dnnl_f32, tag) == dnnl_success;
}
static Layout layout(const dnnl_memory_desc_t *d) { return *d; }
static void forget(dnnl_memory_desc_t *d) { dnnl_memory_desc_destroy(*d); }
#else
typedef const dnnl_memory_desc_t *Layout;
static bool describe(dnnl_memory_desc_t *d, int ndim, const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(d, ndim, dims, dnnl_f32, tag) == dnnl_success;
}
static Layout layout(const dnnl_memory_desc_t *d) { return d; }
static void forget(dnnl_memory_desc_t *d) { (void)d; }
#endif

enum { X, W, Y, B, SIDES };

/* d: layouts left to the library. data is asked for with the forward pass as a hint. */
static bool choose(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, const Conv *c, const dnnl_memory_desc_t *d,
                   ConvProduct what)
{
    const dnnl_dims_t step = { c->stride[0], c->stride[1] }, pad = { c->pad[0], c->pad[1] };
    const dnnl_dims_t apart = { c->dilation[0] - 1, c->dilation[1] - 1 }; /* 0: next to each other */
    const dnnl_prop_kind_t kind = what == CONV_DATA ? dnnl_forward_training : dnnl_forward_inference;
    dnnl_primitive_desc_t forward;
#if DNNL_VERSION_MAJOR >= 3
    if (dnnl_convolution_forward_primitive_desc_create(&forward, engine, kind, dnnl_convolution_direct, d[X], d[W],
                                                       d[B], d[Y], step, apart, pad, pad, NULL)) return false;
    *chosen = forward;
    if (what != CONV_DATA) return true;
    bool made = !dnnl_convolution_backward_data_primitive_desc_create(
        chosen, engine, dnnl_convolution_direct, d[X], d[W], d[Y], step, apart, pad, pad, forward, NULL);
#else
    dnnl_convolution_desc_t conv;
    if (dnnl_dilated_convolution_forward_desc_init(&conv, kind, dnnl_convolution_direct, &d[X], &d[W], &d[B], &d[Y],
                                                   step, apart, pad, pad) ||
        dnnl_primitive_desc_create(&forward, &conv, NULL, engine, NULL)) return false;
    *chosen = forward;
    if (what != CONV_DATA) return true;
    bool made = !dnnl_dilated_convolution_backward_data_desc_init(&conv, dnnl_convolution_direct, &d[X], &d[W], &d[Y],
                                                                  step, apart, pad, pad) &&
                !dnnl_primitive_desc_create(chosen, &conv, NULL, engine, forward);
#endif
    dnnl_primitive_desc_destroy(forward);
    return made;
}

/* ---- What is made once ---- */

typedef struct Side {                   /* one operand: as it comes, and as the primitive wants it (NULL: the same) */
    dnnl_memory_t    plain, inner;
    dnnl_primitive_t copy;              /* in, or of the result out */
    size_t           bytes;
} Side;

typedef struct Made {
    Conv             shape;
    ConvProduct      what;
    int              threads;
    bool             good;
    dnnl_primitive_t run;
    Side             side[SIDES];
} Made;

/* A thread that computes has its own: no locks. The oldest gives way. */
enum { KEPT = 64 };
static _Thread_local struct { Made made[KEPT]; int64_t n; dnnl_engine_t engine; dnnl_stream_t stream; } kept;

static bool make_side(Side *s, dnnl_primitive_desc_t of, dnnl_query_t query, int which, Layout plain, bool out)
{
    Layout inner = dnnl_primitive_desc_query_md(of, query, which);
    if (!inner || dnnl_memory_create(&s->plain, plain, kept.engine, DNNL_MEMORY_NONE)) return false;
    if (dnnl_memory_desc_equal(inner, plain)) return true;
    dnnl_primitive_desc_t copy;
    if (dnnl_memory_create(&s->inner, inner, kept.engine, DNNL_MEMORY_NONE) ||
        dnnl_reorder_primitive_desc_create(&copy, out ? inner : plain, kept.engine, out ? plain : inner, kept.engine,
                                           NULL)) return false;
    bool made = !dnnl_primitive_create(&s->copy, copy);
    dnnl_primitive_desc_destroy(copy);
    s->bytes = (dnnl_memory_desc_get_size(inner) + 63) / 64 * 64;
    return made;
}

static bool make(Made *m)
{
    const Conv *c = &m->shape;
    const int64_t G = c->groups;
    const dnnl_dims_t grouped = { G, c->OC / G, c->C / G, c->KH, c->KW };
    const dnnl_dims_t dims[SIDES] = { { c->N, c->C, c->H, c->W }, { c->OC, c->C, c->KH, c->KW },
                                     { c->N, c->OC, c->OH, c->OW }, { c->OC } };
    const dnnl_format_tag_t tags[SIDES] = { dnnl_nchw, G > 1 ? dnnl_goihw : dnnl_oihw, dnnl_nchw, dnnl_x };
    const dnnl_query_t data[] = { dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md };
    const dnnl_query_t forward[] = { dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md };
    const bool back = m->what == CONV_DATA;
    dnnl_memory_desc_t plain[SIDES], any[SIDES];
    dnnl_primitive_desc_t chosen;
    int n = 0;
    bool good = true;
    for (; good && n < SIDES; n++) {
        const int ndim = n == B ? 1 : n == W && G > 1 ? 5 : 4;
        const dnnl_dim_t *d = n == W && G > 1 ? grouped : dims[n];
        good =
            describe(&plain[n], ndim, d, tags[n]) && describe(&any[n], ndim, d, n == B ? tags[n] : dnnl_format_tag_any);
    }
    if (!good || !choose(&chosen, kept.engine, c, any, m->what)) return false;
    for (int i = X; i <= Y; i++)
        good = good &&
               make_side(&m->side[i], chosen, back ? data[i] : forward[i], 0, layout(&plain[i]), i == (back ? X : Y));
    good = good && !dnnl_memory_create(&m->side[B].plain, layout(&plain[B]), kept.engine, DNNL_MEMORY_NONE) &&
           !dnnl_primitive_create(&m->run, chosen);
    dnnl_primitive_desc_destroy(chosen);
    for (int i = 0; i < n; i++) forget(&plain[i]), forget(&any[i]);
    return good;
}

static void unmake(Made *m)
{
    for (int i = 0; i < SIDES; i++) {
        if (m->side[i].plain) dnnl_memory_destroy(m->side[i].plain);
        if (m->side[i].inner) dnnl_memory_destroy(m->side[i].inner);
        if (m->side[i].copy) dnnl_primitive_destroy(m->side[i].copy);
    }
    if (m->run) dnnl_primitive_destroy(m->run);
}

static bool same(const Conv *a, const Conv *b)
{
    bool equal = a->N == b->N && a->C == b->C && a->H == b->H && a->W == b->W && a->OC == b->OC && a->OH == b->OH &&
                 a->OW == b->OW && a->KH == b->KH && a->KW == b->KW && a->groups == b->groups;
    for (int d = 0; d < 2; d++)
        equal = equal && a->stride[d] == b->stride[d] && a->pad[d] == b->pad[d] && a->dilation[d] == b->dilation[d];
    return equal;
}

static const Made *find(const Conv *c, ConvProduct what)
{
#ifdef _OPENMP
    const int threads = omp_get_max_threads(); /* a primitive is made for as many */
#else
    const int threads = 1;
#endif
    for (int64_t i = 0; i < KEPT && i < kept.n; i++) {
        const Made *m = &kept.made[i];
        if (m->what == what && m->threads == threads && same(&m->shape, c)) return m;
    }
    if (!kept.engine && (dnnl_engine_create(&kept.engine, dnnl_cpu, 0) ||
                         dnnl_stream_create(&kept.stream, kept.engine, dnnl_stream_default_flags))) return NULL;
    Made *m = &kept.made[kept.n++ % KEPT];
    unmake(m);
    *m = (Made){ .shape = *c, .what = what, .threads = threads };
    m->good = make(m);
    return m;
}

/* ---- A call ---- */

static bool takes(const Conv *c, ConvProduct what)
{
    if (what == CONV_WEIGHTS) return false; /* it would share sums out by the number of threads */
    if (c->N < 1 || c->OC < 1 || c->C < 1 || c->OH < 1 || c->OW < 1) return false;
    const Made *m = find(c, what);
    return m && m->good;
}

static size_t bias_bytes(const Conv *c) { return ((size_t)c->OC * sizeof(float) + 63) / 64 * 64; }

static size_t scratch(const Conv *c, ConvProduct what)
{
    const Made *m = find(c, what);
    size_t bytes = bias_bytes(c);
    for (int i = X; i <= Y; i++) bytes += m->side[i].bytes;
    return bytes;
}

static void copy(const Side *s, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_exec_arg_t arg[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    CHECK(!dnnl_primitive_execute(s->copy, kept.stream, 2, arg), "conv2d: oneDNN could not copy");
}

static void call(const Made *m, float *const data[SIDES], void *scratch)
{
    const bool back = m->what == CONV_DATA;
    const int names[] = { back ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, DNNL_ARG_WEIGHTS,
                          back ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, DNNL_ARG_BIAS };
    const int out = back ? X : Y;
    dnnl_exec_arg_t arg[SIDES];
    char *room = scratch;
    for (int i = 0; i < SIDES; i++) {
        const Side *s = &m->side[i];
        dnnl_memory_set_data_handle(s->plain, data[i]);
        arg[i] = (dnnl_exec_arg_t){ names[i], s->inner ? s->inner : s->plain };
        if (!s->inner) continue;
        dnnl_memory_set_data_handle(s->inner, room);
        room += s->bytes;
        if (i != out) copy(s, s->plain, s->inner);
    }
    CHECK(!dnnl_primitive_execute(m->run, kept.stream, back ? B : SIDES, arg), "conv2d: oneDNN could not run");
    if (m->side[out].inner) copy(&m->side[out], m->side[out].inner, m->side[out].plain);
    dnnl_stream_wait(kept.stream);
}

static float *ours(const float *x) { return (float *)(uintptr_t)x; } /* oneDNN knows no const */

static void forward(const Conv *c, float *y, const float *x, const float *w, const float *b, void *scratch)
{
    float *zeros = scratch;
    if (!b) memset(zeros, 0, bias_bytes(c));
    float *const data[] = { ours(x), ours(w), y, b ? ours(b) : zeros };
    call(find(c, CONV_FORWARD), data, (char *)scratch + bias_bytes(c));
}

static void data(const Conv *c, float *dx, const float *dy, const float *w, void *scratch)
{
    float *const data[] = { dx, ours(w), ours(dy), scratch };
    call(find(c, CONV_DATA), data, (char *)scratch + bias_bytes(c));
}

const ConvWay conv_by_onednn = { takes, scratch, forward, data, NULL };
#else
const ConvWay conv_by_onednn = { 0 };
#endif
