/* test_ops.c -- every op against a plain version in double: values, gradients, refusals. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(ops, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

static const int64_t SIZES[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 33, 65, 129 } };
enum { N_SIZES = sizeof SIZES / sizeof *SIZES };
#define EACH_SIZE(M, K, N)                                                                                          \
    for (int size = 0; size < N_SIZES; size++)                                                                      \
        for (int64_t M = SIZES[size][0], K = SIZES[size][1], N = SIZES[size][2], once = 1; once; once = 0)

/* The largest in one layout only: the smaller ones have been through all. */
static int layouts(int64_t M) { return M < 33 ? LAYOUTS : 1; }

/* ---- Matrix products ---- */

static Tensor *matmul(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_matmul(t, in[0], in[1]); }

static void matmul_forward(Sum *y, const Plain *p)
{
    int64_t M = p->in[0]->shape[0], K = p->in[0]->shape[1], N = p->in[1]->shape[1];
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++)
            for (int64_t k = 0; k < K; k++) add_term(&y[m * N + n], p->x[0][m * K + k] * p->x[1][k * N + n]);
}

static void matmul_backward(Sum **dx, const double *dy, const Plain *p)
{
    int64_t M = p->in[0]->shape[0], K = p->in[0]->shape[1], N = p->in[1]->shape[1];
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++)
            for (int64_t k = 0; k < K; k++) {
                add_term(&dx[0][m * K + k], dy[m * N + n] * p->x[1][k * N + n]);
                add_term(&dx[1][k * N + n], dy[m * N + n] * p->x[0][m * K + k]);
            }
}

static const PlainOp plain_matmul = { "matmul", matmul, matmul_forward, matmul_backward };

Test(ops, matmul)
{
    EACH_SIZE(M, K, N)
        for (int a = 0; a < LAYOUTS; a++)
            for (int b = 0; b < LAYOUTS; b++)
                PLAINCHECK(&plain_matmul, fmax((double)M, (double)N), NULL, laid_out(a, SHAPE(M, K)),
                           laid_out(b, SHAPE(K, N)));
    for (int64_t K = 0; K < 3; K++) PLAINCHECK(&plain_matmul, 7, NULL, param(SHAPE(4, K)), param(SHAPE(K, 7)));
    PLAINCHECK(&plain_matmul, 7, NULL, param(SHAPE(0, 3)), param(SHAPE(3, 7)));
    for (int layout = 0; layout < LAYOUTS; layout++) { /* one row, one column: those of a larger matrix lie apart */
        Tensor *column = laid_out(layout, SHAPE(65, 1));
        Tensor *row = op_transpose(tape, laid_out(layout, SHAPE(65, 1)), 0, 1);
        for (int other = 0; other < LAYOUTS; other++) {
            PLAINCHECK(&plain_matmul, 129, NULL, row, laid_out(other, SHAPE(65, 129)));
            PLAINCHECK(&plain_matmul, 129, NULL, laid_out(other, SHAPE(129, 65)), column);
        }
    }
}

static Tensor *linear(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_linear(t, in[0], in[1], in[2]); }

static void linear_forward(Sum *y, const Plain *p)
{
    int64_t OUT = p->in[1]->shape[0], IN = p->in[1]->shape[1], N = tensor_count(p->in[0]) / IN;
    for (int64_t n = 0; n < N; n++)
        for (int64_t o = 0; o < OUT; o++) {
            for (int64_t i = 0; i < IN; i++) add_term(&y[n * OUT + o], p->x[0][n * IN + i] * p->x[1][o * IN + i]);
            if (p->x[2]) add_term(&y[n * OUT + o], p->x[2][o]);
        }
}

static void linear_backward(Sum **dx, const double *dy, const Plain *p)
{
    int64_t OUT = p->in[1]->shape[0], IN = p->in[1]->shape[1], N = tensor_count(p->in[0]) / IN;
    for (int64_t n = 0; n < N; n++)
        for (int64_t o = 0; o < OUT; o++) {
            for (int64_t i = 0; i < IN; i++) {
                if (dx[0]) add_term(&dx[0][n * IN + i], dy[n * OUT + o] * p->x[1][o * IN + i]);
                if (dx[1]) add_term(&dx[1][o * IN + i], dy[n * OUT + o] * p->x[0][n * IN + i]);
            }
            if (dx[2]) add_term(&dx[2][o], dy[n * OUT + o]);
        }
}

static const PlainOp plain_linear = { "linear", linear, linear_forward, linear_backward };

Test(ops, linear)
{
    EACH_SIZE(M, K, N) {
        double terms = fmax(fmax((double)M, (double)N), (double)K);
        for (int x = 0; x < LAYOUTS; x++)
            for (int w = 0; w < LAYOUTS; w++)
                PLAINCHECK(&plain_linear, terms, NULL, laid_out(x, SHAPE(M, K)), laid_out(w, SHAPE(N, K)),
                           laid_out(x, SHAPE(N)));
        PLAINCHECK(&plain_linear, terms, NULL, constant(SHAPE(M, K)), param(SHAPE(N, K)), NULL);
        PLAINCHECK(&plain_linear, terms, NULL, param(SHAPE(M, K)), constant(SHAPE(N, K)), param(SHAPE(N)));
        PLAINCHECK(&plain_linear, terms, NULL, constant(SHAPE(M, K)), constant(SHAPE(N, K)), param(SHAPE(N)));
    }
    PLAINCHECK(&plain_linear, 24, NULL, param(SHAPE(2, 3, 4, 5)), param(SHAPE(7, 5)), param(SHAPE(7)));
    PLAINCHECK(&plain_linear, 7, NULL, param(SHAPE(5)), param(SHAPE(7, 5)), param(SHAPE(7)));
    PLAINCHECK(&plain_linear, 7, NULL, param(SHAPE(0, 5)), param(SHAPE(7, 5)), param(SHAPE(7)));
    expect_shape(op_linear(tape, param(SHAPE(2, 3, 5)), param(SHAPE(7, 5)), NULL), SHAPE(2, 3, 7));
}

