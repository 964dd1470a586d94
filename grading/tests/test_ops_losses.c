/* test_ops_losses.c -- losses and reductions against plain versions in double. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(losses, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* ---- Cross-entropy with smoothing and rows that do not count ---- */

typedef struct Wanted { Tensor *target; CrossEntropyArg arg; } Wanted;

static Tensor *cross_entropy(Tape *t, Tensor **in, void *ctx)
{
    const Wanted *w = ctx;
    return op_cross_entropy_with(t, in[0], w->target, w->arg);
}

static bool counts(const Wanted *w, int64_t i) { return !w->arg.ignores || tensor_get(w->target, i) != w->arg.ignore; }

static double counted(const Wanted *w)
{
    double n = 0;
    for (int64_t i = 0; i < tensor_count(w->target); i++) n += counts(w, i);
    return n;
}

/* What class c of row i is wanted to be. */
static double wanted(const Wanted *w, int64_t i, int64_t c, int64_t C)
{
    return w->arg.smoothing / (double)C + (tensor_get(w->target, i) == (double)c ? 1 - w->arg.smoothing : 0);
}

static double log_sum(const double *x, int64_t C)
{
    double max = -INFINITY, sum = 0;
    for (int64_t c = 0; c < C; c++) max = fmax(max, x[c]);
    for (int64_t c = 0; c < C; c++) sum += exp(x[c] - max);
    return max + log(sum);
}

static void cross_entropy_forward(Sum *y, const Plain *p)
{
    const Wanted *w = p->ctx;
    int64_t N = p->in[0]->shape[0], C = p->in[0]->shape[1];
    for (int64_t i = 0; i < N; i++) {
        if (!counts(w, i)) continue;
        const double *x = p->x[0] + i * C;
        double lse = log_sum(x, C), loss = 0;
        for (int64_t c = 0; c < C; c++) loss += wanted(w, i, c, C) * (lse - x[c]);
        add_sized(y, loss / counted(w), 1 + fabs(lse));
    }
}

static void cross_entropy_backward(Sum **dx, const double *dy, const Plain *p)
{
    const Wanted *w = p->ctx;
    int64_t N = p->in[0]->shape[0], C = p->in[0]->shape[1];
    for (int64_t i = 0; i < N; i++) {
        const double *x = p->x[0] + i * C, lse = log_sum(x, C);
        for (int64_t c = 0; c < C && counts(w, i); c++)
            add_sized(&dx[0][i * C + c], (exp(x[c] - lse) - wanted(w, i, c, C)) * dy[0] / counted(w),
                      3 * fabs(dy[0]) / counted(w));
    }
}

static const PlainOp plain_cross_entropy = { "cross_entropy_with", cross_entropy, cross_entropy_forward,
                                             cross_entropy_backward };

Test(losses, cross_entropy_smoothed_and_ignoring)
{
    const int64_t shapes[][2] = { { 1, 1 }, { 3, 5 }, { 33, 65 }, { 7, 129 }, { 200, 10 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int how = 0; how < 4; how++)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                int64_t N = shapes[s][0], C = shapes[s][1];
                Wanted w = { targets(N, C), { .smoothing = how & 1 ? 0.1 : 0, .ignores = how & 2, .ignore = -100 } };
                for (int64_t i = 1; i < N; i += 3)
                    if (how & 2) tensor_set(w.target, i, -100);
                PLAINCHECK(&plain_cross_entropy, (double)C, &w, laid_out(layout, SHAPE(N, C)));
            }
}

Test(losses, cross_entropy_of_no_rows_that_count)
{
    Tensor *x = param(SHAPE(2, 3)), *target = targets(2, 3);
    for (int i = 0; i < 2; i++) tensor_set(target, i, 1);
    Tensor *loss = op_cross_entropy_with(tape, x, target, (CrossEntropyArg){ .ignores = true, .ignore = 1 });
    EXPECT_VALUES(loss, 0);
    tape_backward(tape, loss);
    EXPECT_VALUES(x->grad, 0, 0, 0, 0, 0, 0);
}

