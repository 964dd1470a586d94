/* test_ops_norm.c -- normalisation against one plain version of all of them. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(norm, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* ---- The plain version: which numbers share statistics, and which a weight ---- */

typedef enum { LAYER, RMS, GROUP, BATCH, FIXED, KINDS } Kind;
static const char *const names[KINDS] = { "layernorm", "rmsnorm", "groupnorm", "batchnorm", "batchnorm_fixed" };
typedef struct Norm { Kind kind; int groups; double eps; Tensor *mean, *var; } Norm;

static Tensor *norm(Tape *t, Tensor **in, void *ctx)
{
    const Norm *n = ctx;
    switch (n->kind) {
    case LAYER: return op_layernorm(t, in[0], in[1], in[2], n->eps);
    case RMS: return op_rmsnorm(t, in[0], in[1], n->eps);
    case GROUP: return op_groupnorm(t, in[0], in[1], in[2], n->groups, n->eps);
    case BATCH: return op_batchnorm(t, in[0], in[1], in[2], n->eps, NULL);
    default: return op_batchnorm_fixed(t, in[0], in[1], in[2], n->mean, n->var, n->eps);
    }
}

static int64_t channels(const Norm *n, const Tensor *x)
{
    return n->kind == LAYER || n->kind == RMS ? x->shape[x->ndim - 1] : x->shape[1];
}

static int64_t channel_of(const Norm *n, const Tensor *x, int64_t i)
{
    if (n->kind == LAYER || n->kind == RMS) return i % x->shape[x->ndim - 1];
    for (int d = x->ndim - 1; d > 1; d--) i /= x->shape[d];
    return i % x->shape[1];
}

static int64_t set_of(const Norm *n, const Tensor *x, int64_t i)
{
    int64_t C = channels(n, x), S = 1;
    if (n->kind == LAYER || n->kind == RMS) return i / C;
    if (n->kind != GROUP) return channel_of(n, x, i);
    for (int d = 2; d < x->ndim; d++) S *= x->shape[d];
    return i / (S * (C / n->groups));
}

/* Of every set: how many numbers, their mean, 1 / sqrt(var + eps). */
typedef struct Set { double count, mean, root, g, gh, g_size, gh_size; } Set;

static Set *sets(const Plain *p)
{
    const Norm *n = p->ctx;
    int64_t N = tensor_count(p->in[0]);
    Set *s = calloc((size_t)N + 1, sizeof *s);
    for (int64_t i = 0; i < N; i++) s[set_of(n, p->in[0], i)].count++;
    for (int64_t i = 0; i < N && n->kind != RMS && n->kind != FIXED; i++) {
        Set *of = &s[set_of(n, p->in[0], i)];
        of->mean += p->x[0][i] / of->count;
    }
    for (int64_t i = 0; i < N; i++) {
        Set *of = &s[set_of(n, p->in[0], i)];
        if (n->kind == FIXED) of->mean = tensor_get(n->mean, set_of(n, p->in[0], i));
        of->root += pow(p->x[0][i] - of->mean, 2) / of->count;
    }
    for (int64_t i = 0; i < N && s[i].count > 0; i++) {
        if (n->kind == FIXED) s[i].root = tensor_get(n->var, i);
        s[i].root = 1 / sqrt(s[i].root + n->eps);
    }
    return s;
}

static void forward(Sum *y, const Plain *p)
{
    Set *s = sets(p);
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        const Set *of = &s[set_of(p->ctx, p->in[0], i)];
        int64_t c = channel_of(p->ctx, p->in[0], i);
        double w = p->x[1] ? p->x[1][c] : 1;
        add_sized(&y[i], (p->x[0][i] - of->mean) * of->root * w,
                  (fabs(p->x[0][i]) + fabs(of->mean)) * of->root * fabs(w));
        if (p->n_in > 2 && p->x[2]) add_term(&y[i], p->x[2][c]);
    }
    free(s);
}