/* gemm itself: strides that no library takes, and beta. */
Test(ops, gemm_takes_any_strides)
{
    enum { M = 5, K = 6, N = 7, ROOM = 400 };
    real A[ROOM], B[ROOM], C[M * N];
    const int64_t strides[][2] = { { 0, 1 }, { 1, 0 }, { 0, 0 }, { 2, 14 }, { 15, 2 }, { 1, 1 }, { 3, 1 }, { 1, 7 } };
    for (int i = 0; i < ROOM; i++) A[i] = (real)uniform(-1, 1), B[i] = (real)uniform(-1, 1);
    for (int a = 0; a < 8; a++)
        for (int b = 0; b < 8; b++)
            for (int beta = 0; beta < 2; beta++) {
                for (int i = 0; i < M * N; i++) C[i] = beta ? (real)i : (real)NAN;
                gemm(C, M, N, K, A, strides[a], B, strides[b], (real)beta);
                for (int m = 0; m < M; m++)
                    for (int n = 0; n < N; n++) {
                        double want = beta * (m * N + n);
                        for (int k = 0; k < K; k++)
                            want += (double)A[m * strides[a][0] + k * strides[a][1]] *
                                    (double)B[k * strides[b][0] + n * strides[b][1]];
                        double tolerance = 4 * sqrt(K) * epsilon() * (1 + fabs(want));
                        expect("gemm", m * N + n, (double)C[m * N + n], want, tolerance);
                    }
            }
}

/* NaN and Inf must reach every row and column that they belong to, and no other. */
Test(ops, products_pass_nan_and_inf_on)
{
    Tensor *a = constant(SHAPE(9, 33)), *b = constant(SHAPE(33, 17));
    tensor_set(a, 4 * 33 + 5, NAN);
    tensor_set(a, 7 * 33 + 6, INFINITY);
    Tensor *y = op_matmul(tape, a, b), *z = op_linear(tape, a, op_transpose(tape, b, 0, 1), NULL);
    for (int64_t i = 0; i < tensor_count(y); i++)
        for (int which = 0; which < 2; which++) {
            double v = tensor_get(which ? z : y, i);
            bool right = i / 17 == 4 ? isnan(v) : i / 17 == 7 ? isinf(v) : isfinite(v);
            cr_assert(right, "row %lld: %g", (long long)i / 17, v);
        }
}

/* ---- Elementwise, two inputs ---- */

/* Which element of x stands where element i of y does, if x is stretched to y's shape. */
static int64_t stretched(const Tensor *x, const Tensor *y, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = 1; d <= x->ndim; d++) {
        int64_t n = y->shape[y->ndim - d], here = i % n;
        if (x->shape[x->ndim - d] != 1) at += here * step;
        step *= x->shape[x->ndim - d];
        i /= n;
    }
    return at;
}

typedef struct Pair { double y, da, db; } Pair;

static Pair pair(char sign, double a, double b)
{
    switch (sign) {
    case '+': return (Pair){ a + b, 1, 1 };
    case '-': return (Pair){ a - b, 1, -1 };
    case '*': return (Pair){ a * b, b, a };
    default: return (Pair){ a / b, 1 / b, -a / (b * b) };
    }
}

static Tensor *binary(Tape *t, Tensor **in, void *ctx)
{
    switch (*(const char *)ctx) {
    case '+': return op_add(t, in[0], in[1]);
    case '-': return op_sub(t, in[0], in[1]);
    case '*': return op_mul(t, in[0], in[1]);
    default: return op_div(t, in[0], in[1]);
    }
}

static void binary_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        double a = p->x[0][stretched(p->in[0], p->y, i)], b = p->x[1][stretched(p->in[1], p->y, i)];
        double v = pair(*(const char *)p->ctx, a, b).y;
        add_sized(&y[i], v, fabs(v));
    }
}

static void binary_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t ia = stretched(p->in[0], p->y, i), ib = stretched(p->in[1], p->y, i);
        Pair d = pair(*(const char *)p->ctx, p->x[0][ia], p->x[1][ib]);
        add_term(&dx[0][ia], dy[i] * d.da);
        add_term(&dx[1][ib], dy[i] * d.db);
    }
}

static const PlainOp plain_binary = { "elementwise", binary, binary_forward, binary_backward };