static void target_outside(void)
{
    Tensor *target = targets(2, 3);
    tensor_set(target, 1, -100);
    op_cross_entropy_with(tape, param(SHAPE(2, 3)), target, (CrossEntropyArg){ .ignores = true, .ignore = -1 });
}

/* ---- Binary cross-entropy and squares ---- */

static Tensor *bce(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_bce_logits(t, in[0], in[1]); }

static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static void bce_forward(Sum *y, const Plain *p)
{
    double N = (double)tensor_count(p->in[0]);
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) {
        double x = p->x[0][i], t = p->x[1][i];
        add_sized(y, (t * softplus(-x) + (1 - t) * softplus(x)) / N, 1 + fabs(x));
    }
}

static void bce_backward(Sum **dx, const double *dy, const Plain *p)
{
    double N = (double)tensor_count(p->in[0]);
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) {
        double x = p->x[0][i], s = 1 / (1 + exp(-x));
        if (dx[0]) add_sized(&dx[0][i], (s - p->x[1][i]) * dy[0] / N, 3 * fabs(dy[0]) / N);
        if (dx[1]) add_term(&dx[1][i], -x * dy[0] / N);
    }
}

static const PlainOp plain_bce = { "bce_logits", bce, bce_forward, bce_backward };

static Tensor *mse(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_mse(t, in[0], in[1]); }

static void mse_forward(Sum *y, const Plain *p)
{
    double N = (double)tensor_count(p->in[0]);
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) {
        double d = p->x[0][i] - p->x[1][i];
        add_sized(y, d * d / N, (fabs(p->x[0][i]) + fabs(p->x[1][i])) * fabs(d) / N);
    }
}

static void mse_backward(Sum **dx, const double *dy, const Plain *p)
{
    double N = (double)tensor_count(p->in[0]);
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++)
        for (int k = 0; k < 2; k++) {
            double size = 2 * (fabs(p->x[0][i]) + fabs(p->x[1][i])) * fabs(dy[0]) / N;
            if (dx[k]) add_sized(&dx[k][i], (k ? -2 : 2) * (p->x[0][i] - p->x[1][i]) * dy[0] / N, size);
        }
}

static const PlainOp plain_mse = { "mse", mse, mse_forward, mse_backward };

Test(losses, bce_logits_and_mse)
{
    const int64_t shapes[][2] = { { 1, 1 }, { 3, 5 }, { 33, 65 }, { 300, 257 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int a = 0; a < LAYOUTS; a++)
            for (int b = 0; b < LAYOUTS; b++) {
                int64_t N = shapes[s][0], C = shapes[s][1];
                if (N == 300 && a + b > 0) continue;
                Tensor *x = laid_out(a, SHAPE(N, C)), *t = laid_out(b, SHAPE(N, C));
                for (int64_t i = 0; i < N * C; i++) tensor_set(x, i, 10 * tensor_get(x, i));
                for (int64_t i = 0; i < N * C; i++) tensor_set(t, i, fabs(tensor_get(t, i)));
                PLAINCHECK(&plain_bce, (double)(N * C), NULL, x, t);
                PLAINCHECK(&plain_mse, (double)(N * C), NULL, x, t);
                PLAINCHECK(&plain_bce, (double)(N * C), NULL, x, constant(SHAPE(N, C)));
            }
    EXPECT_VALUES(op_bce_logits(tape, NUMBERS(1000, -1000), NUMBERS(1, 0)), 0);
    EXPECT_VALUES(op_bce_logits(tape, NUMBERS(1000, -1000), NUMBERS(0, 1)), 1000);
    EXPECT_VALUES(op_bce_logits(tape, NUMBERS(NAN, 1), NUMBERS(0, 1)), NAN);
    EXPECT_VALUES(op_mse(tape, NUMBERS(1, 2), NUMBERS(3, 2)), 2);
    EXPECT_VALUES(op_mse(tape, NUMBERS(1, INFINITY), NUMBERS(3, 2)), INFINITY);
}

/* ---- Reductions ---- */

/* Which element of y element i of x is reduced to. */
static int64_t reduced_into(const Tensor *x, unsigned axes, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        if (!(axes >> d & 1)) at += i % x->shape[d] * step, step *= x->shape[d];
        i /= x->shape[d];
    }
    return at;
}

