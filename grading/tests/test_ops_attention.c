/* test_ops_attention.c -- attention by tiles against the whole square in double. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(ops_attention, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

typedef struct Size { int64_t B, T, S, H, HK, D, DV; } Size;
typedef struct Extra { Tensor *lengths, *slopes; AttentionArg arg; } Extra;

static Tensor *attention(Tape *t, Tensor **in, void *ctx)
{
    const Extra *e = ctx;
    return op_attention(t, in[0], in[1], in[2], e->lengths, e->slopes, e->arg);
}

/* ---- The plain version: every score of a row at once ---- */

typedef struct Row { Size s; int64_t b, t, h, hk, n; double scale, *p, *size; } Row;    /* size: of the score's terms */

static Row row_new(const Plain *p, int64_t r)
{
    const Extra   *e = p->ctx;
    const int64_t *q = p->in[0]->shape, *k = p->in[1]->shape;
    Row            x = { .s = { q[0], q[1], k[1], q[2], k[2], q[3], p->in[2]->shape[3] } };
    x.b = r / (x.s.T * x.s.H), x.t = r / x.s.H % x.s.T, x.h = r % x.s.H, x.hk = x.h / (x.s.H / x.s.HK);
    x.scale = e->arg.scale != 0 ? e->arg.scale : 1 / sqrt((double)x.s.D);
    x.n = x.s.S;
    if (e->lengths) x.n = (int64_t)fmin((double)x.n, tensor_get(e->lengths, x.b));
    if (e->arg.causal) x.n = x.n < x.t + 1 + x.s.S - x.s.T ? x.n : x.t + 1 + x.s.S - x.s.T;
    if (x.n < 0) x.n = 0;
    x.p = calloc((size_t)x.s.S + 1, sizeof *x.p), x.size = calloc((size_t)x.s.S + 1, sizeof *x.size);
    return x;
}

static void row_free(Row *x) { free(x->p), free(x->size); }

static int64_t at_q(const Row *x) { return ((x->b * x->s.T + x->t) * x->s.H + x->h) * x->s.D; }
static int64_t at_y(const Row *x) { return ((x->b * x->s.T + x->t) * x->s.H + x->h) * x->s.DV; }
static int64_t at_k(const Row *x, int64_t j) { return ((x->b * x->s.S + j) * x->s.HK + x->hk) * x->s.D; }
static int64_t at_v(const Row *x, int64_t j) { return ((x->b * x->s.S + j) * x->s.HK + x->hk) * x->s.DV; }

/* A score's error is its terms' rounding, and turns into a relative error of p; of the sum's as well. */
static void row_softmax(Row *x, const Plain *p)
{
    const Extra *e = p->ctx;
    double max = -INFINITY, sum = 0, worst = 0;
    for (int64_t j = 0; j < x->n; j++) {
        double dot = 0, size = 0;
        for (int64_t d = 0; d < x->s.D; d++) {
            double term = x->scale * p->x[0][at_q(x) + d] * p->x[1][at_k(x, j) + d];
            dot += term, size += fabs(term);
        }
        double bias = e->slopes ? tensor_get(e->slopes, x->h) * (double)(x->t + x->s.S - x->s.T - j) : 0;
        x->p[j] = dot - bias;
        x->size[j] = size + fabs(bias);
        max = fmax(max, x->p[j]);
        worst = fmax(worst, x->size[j]);
    }
    for (int64_t j = 0; j < x->n; j++) sum += x->p[j] = exp(x->p[j] - max);
    for (int64_t j = 0; j < x->n; j++) x->p[j] /= sum, x->size[j] = 2 + x->size[j] + worst;
}