Test(ops, add_sub_mul_div_broadcast)
{
    typedef struct { int na, nb; int64_t a[4], b[4]; int y; int64_t shape[4]; } Form;
    const Form forms[] = {
        { 0, 0, { 0 }, { 0 }, 0, { 0 } },
        { 1, 1, { 1 }, { 1 }, 1, { 1 } },
        { 1, 0, { 7 }, { 0 }, 1, { 7 } },
        { 0, 2, { 0 }, { 3, 5 }, 2, { 3, 5 } },
        { 2, 2, { 3, 5 }, { 3, 5 }, 2, { 3, 5 } },
        { 2, 1, { 3, 5 }, { 5 }, 2, { 3, 5 } },
        { 1, 2, { 5 }, { 3, 5 }, 2, { 3, 5 } },
        { 2, 2, { 3, 5 }, { 3, 1 }, 2, { 3, 5 } },
        { 2, 2, { 3, 1 }, { 1, 5 }, 2, { 3, 5 } },
        { 2, 1, { 4, 1 }, { 6 }, 2, { 4, 6 } },
        { 3, 3, { 3, 5, 7 }, { 3, 5, 7 }, 3, { 3, 5, 7 } },
        { 3, 3, { 3, 5, 7 }, { 3, 1, 7 }, 3, { 3, 5, 7 } },
        { 3, 2, { 3, 1, 7 }, { 5, 1 }, 3, { 3, 5, 7 } },
        { 3, 3, { 1, 5, 1 }, { 3, 1, 7 }, 3, { 3, 5, 7 } },
        { 3, 1, { 33, 65, 129 }, { 129 }, 3, { 33, 65, 129 } },
        { 3, 3, { 33, 65, 129 }, { 33, 1, 1 }, 3, { 33, 65, 129 } },
        { 4, 2, { 2, 3, 4, 5 }, { 4, 1 }, 4, { 2, 3, 4, 5 } },
        { 2, 2, { 0, 5 }, { 1, 5 }, 2, { 0, 5 } },
    };
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (const char *sign = "+-*/"; *sign; sign++)
            for (int layout = 0; layout < LAYOUTS * LAYOUTS; layout++) {
                const Form *s = &forms[f];
                if (layout >= layouts(s->a[0]) * layouts(s->a[0])) continue;
                Tensor *in[] = { laid_out(layout % LAYOUTS, s->na, s->a), laid_out(layout / LAYOUTS, s->nb, s->b) };
                double terms = (double)tensor_count(in[0]) * (double)tensor_count(in[1]);
                plaincheck(&plain_binary, fmax(terms, 1), in, 2, sign);
                bool was = tape_record(tape, false);
                expect_shape(binary(tape, in, (void *)(uintptr_t)sign), s->y, s->shape);
                tape_record(tape, was);
                tape_reset(tape);
                arena_reset(model);
            }
}

Test(ops, elementwise_passes_nan_and_inf_on)
{
    Tensor *x = NUMBERS(NAN, INFINITY, -INFINITY, 0, 1), *two = NUMBERS(2), *zero = NUMBERS(0);
    EXPECT_VALUES(op_add(tape, x, two), NAN, INFINITY, -INFINITY, 2, 3);
    EXPECT_VALUES(op_sub(tape, two, x), NAN, -INFINITY, INFINITY, 2, 1);
    EXPECT_VALUES(op_mul(tape, x, zero), NAN, NAN, NAN, 0, 0);
    EXPECT_VALUES(op_div(tape, x, zero), NAN, INFINITY, -INFINITY, NAN, INFINITY);
    EXPECT_VALUES(op_scale(tape, x, -2), NAN, -INFINITY, INFINITY, 0, -2);
    EXPECT_VALUES(op_relu(tape, x), NAN, INFINITY, 0, 0, 1);
}

/* ---- Elementwise, one input ---- */

typedef struct Curve { double y, slope, size, slope_size; } Curve;

static Curve curve(const char *name, double x)
{
    if (!strcmp(name, "relu")) return (Curve){ x > 0 ? x : 0, x > 0, fabs(x), 1 };
    if (!strcmp(name, "scale")) return (Curve){ -1.75 * x, -1.75, fabs(1.75 * x), 1.75 };
    /* gelu: an error of x grows by x^2 in the tails */
    double Phi = 0.5 * erfc(-x / sqrt(2)), phi = exp(-0.5 * x * x) / sqrt(2 * acos(-1)), grows = 1 + x * x;
    return (Curve){ x * Phi, Phi + x * phi, fabs(x) * Phi * grows, fmax(Phi, fabs(x) * phi) * grows };
}

static Tensor *unary(Tape *t, Tensor **in, void *ctx)
{
    const char *name = ctx;
    if (!strcmp(name, "relu")) return op_relu(t, in[0]);
    return !strcmp(name, "gelu") ? op_gelu(t, in[0]) : op_scale(t, in[0], -1.75);
}

static void unary_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Curve c = curve(p->ctx, p->x[0][i]);
        add_sized(&y[i], c.y, c.size);
    }
}

static void unary_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Curve c = curve(p->ctx, p->x[0][i]);
        add_sized(&dx[0][i], dy[i] * c.slope, fabs(dy[i]) * c.slope_size);
    }
}

static const PlainOp plain_unary = { "unary", unary, unary_forward, unary_backward };

Test(ops, scale_relu_gelu)
{
    const char *const names[] = { "scale", "relu", "gelu" };
    for (int f = 0; f < 3; f++)
        for (int layout = 0; layout < LAYOUTS; layout++) {
            EACH_SIZE(M, K, N)
                if (layout < layouts(M)) PLAINCHECK(&plain_unary, 1, names[f], laid_out(layout, SHAPE(M, K, N)));
            PLAINCHECK(&plain_unary, 1, names[f], laid_out(layout, SHAPE(0, 3)));
        }
}

Test(ops, gelu_in_the_tails)
{
    enum { N = 4001 };
    Tensor *x = param(SHAPE(N));
    for (int i = 0; i < N; i++) tensor_set(x, i, -12 + 20 * i / (double)(N - 1) + 1e-3);
    PLAINCHECK(&plain_unary, 1, "gelu", x);
    EXPECT_VALUES(op_gelu(tape, NUMBERS(0, INFINITY, -INFINITY, NAN, 100, -100)), 0, INFINITY, 0, NAN, 100, 0);
    Tensor *far = NUMBERS(INFINITY, -INFINITY, NAN, 100, -100, 0);
    far->needs_grad = true;
    tape_backward(tape, op_sum(tape, op_gelu(tape, far), 1));
    EXPECT_VALUES(far->grad, 1, 0, NAN, 1, 0, 0.5);
}

Test(ops, relu_has_slope_0_at_0)
{
    Tensor *x = NUMBERS(-1, 0, 1, -0.0, INFINITY, -INFINITY);
    x->needs_grad = true;
    tape_backward(tape, op_sum(tape, op_relu(tape, x), 1));
    EXPECT_VALUES(x->grad, 0, 0, 1, 0, 1, 0);
}

/* ---- Rows ---- */

typedef struct Row { const double *x; double max, lse, spread; } Row;

