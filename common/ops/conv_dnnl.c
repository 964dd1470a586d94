/* conv_dnnl.c -- convolution of few images, or of many channels, by oneDNN's primitives, v2 or v3. They choose layouts
 * of their own, into which images and weights are copied in every call: a copy kept of the weights would not know when
 * they change. So a few images are done at a time, and what has been copied is used while it is in the cache. Each
 * shape's primitives are made once and kept. */
#include "conv.h"
#if defined HAVE_DNNL && !defined REAL64
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include "loops.h"
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

/* d: layouts left to the library. The gradients are asked for with the forward pass as a hint. */
static bool choose(dnnl_primitive_desc_t *chosen, dnnl_engine_t engine, const Conv *c, const dnnl_memory_desc_t *d,
                   ConvProduct what)
{
    const dnnl_dims_t step = { c->stride[0], c->stride[1] }, pad = { c->pad[0], c->pad[1] };
    const dnnl_dims_t apart = { c->dilation[0] - 1, c->dilation[1] - 1 }; /* 0: next to each other */
    const dnnl_prop_kind_t kind = dnnl_forward_training; /* v2's choice for inference is slower by a fifth */
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_primitive_desc_t forward;
    bool made;
#if DNNL_VERSION_MAJOR >= 3
    if (dnnl_convolution_forward_primitive_desc_create(&forward, engine, kind, direct, d[X], d[W], d[B], d[Y], step,
                                                       apart, pad, pad, NULL)) return false;
    *chosen = forward;
    if (what == CONV_FORWARD) return true;
    if (what == CONV_DATA)
        made = !dnnl_convolution_backward_data_primitive_desc_create(chosen, engine, direct, d[X], d[W], d[Y], step,
                                                                     apart, pad, pad, forward, NULL);
    else
        made = !dnnl_convolution_backward_weights_primitive_desc_create(chosen, engine, direct, d[X], d[W], NULL, d[Y],
                                                                        step, apart, pad, pad, forward, NULL);
#else
    dnnl_convolution_desc_t conv;
    if (dnnl_dilated_convolution_forward_desc_init(&conv, kind, direct, &d[X], &d[W], &d[B], &d[Y], step, apart, pad,
                                                   pad) ||
        dnnl_primitive_desc_create(&forward, &conv, NULL, engine, NULL)) return false;
    *chosen = forward;
    if (what == CONV_FORWARD) return true;
    if (what == CONV_DATA)
        made = !dnnl_dilated_convolution_backward_data_desc_init(&conv, direct, &d[X], &d[W], &d[Y], step, apart, pad,
                                                                 pad);
    else
        made = !dnnl_dilated_convolution_backward_weights_desc_init(&conv, direct, &d[X], &d[W], NULL, &d[Y], step,
                                                                    apart, pad, pad);
    made = made && !dnnl_primitive_desc_create(chosen, &conv, NULL, engine, forward);
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
    int              threads;           /* that it runs on */
    bool             good;
    dnnl_primitive_t run;
    Side             side[SIDES];
} Made;

/* A thread that computes has its own, until it ends: no locks. The oldest gives way. */
enum { KEPT = 64 };
typedef struct Kept { Made made[KEPT]; int64_t n; dnnl_engine_t engine; dnnl_stream_t stream; } Kept;
static _Thread_local Kept *kept;

/* What the three operands are in each product. */
static const struct Roles { int out, name[SIDES]; dnnl_query_t layout[B]; } roles[] = {
    [CONV_FORWARD] = { Y, { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS },
                       { dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md } },
    [CONV_DATA] = { X, { DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST },
                    { dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md } },
    [CONV_WEIGHTS] = { W, { DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST },
                       { dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md } },
};