static void attention_forward(Sum *y, const Plain *p)
{
    for (int64_t r = 0, all = p->y->shape[0] * p->y->shape[1] * p->y->shape[2]; r < all; r++) {
        Row x = row_new(p, r);
        row_softmax(&x, p);
        for (int64_t j = 0; j < x.n; j++)
            for (int64_t c = 0; c < x.s.DV; c++) {
                double term = x.p[j] * p->x[2][at_v(&x, j) + c];
                add_sized(&y[at_y(&x) + c], term, fabs(term) * x.size[j]);
            }
        row_free(&x);
    }
}

static void attention_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t r = 0, all = p->y->shape[0] * p->y->shape[1] * p->y->shape[2]; r < all; r++) {
        Row x = row_new(p, r);
        double *dp = calloc((size_t)x.s.S + 1, sizeof *dp), e = 0, size = 0;
        row_softmax(&x, p);
        for (int64_t j = 0; j < x.n; j++)
            for (int64_t c = 0; c < x.s.DV; c++) {
                double term = dy[at_y(&x) + c] * p->x[2][at_v(&x, j) + c];
                dp[j] += term, e += x.p[j] * term, size += x.p[j] * fabs(term) * x.size[j];
            }
        for (int64_t j = 0; j < x.n; j++) {
            double ds = x.scale * x.p[j] * (dp[j] - e), ds_size = 0;
            for (int64_t c = 0; c < x.s.DV; c++) {
                double g = dy[at_y(&x) + c];
                add_sized(&dx[2][at_v(&x, j) + c], x.p[j] * g, x.p[j] * fabs(g) * x.size[j]);
                ds_size += fabs(g * p->x[2][at_v(&x, j) + c]);
            }
            ds_size = x.scale * x.p[j] * ((ds_size + fabs(e)) * x.size[j] + size);
            for (int64_t d = 0; d < x.s.D; d++) {
                double q = p->x[0][at_q(&x) + d], k = p->x[1][at_k(&x, j) + d];
                add_sized(&dx[0][at_q(&x) + d], ds * k, ds_size * fabs(k));
                add_sized(&dx[1][at_k(&x, j) + d], ds * q, ds_size * fabs(q));
            }
        }
        free(dp);
        row_free(&x);
    }
}

static const PlainOp plain = { "attention", attention, attention_forward, attention_backward };

/* ---- Sizes, masks, layouts ---- */

static Tensor *lengths(int64_t B, int64_t S) /* the first entry has none, the last all and more */
{
    Tensor *x = tensor_new(model, DEV_CPU, I32, SHAPE(B));
    for (int64_t b = 0; b < B; b++) tensor_set(x, b, b == B - 1 ? (double)(S - S / 3) : b == 0 ? 0 : (double)(S + 2));
    return x;
}

static Tensor *slopes(int64_t H) /* as Press et al. choose them: 2^(-8/H), its square, ... */
{
    Tensor *x = tensor_new(model, DEV_CPU, REAL, SHAPE(H));
    for (int64_t h = 0; h < H; h++) tensor_set(x, h, pow(2, -8.0 * (double)(h + 1) / (double)H));
    return x;
}

static void check_masks(Tensor **in, double K)
{
    int64_t B = in[0]->shape[0], H = in[0]->shape[2], S = in[1]->shape[1];
    for (int mask = 0; mask < 8; mask++) {
        Extra e = { .arg = { .causal = mask & 1, .scale = mask == 5 ? 0.3 : 0 } };
        if (mask & 2) e.lengths = lengths(B, S);
        if (mask & 4) e.slopes = slopes(H);
        plaincheck(&plain, K, in, 3, &e);
    }
}

static const Size SIZES[] = { { 1, 1, 1, 1, 1, 1, 1 }, { 3, 3, 5, 4, 2, 7, 5 }, { 2, 5, 3, 2, 1, 3, 7 },
                              { 2, 33, 65, 3, 3, 9, 17 }, { 1, 65, 65, 2, 2, 16, 16 } };