static Row row_of(const Plain *p, int64_t i, int64_t C)
{
    Row r = { .x = p->x[0] + i * C, .max = -INFINITY };
    double sum = 0, min = INFINITY;
    for (int64_t c = 0; c < C; c++) r.max = fmax(r.max, r.x[c]), min = fmin(min, r.x[c]);
    for (int64_t c = 0; c < C; c++) sum += exp(r.x[c] - r.max);
    r.lse = r.max + log(sum);
    r.spread = 1 + r.max - min; /* x - max is rounded before exp makes a factor of it */
    return r;
}

static int64_t width(const Plain *p) { return p->in[0]->shape[p->in[0]->ndim - 1]; }
static int64_t height(const Plain *p) { return tensor_count(p->in[0]) / width(p); }
#define EACH_ROW(p, r, i, C)                                         \
    for (int64_t C = width(p), i = 0, rows = height(p); i < rows; i++) \
        for (Row r = row_of(p, i, C), *once = &r; once; once = NULL)

static Tensor *softmax(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_softmax(t, in[0]); }

static void softmax_forward(Sum *y, const Plain *p)
{
    EACH_ROW(p, r, i, C)
        for (int64_t c = 0; c < C; c++) {
            double v = exp(r.x[c] - r.lse);
            add_sized(&y[i * C + c], v, v * r.spread);
        }
}

/* The Jacobian as it stands in the book: dy_c/dx_k = y_c ([c = k] - y_k) */
static void softmax_backward(Sum **dx, const double *dy, const Plain *p)
{
    EACH_ROW(p, r, i, C)
        for (int64_t c = 0; c < C; c++) {
            double yc = exp(r.x[c] - r.lse), d = dy[i * C + c];
            for (int64_t k = 0; k < C; k++) {
                double yk = exp(r.x[k] - r.lse);
                add_sized(&dx[0][i * C + k], d * yc * ((c == k) - yk), fabs(d) * yc * (c == k ? 1 : yk) * r.spread);
            }
        }
}

static const PlainOp plain_softmax = { "softmax", softmax, softmax_forward, softmax_backward };

static Tensor *log_softmax(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_log_softmax(t, in[0]); }

static void log_softmax_forward(Sum *y, const Plain *p)
{
    EACH_ROW(p, r, i, C)
        for (int64_t c = 0; c < C; c++)
            add_sized(&y[i * C + c], r.x[c] - r.lse, fabs(r.x[c]) + fabs(r.max) + fabs(r.lse));
}

/* dy_c/dx_k = [c = k] - softmax_k */
static void log_softmax_backward(Sum **dx, const double *dy, const Plain *p)
{
    EACH_ROW(p, r, i, C)
        for (int64_t k = 0; k < C; k++) {
            double yk = exp(r.x[k] - r.lse);
            for (int64_t c = 0; c < C; c++)
                add_sized(&dx[0][i * C + k], dy[i * C + c] * ((c == k) - yk),
                          fabs(dy[i * C + c]) * ((c == k) + yk * (r.spread + fabs(r.lse))));
        }
}

static const PlainOp plain_log_softmax = { "log_softmax", log_softmax, log_softmax_forward, log_softmax_backward };

static Tensor *cross_entropy(Tape *t, Tensor **in, void *target) { return op_cross_entropy(t, in[0], target); }

static void cross_entropy_forward(Sum *y, const Plain *p)
{
    EACH_ROW(p, r, i, C) {
        double x = r.x[(int64_t)tensor_get(p->ctx, i)];
        add_sized(y, (r.lse - x) / (double)rows, fabs(r.lse) + fabs(x) + fabs(r.max));
    }
}

static void cross_entropy_backward(Sum **dx, const double *dy, const Plain *p)
{
    EACH_ROW(p, r, i, C)
        for (int64_t c = 0; c < C; c++) {
            double prob = exp(r.x[c] - r.lse), hit = (int64_t)tensor_get(p->ctx, i) == c, d = dy[0] / (double)rows;
            add_sized(&dx[0][i * C + c], (prob - hit) * d, (prob * (r.spread + fabs(r.lse)) + hit) * fabs(d));
        }
}

static const PlainOp plain_cross_entropy = { "cross_entropy", cross_entropy, cross_entropy_forward,
                                             cross_entropy_backward };

/* Scores times 1, 10, 100: rows nearly even, and rows where one takes all. */
static Tensor *spread_out(Tensor *x, double factor)
{
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, factor * tensor_get(x, i));
    return x;
}

Test(ops, softmax_log_softmax_cross_entropy)
{
    const int64_t shapes[][2] = { { 1, 1 }, { 3, 5 }, { 5, 7 }, { 33, 10 }, { 18, 31 }, { 33, 65 },
                                { 7, 129 }, { 2, 1000 }, { 0, 4 } };
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (double factor = 1; factor <= 100; factor *= 10)
            for (int layout = 0; layout < LAYOUTS; layout++) {
                int64_t N = shapes[s][0], C = shapes[s][1];
                if (C == 1000 && (layout > 0 || factor != 10)) continue;
                PLAINCHECK(&plain_softmax, (double)C, NULL, spread_out(laid_out(layout, SHAPE(N, C)), factor));
                PLAINCHECK(&plain_log_softmax, (double)C, NULL, spread_out(laid_out(layout, SHAPE(N, C)), factor));
                if (N > 0)
                    PLAINCHECK(&plain_cross_entropy, (double)C, targets(N, C),
                               spread_out(laid_out(layout, SHAPE(N, C)), factor));
            }
    PLAINCHECK(&plain_softmax, 7, NULL, param(SHAPE(2, 3, 5, 7)));
    PLAINCHECK(&plain_log_softmax, 7, NULL, param(SHAPE(7)));
    expect_shape(op_softmax(tape, param(SHAPE(2, 3, 0))), SHAPE(2, 3, 0));
    cr_assert(isnan(tensor_get(op_cross_entropy(tape, param(SHAPE(0, 3)), targets(0, 3)), 0)), "a mean of nothing");
}