typedef struct Reduction { char op; unsigned axes; int less; } Reduction;

static Tensor *reduced(Tape *t, Tensor **in, void *ctx)
{
    const Reduction *r = ctx;
    if (r->op == 'v') return op_var(t, in[0], r->axes, r->less);
    return r->op == '>' ? op_max(t, in[0], r->axes) : op_min(t, in[0], r->axes);
}

/* The elements of x that belong to element i of y: their number, mean and sum of squares, the extreme, how often. */
typedef struct Group { double n, mean, squares, extreme, equals, largest; } Group;

static Group group(const Plain *p, int64_t i)
{
    const Reduction *r = p->ctx;
    Group g = { .extreme = r->op == '>' ? -INFINITY : INFINITY };
    int64_t N = tensor_count(p->in[0]);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t k = 0; k < N; k++) {
            if (reduced_into(p->in[0], r->axes, k) != i) continue;
            double x = p->x[0][k];
            if (pass == 0) {
                g.n++, g.mean += x, g.largest = fmax(g.largest, fabs(x));
                g.extreme = r->op == '>' ? fmax(g.extreme, x) : fmin(g.extreme, x);
            } else
                g.squares += (x - g.mean / g.n) * (x - g.mean / g.n), g.equals += x == g.extreme;
        }
    g.mean /= g.n;
    return g;
}

static void reduced_forward(Sum *y, const Plain *p)
{
    const Reduction *r = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Group g = group(p, i);
        if (r->op == 'v') add_sized(&y[i], g.squares / (g.n - r->less), g.largest * g.largest * g.n / (g.n - r->less));
        else y[i].value = g.extreme;
    }
}

static void reduced_backward(Sum **dx, const double *dy, const Plain *p)
{
    const Reduction *r = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Group g = group(p, i);
        for (int64_t k = 0; k < tensor_count(p->in[0]); k++) {
            if (reduced_into(p->in[0], r->axes, k) != i) continue;
            double x = p->x[0][k], rest = g.n - r->less;
            if (r->op == 'v') add_sized(&dx[0][k], 2 * (x - g.mean) * dy[i] / rest, 4 * g.largest * fabs(dy[i]) / rest);
            else if (x == g.extreme) add_term(&dx[0][k], dy[i] / g.equals);
        }
    }
}

static const PlainOp plain_reduced = { "reduction", reduced, reduced_forward, reduced_backward };

/* All different, or differences see a kink: 1/4096 apart at least, in random order. */
static Tensor *different(Tensor *x)
{
    int64_t N = tensor_count(x);
    for (int64_t i = 0; i < N; i++) tensor_set(x, i, (double)(i - N / 2) / 4096);
    for (int64_t i = N - 1; i > 0; i--) {
        int64_t k = (int64_t)uniform(0, (double)i + 1);
        double a = tensor_get(x, i), b = tensor_get(x, k);
        tensor_set(x, i, b), tensor_set(x, k, a);
    }
    return x;
}