/* g = dy w, h = (x - mean) root:   dx = root (g - mean(g) - h mean(g h)) */
static void backward(Sum **dx, const double *dy, const Plain *p)
{
    const Norm *n = p->ctx;
    Set *s = sets(p);
    int64_t N = tensor_count(p->y);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < N; i++) {
            Set *of = &s[set_of(n, p->in[0], i)];
            int64_t c = channel_of(n, p->in[0], i);
            double g = dy[i] * (p->x[1] ? p->x[1][c] : 1), h = (p->x[0][i] - of->mean) * of->root;
            double h_size = (fabs(p->x[0][i]) + fabs(of->mean)) * of->root;
            if (pass == 0) {
                if (n->kind != RMS) of->g += g / of->count, of->g_size += fabs(g) / of->count;
                of->gh += g * h / of->count, of->gh_size += fabs(g) * h_size / of->count;
                if (dx[1]) add_sized(&dx[1][c], dy[i] * h, fabs(dy[i]) * h_size);
                if (p->n_in > 2 && dx[2]) add_term(&dx[2][c], dy[i]);
            } else if (dx[0] && n->kind == FIXED) {
                add_term(&dx[0][i], of->root * g);
            } else if (dx[0]) {
                add_sized(&dx[0][i], of->root * (g - of->g - h * of->gh),
                          of->root * (fabs(g) + of->g_size + h_size * of->gh_size));
            }
        }
    free(s);
}

static void check(Norm n, int64_t K, Tensor *x, bool w, bool b)
{
    const PlainOp plain = { names[n.kind], norm, forward, backward };
    int64_t C = channels(&n, x);
    Tensor *weight = w ? param(SHAPE(C)) : NULL;
    if (n.kind == FIXED) {
        n.mean = constant(SHAPE(C)), n.var = constant(SHAPE(C));
        for (int64_t c = 0; c < C; c++) tensor_set(n.var, c, fabs(tensor_get(n.var, c)));
    }
    if (n.kind == RMS) PLAINCHECK(&plain, (double)K, &n, x, weight);
    else PLAINCHECK(&plain, (double)K, &n, x, weight, b ? param(SHAPE(C)) : NULL);
}

/* ---- Every kind, every layout, with and without weight and bias ---- */

Test(norm, of_rows)
{
    const int64_t sizes[][2] = { { 1, 1 },   { 1, 7 },     { 5, 3 },    { 3, 64 },
                                 { 33, 65 }, { 131, 129 }, { 2, 3000 }, { 9000, 3 } };
    for (Kind k = LAYER; k <= RMS; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int v = 0; v < 4; v++) {
                int64_t N = sizes[s][0], C = sizes[s][1];
                Norm n = { .kind = k, .eps = 1e-2 };
                if (N * C > 5000 && v != 3) continue;
                for (int layout = 0; layout < (N * C > 5000 ? 1 : LAYOUTS); layout++)
                    check(n, N > C ? N : C, laid_out(layout, SHAPE(N, C)), v & 1, v & 2);
            }
    for (Kind k = LAYER; k <= RMS; k++)
        check((Norm){ .kind = k, .eps = .1 }, 7, laid_out(1, SHAPE(2, 3, 5, 7)), true, true);
    for (Kind k = LAYER; k <= RMS; k++) check((Norm){ .kind = k, .eps = .1 }, 7, param(SHAPE(7)), true, true);
}