Test(ops_attention, every_size_and_mask)
{
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        Size s = SIZES[i];
        for (int layout = 0; layout < (i < 3 ? LAYOUTS : 1); layout++) {
            Tensor *in[] = { laid_out(layout, SHAPE(s.B, s.T, s.H, s.D)), laid_out(layout, SHAPE(s.B, s.S, s.HK, s.D)),
                             laid_out((layout + 1) % LAYOUTS, SHAPE(s.B, s.S, s.HK, s.DV)) };
            check_masks(in, (double)(s.S + s.D));
        }
    }
}

/* Several blocks of rows, several tiles of keys, heads that share keys. */
Test(ops_attention, more_than_a_tile)
{
    Tensor *in[] = { param(SHAPE(1, 150, 4, 3)), param(SHAPE(1, 530, 1, 3)), param(SHAPE(1, 530, 1, 2)) };
    Extra   causal = { .arg = { .causal = true }, .slopes = slopes(4) }, full = { .lengths = lengths(1, 530) };
    plaincheck(&plain, 530, in, 3, &causal);
    plaincheck(&plain, 530, in, 3, &full);
}

/* Three heads' worth of one projection: the gradient is one tensor then, and the same. */
Test(ops_attention, parts_of_one_projection)
{
    for (int64_t HK = 1; HK <= 2; HK++)
        for (int whole = 0; whole < 2; whole++) {
            Tensor *x = param(SHAPE(2, 9, 4 + 2 * HK + !whole, 5));
            Tensor *in[] = { op_slice(tape, x, 2, 0, 4), op_slice(tape, x, 2, 4, 4 + HK),
                             op_slice(tape, x, 2, 4 + HK, 4 + 2 * HK) };
            check_masks(in, 14);
        }
}

static void split(Tape *t, Tensor *x, Tensor **part)
{
    for (int i = 0; i < 3; i++) part[i] = op_slice(t, x, 2, i, i + 1);
}

/* A second use of the projection: the gradients add up. */
Test(ops_attention, a_projection_used_twice)
{
    Tensor *x = param(SHAPE(1, 4, 3, 2)), *r = constant(SHAPE(1, 4, 1, 2)), *part[3];
    double  once[24];
    for (int times = 1; times <= 2; times++) {
        Tensor *y[2];
        tensor_drop_grad(x);
        for (int i = 0; i < times; i++) {
            split(tape, x, part);
            y[i] = op_mul(tape, op_attention(tape, part[0], part[1], part[2], NULL, NULL, (AttentionArg){ 0 }), r);
        }
        tape_backward(tape, op_sum(tape, times == 1 ? y[0] : op_add(tape, y[0], y[1]), 15));
        for (int64_t i = 0; i < 24; i++)
            if (times == 1) once[i] = tensor_get(x->grad, i);
            else expect("gradient", i, tensor_get(x->grad, i), 2 * once[i], 1e-6);
    }
}

/* Keys and values as a cache holds them: (B,HK,S,D), looked at as (B,S,HK,D). */
Test(ops_attention, a_cache)
{
    Tensor *k = op_slice(tape, op_transpose(tape, param(SHAPE(2, 3, 9, 5)), 1, 2), 1, 0, 7);
    Tensor *v = op_slice(tape, op_transpose(tape, param(SHAPE(2, 3, 9, 4)), 1, 2), 1, 0, 7);
    for (int64_t T = 1; T <= 3; T++) {
        Tensor *in[] = { param(SHAPE(2, T, 6, 5)), k, v };
        check_masks(in, 12);
    }
}

/* ---- What a sum over tiles might spoil ---- */