Test(losses, max_min_var_over_any_axes)
{
    const int64_t sizes[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 2, 3, 70 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (unsigned axes = 0; axes < 8; axes++)
            for (int layout = 0; layout < LAYOUTS; layout++)
                for (const char *op = "><v"; *op; op++) {
                    Reduction r = { *op, axes, 0 };
                    int64_t N = sizes[s][0] * sizes[s][1] * sizes[s][2];
                    PLAINCHECK(&plain_reduced, (double)N, &r, different(laid_out(layout, 3, sizes[s])));
                    r.less = 1;
                    if (*op == 'v' && s > 0 && (axes & 6) == 6)
                        PLAINCHECK(&plain_reduced, (double)N, &r, laid_out(layout, 3, sizes[s]));
                    tape_reset(tape);
                    arena_reset(model);
                }
}

/* Above the threshold, where threads take parts: against the same a row at a time. */
Test(losses, reductions_in_parts)
{
    enum { N = 300, C = 301 };
    Tensor *x = constant(SHAPE(N, C)), *rows[] = { op_max(tape, x, 2), op_min(tape, x, 2), op_var(tape, x, 2, 0) };
    for (int64_t i = 0; i < N; i++) {
        Tensor *row = op_slice(tape, x, 0, i, i + 1);
        expect("max", i, tensor_get(rows[0], i), tensor_get(op_max(tape, row, 3), 0), 0);
        expect("min", i, tensor_get(rows[1], i), tensor_get(op_min(tape, row, 3), 0), 0);
        expect("var", i, tensor_get(rows[2], i), tensor_get(op_var(tape, row, 3, 0), 0), 0);
    }
    Tensor *columns = op_max(tape, x, 1);
    for (int64_t c = 0; c < C; c++) {
        double max = -INFINITY;
        for (int64_t i = 0; i < N; i++) max = fmax(max, tensor_get(x, i * C + c));
        expect("max of columns", c, tensor_get(columns, c), max, 0);
    }
}

Test(losses, equals_share_and_nan_wins)
{
    const double inf = INFINITY;
    Tensor *x = NUMBERS(1, 3, 3, /**/ NAN, 2, 1, /**/ -inf, -inf, -inf);
    Tensor *rows = op_reshape(tape, x, SHAPE(3, 3));
    EXPECT_VALUES(op_max(tape, rows, 2), 3, NAN, -inf);
    EXPECT_VALUES(op_min(tape, rows, 2), 1, NAN, -inf);
    EXPECT_VALUES(op_max(tape, rows, 1), NAN, 3, 3);
    EXPECT_VALUES(op_var(tape, rows, 2, 0), (double)(real)(8.0 / 9), NAN, NAN);
    x->needs_grad = true;
    tape_backward(tape, op_sum(tape, op_max(tape, op_reshape(tape, x, SHAPE(3, 3)), 2), 1));
    const double third = (double)(real)(1.0 / 3);
    EXPECT_VALUES(x->grad, 0, 0.5, 0.5, 1, 0, 0, third, third, third);
    EXPECT_VALUES(op_var(tape, NUMBERS(1e4, 1e4 + 1), 1, 1), 0.5);
    expect_shape(op_max(tape, param(SHAPE(0, 3)), 2), SHAPE(0));
}

static void max_of_nothing(void) { op_max(tape, param(SHAPE(0, 3)), 1); }
static void var_of_missing(void) { op_var(tape, param(SHAPE(2, 3)), 4, 0); }
static void mse_of_two_shapes(void) { op_mse(tape, param(SHAPE(2, 3)), param(SHAPE(3))); }
static void too_smooth(void)
{
    op_cross_entropy_with(tape, param(SHAPE(2, 3)), targets(2, 3), (CrossEntropyArg){ .smoothing = 1.5 });
}

Test(losses, refusals)
{
    expect_refusal(target_outside, "cross_entropy: target -100 of row 1 is not in 0..2");
    expect_refusal(max_of_nothing, "max: needs at least one element to choose from: f");
    expect_refusal(var_of_missing, "var: axes 0x4 name a dimension that is not there: f");
    expect_refusal(mse_of_two_shapes, "mse: needs a target of the same shape: f");
    expect_refusal(too_smooth, "cross_entropy: a smoothing of 1.5");
}