static bool make_side(Side *s, dnnl_primitive_desc_t of, dnnl_query_t query, Layout plain, bool out)
{
    Layout inner = dnnl_primitive_desc_query_md(of, query, 0);
    if (!inner || dnnl_memory_create(&s->plain, plain, kept->engine, DNNL_MEMORY_NONE)) return false;
    if (dnnl_memory_desc_equal(inner, plain)) return true;
    dnnl_primitive_desc_t copy;
    if (dnnl_memory_create(&s->inner, inner, kept->engine, DNNL_MEMORY_NONE) ||
        dnnl_reorder_primitive_desc_create(&copy, out ? inner : plain, kept->engine, out ? plain : inner, kept->engine,
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
    if (!good || !choose(&chosen, kept->engine, c, any, m->what)) return false;
    for (int i = X; i <= Y; i++)
        good = good && make_side(&m->side[i], chosen, roles[m->what].layout[i], layout(&plain[i]),
                                 i == roles[m->what].out);
    good = good && !dnnl_memory_create(&m->side[B].plain, layout(&plain[B]), kept->engine, DNNL_MEMORY_NONE) &&
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

static int all_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

/* Of the library called from here; within a parallel region forgotten at its end. */
static void use_threads(int n)
{
#ifdef _OPENMP
    omp_set_num_threads(n);
#else
    (void)n;
#endif
}

static void forget_all(void *of)
{
    Kept *k = of;
    for (int i = 0; i < KEPT; i++) unmake(&k->made[i]);
    if (k->stream) dnnl_stream_destroy(k->stream);
    if (k->engine) dnnl_engine_destroy(k->engine);
    free(k);
}

static tss_t of_thread;
static void make_key(void) { CHECK(tss_create(&of_thread, forget_all) == thrd_success, "conv2d: no key for threads"); }

static void make_kept(void)
{
    static once_flag once = ONCE_FLAG_INIT;
    call_once(&once, make_key);
    kept = calloc(1, sizeof *kept);
    CHECK(kept && tss_set(of_thread, kept) == thrd_success, "conv2d: no memory");
}

static const Made *find(const Conv *c, ConvProduct what, int threads)
{
    if (!kept) make_kept();
    for (int64_t i = 0; i < KEPT && i < kept->n; i++) {
        const Made *m = &kept->made[i];
        if (m->what == what && m->threads == threads && same(&m->shape, c)) return m;
    }
    if (!kept->engine && (dnnl_engine_create(&kept->engine, dnnl_cpu, 0) ||
                         dnnl_stream_create(&kept->stream, kept->engine, dnnl_stream_default_flags))) return NULL;
    Made *m = &kept->made[kept->n++ % KEPT];
    const int before = all_threads();
    unmake(m);
    *m = (Made){ .shape = *c, .what = what, .threads = threads };
    use_threads(threads);
    m->good = make(m);
    use_threads(before);
    return m;
}

/* ---- One call of a primitive ---- */

static float *ours(const float *x) { return (float *)(uintptr_t)x; } /* oneDNN knows no const */

static void copy(const Side *s, dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_exec_arg_t arg[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    CHECK(!dnnl_primitive_execute(s->copy, kept->stream, 2, arg), "conv2d: oneDNN could not copy");
}

/* W's copy, where it is an input, has been made before: one serves all images. */
static bool copied_once(const Made *m, int side) { return side == W && m->what != CONV_WEIGHTS; }

static size_t room_for(const Made *m)
{
    size_t bytes = 0;
    for (int i = X; i <= Y; i++)
        if (!copied_once(m, i)) bytes += m->side[i].bytes;
    return bytes;
}

static void call(const Made *m, float *const data[SIDES], char *room)
{
    const struct Roles *r = &roles[m->what];
    dnnl_exec_arg_t arg[SIDES];
    for (int i = 0; i < SIDES; i++) {
        const Side *s = &m->side[i];
        arg[i] = (dnnl_exec_arg_t){ r->name[i], s->inner ? s->inner : s->plain };
        if (i == B && m->what != CONV_FORWARD) continue;
        if (s->inner && copied_once(m, i)) {
            dnnl_memory_set_data_handle(s->inner, data[i]);
            continue;
        }
        dnnl_memory_set_data_handle(s->plain, data[i]);
        if (!s->inner) continue;
        dnnl_memory_set_data_handle(s->inner, room);
        room += s->bytes;
        if (i != r->out) copy(s, s->plain, s->inner);
    }
    CHECK(!dnnl_primitive_execute(m->run, kept->stream, m->what == CONV_FORWARD ? SIDES : B, arg),
          "conv2d: oneDNN could not run");
    if (m->side[r->out].inner) copy(&m->side[r->out], m->side[r->out].inner, m->side[r->out].plain);
    dnnl_stream_wait(kept->stream);
}

/* ---- Some images at a time. How many does not depend on the number of threads ---- */

enum { SHARED = 8, PIECE = 1 << 17 };   /* from so many images on, threads share them out; numbers of x and y */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t x_size(const Conv *c) { return c->C * c->H * c->W; }
static int64_t y_size(const Conv *c) { return c->OC * c->OH * c->OW; }
static int64_t w_size(const Conv *c) { return c->OC * (c->C / c->groups) * c->KH * c->KW; }

/* v3 adds up the gradient of a strided x in another order for another number of threads: there, images are shared out
 * however few they are. */
static bool is_shared(const Conv *c, ConvProduct what)
{
#if DNNL_VERSION_MAJOR >= 3
    if (what == CONV_DATA && c->stride[0] * c->stride[1] > 1) return true;
#else
    (void)what;
#endif
    return c->N >= SHARED;
}

static int64_t at_once(const Conv *c, ConvProduct what)
{
    const int64_t n = most(1, least(is_shared(c, what) ? c->N / SHARED : c->N, PIECE / (x_size(c) + y_size(c))));
    int64_t even = n;
    while (c->N % even) even--;
    return 2 * even >= n ? even : n; /* else what is left over is a shape of its own */
}

static Conv images(const Conv *c, int64_t n)
{
    Conv some = *c;
    some.N = n;
    return some;
}

static int threads_of(const Conv *c, ConvProduct what) { return is_shared(c, what) ? 1 : all_threads(); }

/* First a copy of W; then a room for each thread. */
static size_t scratch_of(const Conv *whole, int64_t n, ConvProduct what)
{
    const Conv c = images(whole, n);
    const int threads = threads_of(whole, what);
    const Made *m = find(&c, what, threads);
    return m->side[W].bytes + (size_t)(threads == 1 ? all_threads() : 1) * room_for(m);
}

/* Images from .. to-1, n at a time. */
static void run(const Conv *whole, ConvProduct what, float *const data[SIDES], int64_t from, int64_t to, int64_t n,
                char *scratch)
{
    const Conv c = images(whole, n);
    const int threads = threads_of(whole, what);
    const Made *m = find(&c, what, threads);
    const Side *w = &m->side[W];
    char *const rooms = scratch + w->bytes;
    if (w->inner) {
        dnnl_memory_set_data_handle(w->plain, data[W]);
        dnnl_memory_set_data_handle(w->inner, scratch);
        copy(w, w->plain, w->inner);
        dnnl_stream_wait(kept->stream);
    }
#pragma omp parallel if (threads == 1 && to - from > n && conv_flops(whole) > PARALLEL * 16)
    {
        if (threads == 1) use_threads(1);
        const Made *own = find(&c, what, threads);
#ifdef _OPENMP
        char *room = rooms + (size_t)omp_get_thread_num() * room_for(own);
#else
        char *room = rooms;
#endif
#pragma omp for
        for (int64_t i = from; i < to; i += n) {
            float *const at[SIDES] = { data[X] + i * x_size(&c), w->inner ? (float *)(void *)scratch : data[W],
                                       data[Y] + i * y_size(&c), data[B] };
            call(own, at, room);
            if (what == CONV_FORWARD && c.relu) conv_relu(at[Y], n * y_size(&c));
        }
    }
}

static void run_all(const Conv *c, ConvProduct what, float *const data[SIDES], char *scratch)
{
    const int64_t n = at_once(c, what), whole = c->N / n * n;
    run(c, what, data, 0, whole, n, scratch);
    if (whole < c->N) run(c, what, data, whole, c->N, c->N - whole, scratch);
}

static size_t bias_bytes(const Conv *c) { return ((size_t)c->OC * sizeof(float) + 63) / 64 * 64; }

static void forward(const Conv *c, float *y, const float *x, const float *w, const float *b, void *scratch)
{
    float *zeros = scratch;
    if (!b) memset(zeros, 0, bias_bytes(c));
    float *const data[] = { ours(x), ours(w), y, b ? ours(b) : zeros };
    run_all(c, CONV_FORWARD, data, (char *)scratch + bias_bytes(c));
}

static void data(const Conv *c, float *dx, const float *dy, const float *w, void *scratch)
{
    float *const data[] = { dx, ours(w), ours(dy), NULL };
    run_all(c, CONV_DATA, data, scratch);
}

/* ---- dw: a sum over all images, in parts that do not depend on the number of threads. A few images have their
 * channels shared out too ---- */

typedef struct Parts { int64_t images, channels, n; } Parts;   /* n images at a time */

static Parts parts(const Conv *c)
{
    enum { BLOCK = 32, FEW = 4 };
    /* dw is written anew each time: it should be small beside what is read. */
    const int64_t pays = most(1, most(3 * w_size(c), PIECE) / (x_size(c) + y_size(c)));
    if (c->N < FEW) return (Parts){ c->N, c->groups == 1 ? most(1, least(FEW, c->OC / BLOCK)) : 1, 1 };
    Parts p = { most(FEW, least(SHARED, c->N / pays)), 1, pays };
    p.images = least(p.images, c->N);
    p.n = least(pays, c->N / p.images);
    return p;
}

/* The part's channels .. of n images. */
static Conv piece(const Conv *c, const Parts *p, int64_t n, int64_t slice)
{
    Conv some = images(c, n);
    some.OC = c->OC * (slice + 1) / p->channels - c->OC * slice / p->channels;
    return some;
}

/* Shapes differ by what is left over: of images, of channels. The largest room is wanted. */
static bool each_piece(const Conv *c, size_t *room)
{
    const Parts p = parts(c);
    const int64_t fewest = c->N / p.images, counts[] = { p.n, fewest % p.n, (fewest + 1) % p.n };
    *room = 0;
    for (int64_t slice = 0; slice < p.channels; slice++)
        for (int i = 0; i < 3; i++) {
            if (!counts[i]) continue;
            const Conv some = piece(c, &p, counts[i], slice);
            const Made *m = find(&some, CONV_WEIGHTS, 1);
            if (!m || !m->good) return false;
            if (room_for(m) > *room) *room = room_for(m);
        }
    return true;
}

static size_t up(size_t bytes) { return (bytes + 63) / 64 * 64; }

typedef struct Rooms { size_t part, sum, inner; } Rooms;        /* dw of a part; what is added to it; copies */

static Rooms rooms(const Conv *c)
{
    Rooms r = { .part = up((size_t)w_size(c) * sizeof(float)) };
    r.sum = r.part;
    each_piece(c, &r.inner);
    return r;
}

static void one_part(const Conv *c, const Parts *p, float *dw, const float *x, const float *dy, int64_t part,
                     int64_t slice, char *room, float *more)
{
    const int64_t from = c->N * part / p->images, to = c->N * (part + 1) / p->images;
    const int64_t first = c->OC * slice / p->channels;
    dw += first * (w_size(c) / c->OC);
    for (int64_t n = from, count; n < to; n += count) {
        count = least(p->n, to - n);
        const Conv some = piece(c, p, count, slice);
        float *const data[] = { ours(x) + n * x_size(c), n > from ? more : dw,
                                ours(dy) + n * y_size(c) + first * c->OH * c->OW, NULL };
        call(find(&some, CONV_WEIGHTS, 1), data, room);
        if (n == from) continue;
        for (int64_t i = 0; i < w_size(&some); i++) dw[i] += more[i];
    }
}

static void weights(const Conv *c, float *dw, const float *x, const float *dy, void *scratch)
{
    const Parts p = parts(c);
    const Rooms r = rooms(c);
    char *const own = (char *)scratch + (size_t)p.images * r.part;
#pragma omp parallel if (conv_flops(c) > PARALLEL * 16)
    {
        use_threads(1);
#ifdef _OPENMP
        char *room = own + (size_t)omp_get_thread_num() * (r.sum + r.inner);
#else
        char *room = own;
#endif
#pragma omp for
        for (int64_t task = 0; task < p.images * p.channels; task++) {
            const int64_t part = task / p.channels;
            float *to = (float *)(void *)((char *)scratch + (size_t)part * r.part);
            one_part(c, &p, p.images > 1 ? to : dw, x, dy, part, task % p.channels, room + r.sum,
                     (float *)(void *)room);
        }
    }
    for (int64_t i = 0; p.images > 1 && i < w_size(c); i++) {
        double sum = 0;
        for (int64_t part = 0; part < p.images; part++)
            sum += (double)((const float *)scratch)[(size_t)part * (r.part / sizeof(float)) + (size_t)i];
        dw[i] = (float)sum;
    }
}

/* ---- The way ---- */

static bool takes(const Conv *c, ConvProduct what)
{
    if (c->N < 1 || c->OC < 1 || c->C < 1 || c->OH < 1 || c->OW < 1) return false;
    size_t room;
    if (what == CONV_WEIGHTS) return each_piece(c, &room);
    const int64_t n = at_once(c, what);
    const Conv some = images(c, n), rest = images(c, c->N % n);
    const Made *m = find(&some, what, threads_of(c, what));
    if (!m || !m->good) return false;
    if (rest.N) m = find(&rest, what, threads_of(c, what));
    return m && m->good;
}

static size_t scratch(const Conv *c, ConvProduct what)
{
    if (what == CONV_WEIGHTS) {
        const Rooms r = rooms(c);
        return (size_t)parts(c).images * r.part + (size_t)all_threads() * (r.sum + r.inner);
    }
    const int64_t n = at_once(c, what), rest = c->N % n;
    size_t bytes = scratch_of(c, n, what), more = rest ? scratch_of(c, rest, what) : 0;
    return bias_bytes(c) + (bytes > more ? bytes : more);
}

const ConvWay conv_by_onednn = { takes, scratch, forward, data, weights };
#else
const ConvWay conv_by_onednn = { 0 };
#endif