Test(ops_attention, no_keys_no_numbers)
{
    Tensor *none = tensor_new(model, DEV_CPU, I32, SHAPE(2)), *q = param(SHAPE(2, 3, 2, 4));
    Tensor *k = param(SHAPE(2, 5, 1, 4)), *v = param(SHAPE(2, 5, 1, 4));
    tensor_set(none, 0, 0), tensor_set(none, 1, 2);
    Tensor *y = tape_keep(op_attention(tape, q, k, v, none, NULL, (AttentionArg){ 0 }));
    tape_backward(tape, op_sum(tape, y, 15));
    for (int64_t i = 0; i < 24; i++) expect("y", i, tensor_get(y, i), 0, 0);
    for (int64_t i = 0; i < 24; i++) expect("dq", i, tensor_get(q->grad, i), 0, 0);
    for (int64_t i = 0; i < 40; i++)
        if (i < 20 || i >= 28) {
            expect("dk", i, tensor_get(k->grad, i), 0, 0);
            expect("dv", i, tensor_get(v->grad, i), 0, 0);
        } else {
            cr_assert(tensor_get(v->grad, i) > 0);
        }
    /* More queries than keys: the first ones stand before them all. */
    y = op_attention(tape, q, op_slice(tape, k, 1, 0, 1), op_slice(tape, v, 1, 0, 1), NULL, NULL,
                     (AttentionArg){ .causal = true });
    for (int64_t i = 0; i < 48; i++)
        expect("y", i, tensor_get(y, i), i % 24 < 16 ? 0 : tensor_get(v, i / 24 * 20 + i % 4), i % 24 < 16 ? 0 : 1e-6);
}

Test(ops_attention, nothing_of_anything)
{
    const Size none[] = { { 0, 3, 3, 2, 1, 4, 4 }, { 2, 0, 3, 2, 1, 4, 4 }, { 2, 3, 0, 2, 1, 4, 4 },
                          { 2, 3, 3, 0, 0, 4, 4 }, { 2, 3, 3, 2, 1, 4, 0 } };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        Size    s = none[i];
        Tensor *q = param(SHAPE(s.B, s.T, s.H, s.D)), *k = param(SHAPE(s.B, s.S, s.HK, s.D));
        Tensor *v = param(SHAPE(s.B, s.S, s.HK, s.DV));
        Tensor *y = tape_keep(op_attention(tape, q, k, v, NULL, NULL, (AttentionArg){ .causal = true }));
        expect_shape(y, SHAPE(s.B, s.T, s.H, s.DV));
        tape_backward(tape, op_sum(tape, y, 15));
        for (int64_t j = 0; j < tensor_count(y); j++) expect("y", j, tensor_get(y, j), 0, 0);
        for (int64_t j = 0; j < tensor_count(q); j++) expect("dq", j, tensor_get(q->grad, j), 0, 0);
        for (int64_t j = 0; j < tensor_count(k); j++) expect("dk", j, tensor_get(k->grad, j), 0, 0);
    }
}

/* Large scores: exp of the score itself would overflow, and so would a wrong order of tiles. */
Test(ops_attention, large_scores)
{
    enum { S = 600 };
    Tensor *q = param(SHAPE(1, 2, 1, 1)), *k = param(SHAPE(1, S, 1, 1)), *v = param(SHAPE(1, S, 1, 1));
    tensor_set(q, 0, 1), tensor_set(q, 1, -1);
    for (int64_t j = 0; j < S; j++) tensor_set(k, j, (double)(10 * j)), tensor_set(v, j, (double)j);
    Tensor *y = op_attention(tape, q, k, v, NULL, NULL, (AttentionArg){ 0 });
    double  e = exp(-10.0);
    expect("up", 0, tensor_get(y, 0), S - 1 - e / (1 - e), 1e-3);
    expect("down", 1, tensor_get(y, 1), e / (1 - e), 1e-6);
}

typedef struct Run { Tensor *x[3], *y; } Run;