Test(ops, shifting_scores_changes_nothing)
{
    Tensor *x = NUMBERS(1, 2, 3, 4), *far = NUMBERS(10001, 10002, 10003, 10004);
    for (int i = 0; i < 4; i++)
        expect("softmax", i, tensor_get(op_softmax(tape, far), i), tensor_get(op_softmax(tape, x), i), 0);
}

Test(ops, masked_scores)
{
    const double inf = INFINITY;
    Tensor *x = NUMBERS(0, -inf, 0, /**/ -inf, -inf, -inf, /**/ -inf, NAN, -inf, /**/ 0, inf, 1);
    Tensor *target = targets(1, 1);
    x->needs_grad = true;
    Tensor *rows = op_reshape(tape, x, SHAPE(4, 3)), *y = tape_keep(op_softmax(tape, rows));
    EXPECT_VALUES(y, .5, 0, .5, 0, 0, 0, NAN, NAN, NAN, NAN, NAN, NAN);
    Tensor *z = op_log_softmax(tape, op_slice(tape, rows, 0, 0, 2));
    const double half = (double)(real)log(.5);
    expect("log softmax", 0, tensor_get(z, 0), half, epsilon());
    EXPECT_VALUES(op_slice(tape, z, 0, 1, 2), -inf, -inf, -inf);
    tape_backward(tape, op_sum(tape, op_slice(tape, y, 0, 0, 2), 3));
    EXPECT_VALUES(op_slice(tape, op_reshape(tape, x->grad, SHAPE(4, 3)), 0, 0, 2), 0, 0, 0, 0, 0, 0);
    EXPECT_VALUES(op_cross_entropy(tape, op_slice(tape, rows, 0, 1, 2), target), inf);
    EXPECT_VALUES(op_cross_entropy(tape, op_slice(tape, rows, 0, 2, 3), target), NAN);
    Tensor *one_of_two = op_cross_entropy(tape, op_slice(tape, rows, 0, 0, 1), target);
    expect("one of two left", 0, tensor_get(one_of_two, 0), -half, epsilon());
}

/* Short rows are worked on many at once, long ones by vectors, the largest tensors go past the caches: one answer. */
Test(ops, masked_scores_in_rows_of_any_length)
{
    const double inf = INFINITY;
    const double three[][3] = { { 0, -inf, 0 }, { -inf, -inf, -inf }, { -inf, NAN, -inf }, { 0, inf, 1 } };
    for (int64_t C = 3; C < 80; C += 19) {
        Tensor *x = constant(SHAPE(20, C)), *z = op_log_softmax(tape, op_fill(tape, x, -inf)), *y;
        expect("log softmax of nothing", 0, tensor_get(z, 0), -inf, 0);
        expect("its cross-entropy", 0, tensor_get(op_cross_entropy(tape, x, targets(20, C)), 0), inf, 0);
        for (int64_t i = 0; i < 60; i++) tensor_set(x, i / 3 * C + i % 3, three[i / 3 % 4][i % 3]);
        y = op_softmax(tape, x), z = op_log_softmax(tape, x);
        for (int64_t i = 0; i < 20 * C; i++) {
            int64_t row = i / C % 4, c = i % C;
            double want = row > 1 ? NAN : row == 0 && (c == 0 || c == 2) ? 0.5 : 0;
            expect("softmax", i, tensor_get(y, i), want, 0);
            expect("log softmax", i, tensor_get(z, i), log(want), epsilon());
        }
    }
}

static Tensor *softmax_weighted(Tensor *x, Tensor *weight)
{
    Tensor *y = tape_keep(op_softmax(tape, x));
    tape_backward(tape, op_sum(tape, op_mul(tape, y, weight), 3));
    return y;
}

Test(ops, softmax_past_the_caches)
{
    enum { N = 3200, C = 1000, FROM = 100, SOME = 7 };
    Tensor *x = param(SHAPE(N, C)), *weight = constant(SHAPE(N, C));
    for (int64_t i = 0; i < N * C; i++) tensor_set(weight, i, (double)(i % 17));
    Tensor *few = param(SHAPE(SOME, C)), *weight_few = constant(SHAPE(SOME, C));
    for (int64_t i = 0; i < SOME * C; i++) {
        tensor_set(few, i, tensor_get(x, FROM * C + i));
        tensor_set(weight_few, i, tensor_get(weight, FROM * C + i));
    }
    Tensor *y = softmax_weighted(x, weight), *y_few = softmax_weighted(few, weight_few);
    for (int64_t i = 0; i < SOME * C; i++) {
        expect("y", i, tensor_get(y, FROM * C + i), tensor_get(y_few, i), 0);
        expect("dx", i, tensor_get(x->grad, FROM * C + i), tensor_get(few->grad, i), 0);
    }
}

Test(ops, argmax_takes_the_first_of_equals)
{
    const double inf = INFINITY;
    Tensor *x = NUMBERS(1, 3, 3, /**/ -inf, -inf, -inf, /**/ 0, NAN, 9, /**/ 2, 1, 0);
    Tensor *y = op_argmax(tape, op_reshape(tape, x, SHAPE(2, 2, 3)));
    cr_assert_eq(y->dtype, I32);
    expect_shape(y, SHAPE(2, 2));
    EXPECT_VALUES(y, 1, 0, 1, 0);
    expect_shape(op_argmax(tape, NUMBERS(4, 5)), 0, NULL);
    EXPECT_VALUES(op_argmax(tape, op_transpose(tape, op_reshape(tape, NUMBERS(1, 5, 2, 0), SHAPE(2, 2)), 0, 1)), 1, 0);
    expect_shape(op_argmax(tape, param(SHAPE(0, 3))), SHAPE(0));
}