Test(norm, of_images)
{
    const int64_t sizes[][4] = { { 1, 2, 1, 1 }, { 2, 6, 3, 5 }, { 3, 4, 1, 1 }, { 2, 130, 1, 1 }, { 2, 4, 13, 11 },
                                 { 5, 2, 33, 65 } };
    for (Kind k = GROUP; k < KINDS; k++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int v = 0; v < 4; v++) {
                const int64_t *d = sizes[s], count = d[0] * d[1] * d[2] * d[3];
                Norm n = { .kind = k, .eps = 1e-2, .groups = s % 2 ? 2 : 1 };
                if (count > 5000 && v != 3) continue;
                for (int layout = 0; layout < (count > 1000 ? 1 : LAYOUTS); layout++)
                    check(n, count, laid_out(layout, 4, d), v & 1, v & 2);
            }
    for (Kind k = GROUP; k < KINDS; k++)
        for (int layout = 0; layout < LAYOUTS; layout++) {
            Norm n = { .kind = k, .eps = 1e-2, .groups = 3 };
            check(n, 33, laid_out(layout, SHAPE(33, 6)), true, true);
            check(n, 35, laid_out(layout, SHAPE(5, 3, 7)), true, true);
        }
}

/* ---- What the plain version cannot show ---- */

Test(norm, batchnorm_says_what_it_measured)
{
    Tensor *x = op_reshape(tape, NUMBERS(1, 2, /**/ 10, 20, /**/ 3, 6, /**/ 30, 20), SHAPE(2, 2, 2)), *stat[2];
    op_batchnorm(tape, x, NULL, NULL, 1e-5, stat);
    EXPECT_VALUES(stat[0], 3, 20);
    EXPECT_VALUES(stat[1], 3.5, 50);
    cr_assert(!stat[0]->needs_grad && !stat[1]->needs_grad);
}

/* A variance is far smaller than the mean's square: whoever subtracts two large numbers loses it. */
Test(norm, far_from_zero)
{
    enum { C = 1000 };
    for (Kind k = LAYER; k <= BATCH; k++) {
        if (k == RMS) continue;
        Tensor *x = constant(SHAPE(1, 1, C));
        for (int i = 0; i < C; i++) tensor_set(x, i, 4096 + (i % 2 ? .25 : -.25));
        Norm n = { .kind = k, .groups = 1 };
        Tensor *y = norm(tape, (Tensor *[]){ x, NULL, NULL }, &n);
        for (int i = 0; i < C; i++) expect(names[k], i, tensor_get(y, i), i % 2 ? 1 : -1, 1e-5);
    }
}

/* A row with NaN or an infinity is NaN, and its neighbours are not. */
Test(norm, nan_and_infinity_go_through)
{
    for (Kind k = LAYER; k <= BATCH; k++)
        for (int bad = 0; bad < 2; bad++) {
            Tensor *x = constant(SHAPE(2, 2, 70));
            Norm n = { .kind = k, .groups = 2, .eps = 1e-5 };
            tensor_set(x, 140 + 69, bad ? INFINITY : NAN);
            Tensor *y = norm(tape, (Tensor *[]){ x, NULL, NULL }, &n);
            for (int i = 0; i < 280; i++) {
                bool hit = set_of(&n, x, i) == set_of(&n, x, 140 + 69), is = isnan(tensor_get(y, i));
                if (k == RMS && bad && hit && i != 140 + 69) cr_assert_eq(tensor_get(y, i), 0);
                else cr_assert_eq(is, hit, "%s, element %d: %g", names[k], i, tensor_get(y, i));
            }
        }
}

Test(norm, nothing_gives_nothing)
{
    expect_shape(op_layernorm(tape, param(SHAPE(0, 3)), NULL, NULL, 1e-5), SHAPE(0, 3));
    expect_shape(op_layernorm(tape, param(SHAPE(3, 0)), NULL, NULL, 1e-5), SHAPE(3, 0));
    expect_shape(op_rmsnorm(tape, param(SHAPE(0, 3)), NULL, 1e-5), SHAPE(0, 3));
    expect_shape(op_groupnorm(tape, param(SHAPE(0, 4, 3)), NULL, NULL, 2, 1e-5), SHAPE(0, 4, 3));
    Tensor *mean = constant(SHAPE(4)), *var = constant(SHAPE(4));
    expect_shape(op_batchnorm_fixed(tape, param(SHAPE(0, 4)), NULL, NULL, mean, var, 1e-5), SHAPE(0, 4));
}