/* One bad number in part `part` (0 q, 1 k, 2 v, 3 dy, 4 none) at time `t`; all else is as in every other run. */
static Run run(int part, int64_t t, double bad, int64_t length)
{
    enum { T = 150, H = 2, D = 3 };
    Run     r;
    Tensor *n = tensor_new(model, DEV_CPU, I32, SHAPE(1)), *dy = constant(SHAPE(1, T, H, D));
    tensor_set(n, 0, (double)length);
    for (int i = 0; i < 3; i++) r.x[i] = param(SHAPE(1, T, H, D));
    for (int i = 0; i < 4; i++)
        for (int64_t j = 0; j < T * H * D; j++) tensor_set(i < 3 ? r.x[i] : dy, j, sin((double)(j * (i + 2))));
    if (part < 4) tensor_set(part < 3 ? r.x[part] : dy, (t * H + 1) * D + 2, bad);
    r.y = tape_keep(op_attention(tape, r.x[0], r.x[1], r.x[2], n, NULL, (AttentionArg){ .causal = true }));
    tape_backward(tape, op_sum(tape, op_mul(tape, r.y, dy), 15));
    return r;
}

/* Times from .. to-1 of head 1 may differ from the clean run: all else must be the very same. */
static void same_but(const char *what, const Tensor *got, const Tensor *want, int64_t from, int64_t to)
{
    for (int64_t i = 0; i < tensor_count(got); i++) {
        int64_t t = i / 6, h = i / 3 % 2;
        if (h == 0 || t < from || t >= to)
            expect(what, i, tensor_get(got, i), tensor_get(want, i), 1e-5 * fabs(tensor_get(want, i)) + 1e-6);
    }
}

Test(ops_attention, nan_reaches_no_earlier_query_and_no_later_key)
{
    enum { T = 150, NO = 0 };
    const double bad[] = { NAN, INFINITY };
    const int64_t times[] = { 0, 10, 63, 64, 100, 149 };
    Run clean = run(4, 0, 0, T);
    for (int i = 0; i < 12; i++) {
        int64_t t = times[i / 2];
        Run r = run(0, t, bad[i % 2], T);
        same_but("y after a bad query", r.y, clean.y, t, t + 1);
        same_but("dq after a bad query", r.x[0]->grad, clean.x[0]->grad, t, t + 1);
        same_but("dk after a bad query", r.x[1]->grad, clean.x[1]->grad, 0, t + 1);
        same_but("dv after a bad query", r.x[2]->grad, clean.x[2]->grad, 0, t + 1);
        if (i % 2 == 0) cr_assert(isnan(tensor_get(r.y, (t * 2 + 1) * 3)));
        r = run(1, t, bad[i % 2], T);
        same_but("y after a bad key", r.y, clean.y, t, T);
        same_but("dq after a bad key", r.x[0]->grad, clean.x[0]->grad, t, T);
        r = run(2, t, bad[i % 2], T);
        same_but("y after a bad value", r.y, clean.y, t, T);
        same_but("dq after a bad value", r.x[0]->grad, clean.x[0]->grad, t, T);
        cr_assert(!isfinite(tensor_get(r.y, (t * 2 + 1) * 3 + 2)));
        r = run(3, t, bad[i % 2], T);
        same_but("dq after a bad gradient", r.x[0]->grad, clean.x[0]->grad, t, t + 1);
        same_but("dk after a bad gradient", r.x[1]->grad, clean.x[1]->grad, 0, t + 1);
        same_but("dv after a bad gradient", r.x[2]->grad, clean.x[2]->grad, 0, t + 1);
    }
    clean = run(4, 0, 0, 70);
    for (int part = 1; part < 3; part++) { /* beyond the length nobody looks */
        Run r = run(part, 70, NAN, 70);
        same_but("y of a padded batch", r.y, clean.y, NO, NO);
        for (int i = 0; i < 3; i++) same_but("gradient of a padded batch", r.x[i]->grad, clean.x[i]->grad, NO, NO);
    }
}