/* ---- Reductions ---- */

/* Which element of y element i of x is added to. */
static int64_t summed_into(const Tensor *x, unsigned axes, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        if (!(axes >> d & 1)) at += i % x->shape[d] * step, step *= x->shape[d];
        i /= x->shape[d];
    }
    return at;
}

typedef struct { unsigned axes; bool mean; } Axes;

static Tensor *axes_op(Tape *t, Tensor **in, void *ctx)
{
    const Axes *a = ctx;
    return a->mean ? op_mean(t, in[0], a->axes) : op_sum(t, in[0], a->axes);
}

static double axes_weight(const Plain *p)
{
    const Axes *a = p->ctx;
    return a->mean ? (double)tensor_count(p->y) / (double)tensor_count(p->in[0]) : 1;
}

static void axes_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++)
        add_term(&y[summed_into(p->in[0], ((const Axes *)p->ctx)->axes, i)], p->x[0][i] * axes_weight(p));
}

static void axes_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++)
        add_term(&dx[0][i], dy[summed_into(p->in[0], ((const Axes *)p->ctx)->axes, i)] * axes_weight(p));
}

static const PlainOp plain_axes = { "sum or mean", axes_op, axes_forward, axes_backward };

Test(ops, sum_and_mean_over_any_axes)
{
    EACH_SIZE(M, K, N)
        for (unsigned axes = 0; axes < 8; axes++)
            for (int mean = 0; mean < 2; mean++)
                for (int layout = 0; layout < layouts(M); layout++)
                    PLAINCHECK(&plain_axes, (double)(M * K * N), (&(Axes){ axes, mean }),
                               laid_out(layout, SHAPE(M, K, N)));
    expect_shape(op_sum(tape, param(SHAPE(2, 3, 4)), 1u << 1), SHAPE(2, 4));
    expect_shape(op_sum(tape, param(SHAPE(2, 3)), 3), 0, NULL);
    EXPECT_VALUES(op_sum(tape, param(SHAPE(0, 2)), 1), 0, 0);
    EXPECT_VALUES(op_mean(tape, param(SHAPE(0, 2)), 1), NAN, NAN);
    EXPECT_VALUES(op_sum(tape, NUMBERS(1, NAN), 1), NAN);
    EXPECT_VALUES(op_sum(tape, NUMBERS(1, INFINITY), 1), INFINITY);
}

Test(ops, sums_of_millions_stay_exact)
{
    enum { N = 1 << 22 };
    Tensor *x = tensor_new(model, DEV_CPU, REAL, SHAPE(N)), *rows = op_reshape(tape, x, SHAPE(N, 1));
    for (int64_t i = 0; i < N; i++) ((real *)x->data)[i] = (real)0.1;
    double want = N * (double)(real)0.1, tolerance = want * epsilon() * (sizeof(real) == 8 ? sqrt(N) : 1);
    expect("sum", 0, tensor_get(op_sum(tape, x, 1), 0), want, tolerance);
    expect("sum over rows", 0, tensor_get(op_sum(tape, rows, 1), 0), want, tolerance);
}

static Tensor *sum_to(Tape *t, Tensor **in, void *ctx)
{
    const ShapeArg *to = ctx;
    return op_sum_to(t, in[0], to->ndim, to->shape);
}

static void sum_to_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) add_term(&y[stretched(p->y, p->in[0], i)], p->x[0][i]);
}

static void sum_to_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->in[0]); i++) add_term(&dx[0][i], dy[stretched(p->y, p->in[0], i)]);
}

static const PlainOp plain_sum_to = { "sum_to", sum_to, sum_to_forward, sum_to_backward };

Test(ops, sum_to_undoes_broadcasting)
{
    EACH_SIZE(M, K, N) {
        const ShapeArg forms[] = { { 0, { 0 } }, { 1, { 1 } }, { 1, { N } }, { 2, { K, 1 } }, { 2, { 1, N } },
                                   { 3, { M, 1, N } }, { 3, { M, 1, 1 } }, { 3, { M, K, N } }, { 3, { 1, K, 1 } } };
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
            for (int layout = 0; layout < layouts(M); layout++)
                PLAINCHECK(&plain_sum_to, (double)(M * K * N), &forms[f], laid_out(layout, SHAPE(M, K, N)));
    }
}

/* ---- Views and copies: values in another place ---- */

static Tensor *moved(Tape *t, Tensor **in, void *ctx)
{
    switch (*(const int *)ctx) {
    case 0: return op_contiguous(t, in[0]);
    case 1: return op_contiguous(t, op_transpose(t, in[0], 0, 2));
    case 2: return op_contiguous(t, op_slice(t, in[0], 1, 1, in[0]->shape[1]));
    case 3: return op_reshape(t, in[0], SHAPE(-1, in[0]->shape[1]));
    case 4: return op_scale(t, op_reshape(t, op_transpose(t, in[0], 1, 2), SHAPE(-1)), 1);
    case 5: return op_contiguous(t, op_slice(t, op_transpose(t, in[0], 0, 1), 0, 0, 1));
    default: return op_contiguous(t, op_slice(t, in[0], 1, 0, 1)); /* (A,1,C): what lies between is left out */
    }
}

/* Which element of x stands at element i of y. */
static int64_t moved_from(int how, const Tensor *x, int64_t i)
{
    int64_t A = x->shape[0], B = x->shape[1], C = x->shape[2];
    switch (how) {
    case 1: return i % A * B * C + i / A % B * C + i / (A * B);
    case 2: return i / ((B - 1) * C) * B * C + C + i % ((B - 1) * C);
    case 4: return i / (C * B) * B * C + i % B * C + i / B % C;
    case 5:
    case 6: return i / C * B * C + i % C;
    default: return i;
    }
}