#ifdef _OPENMP
Test(norm, the_number_of_threads_changes_nothing)
{
    for (Kind k = LAYER; k < KINDS; k++) {
        Tensor *x = param(SHAPE(70, 6, 301)), *last = NULL, *grads[2];
        int64_t C = k <= RMS ? 301 : 6;
        Tensor *w = param(SHAPE(C)), *b = param(SHAPE(C)), *r = constant(SHAPE(70, 6, 301));
        Norm n = { .kind = k, .groups = 2, .eps = 1e-5, .mean = constant(SHAPE(C)), .var = constant(SHAPE(C)) };
        op_fill(tape, n.var, 2);
        for (int threads = 1; threads <= 3; threads++) {
            omp_set_num_threads(threads);
            tensor_drop_grad(x), tensor_drop_grad(w);
            Tensor *y = tape_keep(norm(tape, (Tensor *[]){ x, w, b }, &n));
            tape_backward(tape, op_sum(tape, op_mul(tape, y, r), 7));
            Tensor *now[] = { x->grad, w->grad };
            for (int i = 0; i < 2; i++) {
                if (last) cr_assert_arr_eq(now[i]->data, grads[i]->data, tensor_bytes(now[i]), "%s", names[k]);
                grads[i] = op_contiguous(tape, now[i]);
            }
            if (last) cr_assert_arr_eq(y->data, last->data, tensor_bytes(y), "%s, %d threads", names[k], threads);
            last = y;
        }
    }
}
#endif

/* ---- Refusals ---- */

static void wrong_weight(void) { op_layernorm(tape, param(SHAPE(3, 4)), param(SHAPE(3)), NULL, 1e-5); }
static void wrong_rms_weight(void) { op_rmsnorm(tape, param(SHAPE(3, 4)), param(SHAPE(4, 1)), 1e-5); }
static void number(void) { op_rmsnorm(tape, param(0, NULL), NULL, 1e-5); }
static void groups_that_do_not_fit(void) { op_groupnorm(tape, param(SHAPE(3, 4)), NULL, NULL, 3, 1e-5); }
static void no_groups(void) { op_groupnorm(tape, param(SHAPE(3, 4)), NULL, NULL, 0, 1e-5); }
static void row_of_groups(void) { op_groupnorm(tape, param(SHAPE(4)), NULL, NULL, 2, 1e-5); }
static void wrong_bias(void) { op_batchnorm(tape, param(SHAPE(3, 4)), NULL, param(SHAPE(3)), 1e-5, NULL); }
static void empty_batch(void) { op_batchnorm(tape, param(SHAPE(0, 4)), NULL, NULL, 1e-5, NULL); }
static void batch_of_a_row(void) { op_batchnorm(tape, param(SHAPE(4)), NULL, NULL, 1e-5, NULL); }
static void wrong_statistics(void)
{
    op_batchnorm_fixed(tape, param(SHAPE(3, 4)), NULL, NULL, constant(SHAPE(4)), constant(SHAPE(3)), 1e-5);
}

Test(norm, refusals)
{
    const char *wrong = "weight, bias and statistics must have one number a channel: f";
    expect_refusal(wrong_weight, sentence("layernorm: %s", wrong));
    expect_refusal(wrong_rms_weight, sentence("rmsnorm: %s", wrong));
    expect_refusal(number, "rmsnorm: needs rows: at least one dimension: f");
    expect_refusal(groups_that_do_not_fit, "groupnorm: 4 channels do not make 3 groups: f");
    expect_refusal(no_groups, "groupnorm: 4 channels do not make 0 groups: f");
    expect_refusal(row_of_groups, "groupnorm: needs (N,C,...): f");
    expect_refusal(wrong_bias, sentence("batchnorm: %s", wrong));
    expect_refusal(empty_batch, "batchnorm: needs at least one number a channel: f");
    expect_refusal(batch_of_a_row, "batchnorm: needs (N,C,...): f");
    expect_refusal(wrong_statistics, sentence("batchnorm_fixed: %s", wrong));
}