#ifdef _OPENMP
Test(ops_attention, same_numbers_for_any_thread_count)
{
    Tensor *x = param(SHAPE(2, 300, 8, 32)), *first[2] = { 0 };
    int     all = omp_get_max_threads();
    for (int threads = 1; threads <= 3; threads++) {
        omp_set_num_threads(threads);
        tensor_drop_grad(x);
        Tensor *y = tape_keep(op_attention(tape, op_slice(tape, x, 2, 0, 4), op_slice(tape, x, 2, 4, 6),
                                           op_slice(tape, x, 2, 6, 8), NULL, NULL, (AttentionArg){ .causal = true }));
        tape_backward(tape, op_sum(tape, op_mul(tape, y, y), 15));
        if (threads == 1) first[0] = y, first[1] = x->grad;
        cr_assert_eq(memcmp(y->data, first[0]->data, tensor_bytes(y)), 0, "%d threads", threads);
        cr_assert_eq(memcmp(x->grad->data, first[1]->data, tensor_bytes(x)), 0, "%d threads: gradient", threads);
    }
    omp_set_num_threads(all);
}
#endif

/* Twice as long: four times as many scores, but twice the memory. */
Test(ops_attention, memory_grows_with_the_length_not_its_square)
{
    enum { T = 1024, D = 8 };
    size_t peak[2];
    for (int i = 0; i < 2; i++) {
        Tape   *own = tape_new("long");
        Tensor *x = param(SHAPE(1, T << i, 3, D)), *part[3];
        split(own, x, part);
        Tensor *y = op_attention(own, part[0], part[1], part[2], NULL, NULL, (AttentionArg){ .causal = true });
        tape_backward(own, op_sum(own, y, 15));
        peak[i] = arena_peak(tape_arena(own));
        tape_free(own);
    }
    cr_assert(peak[1] <= 2 * peak[0], "%zu bytes for %d, %zu for %d", peak[0], T, peak[1], 2 * T);
    cr_assert(peak[1] < (size_t)T * 2 * T * 2 * sizeof(real) / 4, "%zu bytes", peak[1]);
}

/* ---- Refusals ---- */

static Tensor *attend(Tensor *q, Tensor *k, Tensor *v, Tensor *n, Tensor *slope)
{
    return op_attention(tape, q, k, v, n, slope, (AttentionArg){ 0 });
}
static void refuse_dims(void) { attend(param(SHAPE(3, 4)), param(SHAPE(3, 4)), param(SHAPE(3, 4)), NULL, NULL); }
static void refuse_depth(void)
{
    attend(param(SHAPE(1, 2, 2, 4)), param(SHAPE(1, 2, 2, 3)), param(SHAPE(1, 2, 2, 3)), NULL, NULL);
}
static void refuse_values(void)
{
    attend(param(SHAPE(1, 2, 2, 4)), param(SHAPE(1, 2, 2, 4)), param(SHAPE(1, 3, 2, 4)), NULL, NULL);
}
static void refuse_heads(void)
{
    attend(param(SHAPE(1, 2, 3, 4)), param(SHAPE(1, 2, 2, 4)), param(SHAPE(1, 2, 2, 4)), NULL, NULL);
}
static void refuse_lengths(void)
{
    Tensor *x = param(SHAPE(1, 2, 2, 4));
    attend(x, x, x, lengths(2, 2), NULL);
}
static void refuse_slopes(void)
{
    Tensor *x = param(SHAPE(1, 2, 2, 4));
    attend(x, x, x, NULL, slopes(3));
}

Test(ops_attention, refusals)
{
    expect_refusal(refuse_dims, "attention: needs q (B,T,H,D), k (B,S,HK,D) and v (B,S,HK,DV)");
    expect_refusal(refuse_depth, "q and k must agree in B and D");
    expect_refusal(refuse_values, "k and v must agree in B, S and HK");
    expect_refusal(refuse_heads, "the number of query heads must be a multiple of that of key heads");
    expect_refusal(refuse_lengths, "lengths must be i32 (B)");
    expect_refusal(refuse_slopes, "slopes must be (H)");
}