static void moved_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) /* of size 0: exactly */
        y[i].value = p->x[0][moved_from(*(const int *)p->ctx, p->in[0], i)];
}

static void moved_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++)
        dx[0][moved_from(*(const int *)p->ctx, p->in[0], i)].value = dy[i];
}

static const PlainOp plain_moved = { "view", moved, moved_forward, moved_backward };

Test(ops, views_and_copies)
{
    EACH_SIZE(M, K, N)
        for (int how = 0; how < 7; how++)
            for (int layout = 0; layout < layouts(M); layout++)
                PLAINCHECK(&plain_moved, 1, &how, laid_out(layout, SHAPE(M, K, N)));
    Tensor *x = param(SHAPE(2, 3, 4));
    expect_shape(op_reshape(tape, x, SHAPE(4, -1)), SHAPE(4, 6));
    cr_assert_eq(op_reshape(tape, x, SHAPE(-1))->data, x->data, "reshape copies what lies in order");
    cr_assert_eq(op_slice(tape, x, 0, 1, 2)->data, (real *)x->data + 12, "slice copies");
    cr_assert_eq(op_transpose(tape, x, 0, 1)->data, x->data, "transpose copies");
    cr_assert_eq(op_slice(tape, op_transpose(tape, x, 0, 1), 0, 0, 1)->base, x, "of a view of a view");
    expect_shape(op_reshape(tape, op_slice(tape, x, 1, 2, 2), SHAPE(0, 7)), SHAPE(0, 7));
}

Test(ops, copies_take_every_dtype)
{
    for (Dtype d = 0; d < DTYPE_COUNT; d++) {
        Tensor *x = tensor_new(model, DEV_CPU, d, SHAPE(3, 5)), *y;
        for (int i = 0; i < 15; i++) tensor_set(x, i, i);
        y = op_contiguous(tape, op_transpose(tape, x, 0, 1));
        for (int i = 0; i < 15; i++) expect(tensor_dtype_name(d), i, tensor_get(y, i), i % 3 * 5 + i / 3, 0);
    }
}

Test(ops, writes_in_place)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        Tensor *x = laid_out(layout, SHAPE(33, 65)), *y = laid_out(2 - layout, SHAPE(33, 65));
        Tensor *z = constant(SHAPE(33, 65));
        tensor_root(x)->needs_grad = tensor_root(y)->needs_grad = false;
        cr_assert_eq(op_copy_into(tape, z, x), z);
        cr_assert_eq(op_accumulate(tape, x, y), x);
        for (int64_t i = 0; i < 33 * 65; i++)
            expect("accumulate", i, tensor_get(x, i), (double)(real)(tensor_get(z, i) + tensor_get(y, i)), 0);
        cr_assert_eq(op_fill(tape, y, 0.3), y);
        op_copy_into(tape, y, x);
        for (int64_t i = 0; i < 33 * 65; i++) expect("copy_into", i, tensor_get(y, i), tensor_get(x, i), 0);
        op_fill(tape, x, 0.3);
        for (int64_t i = 0; i < 33 * 65; i++) expect("fill", i, tensor_get(x, i), (double)(real)0.3, 0);
    }
}

/* The branch joins what flows past it, which is used before and after. */
static Tensor *joined(Tape *t, Tensor **in, void *ctx)
{
    (void)ctx;
    Tensor *y = op_accumulate(t, op_mul(t, in[0], in[1]), in[1]);
    return op_accumulate(t, op_mul(t, y, in[1]), y);
}

Test(ops, accumulate_has_a_gradient)
{
    GRADCHECK(joined, NULL, param(SHAPE(3, 4)), param(SHAPE(3, 4)));
    Tensor *x = param(SHAPE(5, 3)), *flow = laid_out(1, SHAPE(5, 3));
    tape_backward(tape, op_sum(tape, op_accumulate(tape, op_scale(tape, x, 2), flow), 3));
    for (int64_t i = 0; i < 15; i++) {
        expect("branch", i, tensor_get(x->grad, i), 2, 0);
        expect("flow", i, tensor_get(tensor_root(flow)->grad, i), 1, 0);
    }
}

Test(ops, filling_a_view_leaves_the_rest_alone)
{
    Tensor *x = NUMBERS(1, 2, 3, 4, 5, 6), *columns = op_slice(tape, op_reshape(tape, x, SHAPE(2, 3)), 1, 1, 2);
    op_fill(tape, columns, 9);
    EXPECT_VALUES(x, 1, 9, 3, 4, 9, 6);
}

static Tensor *rows_written(Tape *t, Tensor **in, void *ctx)
{
    (void)ctx;
    Tensor *buffer = op_add(t, in[0], in[0]);
    for (int i = 0; i < 2; i++) op_copy_into(t, op_slice(t, buffer, 0, i, i + 1), op_slice(t, in[1], 0, i, i + 1));
    return op_mul(t, buffer, in[0]);
}

Test(ops, copy_into_has_a_backward) { GRADCHECK(rows_written, NULL, param(SHAPE(3, 4)), param(SHAPE(2, 4))); }

/* ---- Threads ---- */

/* Sizes above every threshold, against the same in parts below it: nothing may depend on how the work is shared out. */
Test(ops, large_is_the_same_as_many_small)
{
    enum { N = 600, C = 301, PART = 20 };
    Tensor *x = spread_out(constant(SHAPE(N, C)), 5);
    Tensor *(*const f[])(Tape *, Tensor *) = { op_softmax, op_log_softmax, op_gelu, op_relu };
    for (int k = 0; k < 4; k++) {
        Tensor *all = f[k](tape, x);
        for (int64_t i = 0; i < N; i += PART) {
            Tensor *part = f[k](tape, op_slice(tape, x, 0, i, i + PART));
            cr_assert_arr_eq(part->data, (real *)all->data + i * C, PART * C * sizeof(real), "function %d, row %lld", k,
                             (long long)i);
        }
    }
}

#ifdef _OPENMP
/* One, two, three threads: the same bits, products included. */
Test(ops, the_number_of_threads_changes_nothing)
{
    const int64_t sizes[][3] = { { 128, 512, 784 }, { 512, 784, 128 }, { 1, 1000, 1000 }, { 1000, 1, 1000 },
                                 { 784, 1, 9000 },  { 8, 3072, 768 },  { 300, 301, 700 },
                                 { 128, 256, 784 }, { 3, 200, 9000 } };
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int turned = 0; turned < 4; turned++) {
            int64_t M = sizes[s][0], N = sizes[s][1], K = sizes[s][2];
            Tensor *a = turned & 1 ? op_transpose(tape, constant(SHAPE(K, M)), 0, 1) : constant(SHAPE(M, K));
            Tensor *b = turned & 2 ? op_transpose(tape, constant(SHAPE(N, K)), 0, 1) : constant(SHAPE(K, N)), *y[3];
            for (int n = 0; n < 3; n++) {
                omp_set_num_threads(n + 1);
                y[n] = op_matmul(tape, a, b);
                cr_assert_eq(omp_get_max_threads(), n + 1, "gemm has changed the number of threads");
            }
            for (int n = 1; n < 3; n++)
                cr_assert_arr_eq(y[0]->data, y[n]->data, tensor_bytes(y[0]), "%d threads: %s", n + 1, tensor_text(a).s);
            tape_reset(tape);
            arena_reset(model);
        }
}
#endif

/* ---- Refusals ---- */

static void matmul_of_wrong_shapes(void) { op_matmul(tape, param(SHAPE(3, 4)), param(SHAPE(5, 6))); }
static void matmul_of_a_vector(void) { op_matmul(tape, param(SHAPE(3, 4)), param(SHAPE(4))); }
static void linear_of_wrong_width(void) { op_linear(tape, param(SHAPE(3, 4)), param(SHAPE(2, 5)), NULL); }
static void linear_with_wrong_bias(void) { op_linear(tape, param(SHAPE(3, 4)), param(SHAPE(2, 4)), param(SHAPE(3))); }
static void add_of_wrong_shapes(void) { op_add(tape, param(SHAPE(3, 4)), param(SHAPE(3))); }
static void softmax_of_a_number(void) { op_softmax(tape, param(0, NULL)); }
static void target_outside(void)
{
    Tensor *target = targets(2, 3);
    tensor_set(target, 1, 3);
    op_cross_entropy(tape, param(SHAPE(2, 3)), target);
}
static void targets_of_wrong_dtype(void) { op_cross_entropy(tape, param(SHAPE(2, 3)), constant(SHAPE(2))); }
static void sum_of_missing_axis(void) { op_sum(tape, param(SHAPE(2, 3)), 1u << 2); }
static void sum_to_other_shape(void) { op_sum_to(tape, param(SHAPE(2, 3)), SHAPE(2)); }
static void argmax_of_nothing(void) { op_argmax(tape, param(SHAPE(2, 0))); }
static void reshape_to_other_count(void) { op_reshape(tape, param(SHAPE(2, 3)), SHAPE(4, -1)); }
static void reshape_with_two_holes(void) { op_reshape(tape, param(SHAPE(2, 3)), SHAPE(-1, -1)); }
static void slice_outside(void) { op_slice(tape, param(SHAPE(2, 3)), 1, 2, 4); }
static void transpose_of_missing(void) { op_transpose(tape, param(SHAPE(2, 3)), 0, 2); }
static void copy_of_other_shape(void) { op_copy_into(tape, constant(SHAPE(2, 3)), constant(SHAPE(3, 2))); }
static void add_of_integers(void) { op_add(tape, targets(3, 2), targets(3, 2)); }
static void scale_of_integers(void) { op_scale(tape, targets(3, 2), 2); }

Test(ops, refusals)
{
    const char *wrong = "matmul: the columns of the first must be the rows of the second", *f = tensor_dtype_name(REAL);
    expect_refusal(matmul_of_wrong_shapes, sentence("%s: %s(3,4) %s(5,6)\n    ", wrong, f, f));
    expect_refusal(matmul_of_a_vector, "matmul: needs two matrices: f");
    expect_refusal(linear_of_wrong_width, "linear: the input's last dimension must be the weight's IN: f");
    expect_refusal(linear_with_wrong_bias, "linear: the bias must be (OUT): f");
    expect_refusal(add_of_wrong_shapes, "add: shapes do not broadcast: f");
    expect_refusal(softmax_of_a_number, "softmax: needs rows: at least one dimension: f");
    expect_refusal(target_outside, "cross_entropy: target 3 of row 1 is not in 0..2");
    expect_refusal(targets_of_wrong_dtype, "cross_entropy: needs one i32 target per row: f");
    expect_refusal(sum_of_missing_axis, "sum: axes 0x4 name a dimension that is not there: f");
    expect_refusal(sum_to_other_shape, "sum_to: the shape to sum to does not broadcast to the input's: f");
    expect_refusal(argmax_of_nothing, "argmax: needs rows with at least one element: f");
    expect_refusal(reshape_to_other_count, "reshape: the new shape holds another number of elements: f");
    expect_refusal(reshape_with_two_holes, "reshape: two dimensions of -1: f");
    expect_refusal(slice_outside, "slice: 2 .. 4 reaches outside dimension 1: f");
    expect_refusal(transpose_of_missing, "transpose: no dimension 2: f");
    expect_refusal(copy_of_other_shape, "copy_into: shapes must match: f");
    expect_refusal(add_of_integers, "add: does not take this dtype: i32(3) i32(3)");
    expect_refusal(scale_of_integers, "scale: does not take this dtype: i32(3)");
}
