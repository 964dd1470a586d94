/* test_ops_products.c -- batched products and linear with its activation against plain versions. With and without
 * REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"
#ifdef _OPENMP
#include <omp.h>
#endif

TestSuite(products, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* ---- matmul with leading dimensions ---- */

typedef struct Matrices { int64_t pairs, M, K, N; } Matrices;

static Matrices matrices(const Plain *p)
{
    const Tensor *a = p->in[0], *y = p->y;
    Matrices m = { 1, y->shape[y->ndim - 2], a->shape[a->ndim - 1], y->shape[y->ndim - 1] };
    for (int d = 0; d < y->ndim - 2; d++) m.pairs *= y->shape[d];
    return m;
}

/* Which of x's matrices stands in pair i of y's. */
static int64_t which(const Tensor *x, const Tensor *y, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = y->ndim - 3, e = x->ndim - 3; d >= 0; i /= y->shape[d], d--, e--) {
        if (e < 0) continue;
        if (x->shape[e] != 1) at += i % y->shape[d] * step;
        step *= x->shape[e];
    }
    return at;
}

static Tensor *matmul(Tape *t, Tensor **in, void *ctx) { return (void)ctx, op_matmul(t, in[0], in[1]); }

static void matmul_forward(Sum *y, const Plain *p)
{
    Matrices s = matrices(p);
    for (int64_t i = 0; i < s.pairs; i++) {
        const double *a = p->x[0] + which(p->in[0], p->y, i) * s.M * s.K;
        const double *b = p->x[1] + which(p->in[1], p->y, i) * s.K * s.N;
        for (int64_t m = 0; m < s.M; m++)
            for (int64_t n = 0; n < s.N; n++)
                for (int64_t k = 0; k < s.K; k++)
                    add_term(&y[(i * s.M + m) * s.N + n], a[m * s.K + k] * b[k * s.N + n]);
    }
}

static void matmul_backward(Sum **dx, const double *dy, const Plain *p)
{
    Matrices s = matrices(p);
    for (int64_t i = 0; i < s.pairs; i++) {
        int64_t at_a = which(p->in[0], p->y, i) * s.M * s.K, at_b = which(p->in[1], p->y, i) * s.K * s.N;
        for (int64_t m = 0; m < s.M; m++)
            for (int64_t n = 0; n < s.N; n++)
                for (int64_t k = 0; k < s.K; k++) {
                    double d = dy[(i * s.M + m) * s.N + n];
                    int64_t ia = at_a + m * s.K + k, ib = at_b + k * s.N + n;
                    if (dx[0]) add_term(&dx[0][ia], d * p->x[1][ib]);
                    if (dx[1]) add_term(&dx[1][ib], d * p->x[0][ia]);
                }
    }
}

static const PlainOp plain_matmul = { "matmul", matmul, matmul_forward, matmul_backward };

Test(products, matmul_broadcasts_leading_dimensions)
{
    typedef struct { int na, nb; int64_t a[6], b[6]; int y; int64_t shape[6]; } Form;
    const Form forms[] = {
        { 3, 3, { 4, 3, 5 }, { 4, 5, 7 }, 3, { 4, 3, 7 } },
        { 3, 2, { 4, 3, 5 }, { 5, 7 }, 3, { 4, 3, 7 } },
        { 2, 3, { 3, 5 }, { 4, 5, 7 }, 3, { 4, 3, 7 } },
        { 3, 3, { 1, 3, 5 }, { 4, 5, 7 }, 3, { 4, 3, 7 } },
        { 3, 3, { 4, 3, 5 }, { 1, 5, 7 }, 3, { 4, 3, 7 } },
        { 4, 4, { 2, 1, 3, 5 }, { 1, 4, 5, 7 }, 4, { 2, 4, 3, 7 } },
        { 4, 3, { 2, 4, 3, 5 }, { 4, 5, 7 }, 4, { 2, 4, 3, 7 } },
        { 3, 4, { 1, 1, 5 }, { 2, 4, 5, 1 }, 4, { 2, 4, 1, 1 } },
        { 6, 4, { 2, 1, 1, 2, 3, 5 }, { 3, 1, 5, 2 }, 6, { 2, 1, 3, 2, 3, 2 } },
        { 3, 3, { 4, 1, 65 }, { 4, 65, 33 }, 3, { 4, 1, 33 } },
        { 3, 3, { 2, 33, 65 }, { 2, 65, 17 }, 3, { 2, 33, 17 } },
        { 3, 2, { 2, 33, 65 }, { 65, 17 }, 3, { 2, 33, 17 } },
        { 3, 3, { 0, 3, 5 }, { 1, 5, 7 }, 3, { 0, 3, 7 } },
        { 3, 2, { 0, 3, 5 }, { 5, 7 }, 3, { 0, 3, 7 } },
        { 3, 3, { 2, 3, 0 }, { 2, 0, 7 }, 3, { 2, 3, 7 } },
        { 3, 2, { 2, 3, 0 }, { 0, 7 }, 3, { 2, 3, 7 } },
    };
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (int layout = 0; layout < LAYOUTS * LAYOUTS; layout++) {
            Form s = forms[f];
            Tensor *a = laid_out(layout % LAYOUTS, s.na, s.a), *b = laid_out(layout / LAYOUTS, s.nb, s.b);
            PLAINCHECK(&plain_matmul, 500, NULL, a, b);
            bool was = tape_record(tape, false);
            expect_shape(op_matmul(tape, a, b), s.y, s.shape);
            tape_record(tape, was);
            tape_reset(tape);
            arena_reset(model);
        }
    PLAINCHECK(&plain_matmul, 500, NULL, constant(SHAPE(4, 3, 5)), param(SHAPE(5, 7)));
    PLAINCHECK(&plain_matmul, 500, NULL, param(SHAPE(4, 3, 5)), constant(SHAPE(5, 7)));
}

/* Heads as attention has them: (B,T,H,D) seen as (B,H,T,D), and turned. No copy is made on the way. */
Test(products, matmul_of_permuted_views)
{
    Tensor *q = op_transpose(tape, param(SHAPE(2, 5, 3, 4)), 1, 2);
    Tensor *k = op_transpose(tape, param(SHAPE(2, 6, 3, 4)), 1, 2);
    PLAINCHECK(&plain_matmul, 60, NULL, q, op_transpose(tape, k, 2, 3));
    Tensor stretched = tensor_expanded(constant(SHAPE(1, 4, 6)), SHAPE(3, 4, 6));
    PLAINCHECK(&plain_matmul, 60, NULL, param(SHAPE(3, 5, 4)), &stretched);
}

static void matmul_of_batches_that_differ(void) { op_matmul(tape, param(SHAPE(2, 3, 4)), param(SHAPE(3, 4, 5))); }
static void matmul_of_a_vector(void) { op_matmul(tape, param(SHAPE(2, 3, 4)), param(SHAPE(4))); }
static void matmul_of_wrong_columns(void) { op_matmul(tape, param(SHAPE(2, 3, 4)), param(SHAPE(2, 5, 4))); }

Test(products, refusals)
{
    expect_refusal(matmul_of_batches_that_differ, "matmul: the leading dimensions do not broadcast: f");
    expect_refusal(matmul_of_a_vector, "matmul: needs two matrices: f");
    expect_refusal(matmul_of_wrong_columns, "matmul: the columns of the first must be the rows of the second: f");
}

/* ---- linear with its activation ---- */

static const char *const names[] = { "none", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid" };

static double value(Activation act, double z)
{
    double u = sqrt(2 / acos(-1)) * (z + 0.044715 * z * z * z);
    switch (act) {
    case ACT_NONE: return z;
    case ACT_RELU: return fmax(0, z);
    case ACT_GELU: return z / 2 * erfc(-z * sqrt(0.5));
    case ACT_GELU_TANH: return z / 2 * (1 + tanh(u));
    case ACT_SILU: return z / (1 + exp(-z));
    case ACT_TANH: return tanh(z);
    default: return 1 / (1 + exp(-z));
    }
}

static double slope(Activation act, double z)
{
    double y = value(act, z), s = 1 / (1 + exp(-z)), root = sqrt(2 / acos(-1));
    double th = tanh(root * (z + 0.044715 * z * z * z));
    switch (act) {
    case ACT_NONE: return 1;
    case ACT_RELU: return z > 0;
    case ACT_GELU: return erfc(-z * sqrt(0.5)) / 2 + z * exp(-z * z / 2) / sqrt(2 * acos(-1));
    case ACT_GELU_TANH: return (1 + th) / 2 + z / 2 * (1 - th * th) * root * (1 + 3 * 0.044715 * z * z);
    case ACT_SILU: return s + z * s * (1 - s);
    case ACT_TANH: return 1 - y * y;
    default: return s * (1 - s);
    }
}

static Tensor *linear_act(Tape *t, Tensor **in, void *ctx)
{
    return op_linear_act(t, in[0], in[1], in[2], *(const Activation *)ctx);
}

/* z and the size of what it is a sum of. */
static Sum before(const Plain *p, int64_t n, int64_t o)
{
    int64_t IN = p->in[1]->shape[1];
    Sum z = { 0, 0 };
    for (int64_t i = 0; i < IN; i++) add_term(&z, p->x[0][n * IN + i] * p->x[1][o * IN + i]);
    if (p->x[2]) add_term(&z, p->x[2][o]);
    return z;
}

static void linear_act_forward(Sum *y, const Plain *p)
{
    Activation act = *(const Activation *)p->ctx;
    int64_t OUT = p->in[1]->shape[0];
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Sum z = before(p, i / OUT, i % OUT);
        add_sized(&y[i], value(act, z.value), 1.2 * z.size); /* no slope is steeper than 1.13 */
    }
}

static void linear_act_backward(Sum **dx, const double *dy, const Plain *p)
{
    Activation act = *(const Activation *)p->ctx;
    int64_t OUT = p->in[1]->shape[0], IN = p->in[1]->shape[1];
    for (int64_t k = 0; k < tensor_count(p->y); k++) {
        int64_t n = k / OUT, o = k % OUT;
        Sum z = before(p, n, o);
        double dz = dy[k] * slope(act, z.value), size = fabs(dy[k]) * (1 + z.size); /* nor bends more than 1 */
        for (int64_t i = 0; i < IN; i++) {
            double x = p->x[0][n * IN + i], w = p->x[1][o * IN + i];
            if (dx[0]) add_sized(&dx[0][n * IN + i], dz * w, size * fabs(w));
            if (dx[1]) add_sized(&dx[1][o * IN + i], dz * x, size * fabs(x));
        }
        if (dx[2]) add_sized(&dx[2][o], dz, size);
    }
}

static const PlainOp plain_linear_act = { "linear_act", linear_act, linear_act_forward, linear_act_backward };

Test(products, linear_with_activation)
{
    static const int64_t sizes[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 33, 17, 65 } };
    for (Activation act = ACT_NONE; act <= ACT_SIGMOID; act++)
        for (int s = 0; s < 3; s++) {
            int64_t N = sizes[s][0], IN = sizes[s][1], OUT = sizes[s][2];
            for (int layout = 0; layout < (s < 2 ? LAYOUTS : 1); layout++)
                PLAINCHECK(&plain_linear_act, 65, &act, laid_out(layout, SHAPE(N, IN)),
                           laid_out(layout, SHAPE(OUT, IN)), laid_out(layout, SHAPE(OUT)));
            PLAINCHECK(&plain_linear_act, 65, &act, param(SHAPE(N, IN)), param(SHAPE(OUT, IN)), NULL);
            PLAINCHECK(&plain_linear_act, 65, &act, constant(SHAPE(N, IN)), param(SHAPE(OUT, IN)),
                       constant(SHAPE(OUT)));
            PLAINCHECK(&plain_linear_act, 65, &act, constant(SHAPE(N, IN)), constant(SHAPE(OUT, IN)),
                       param(SHAPE(OUT)));
        }
    Activation act = ACT_GELU;
    PLAINCHECK(&plain_linear_act, 65, &act, param(SHAPE(2, 3, 4, 5)), param(SHAPE(7, 5)), param(SHAPE(7)));
    PLAINCHECK(&plain_linear_act, 65, &act, param(SHAPE(5)), param(SHAPE(7, 5)), param(SHAPE(7)));
    PLAINCHECK(&plain_linear_act, 65, &act, param(SHAPE(0, 5)), param(SHAPE(7, 5)), param(SHAPE(7)));
}

/* Far out on both sides, exactly; NaN goes through, forward and backward. */
Test(products, activations_at_the_ends)
{
    static const double far[] = { -INFINITY, -1e30, 0, 1e30, INFINITY, NAN };
    static const double want[][6] = {
        { -INFINITY, -1e30, 0, 1e30, INFINITY, NAN }, { 0, 0, 0, 1e30, INFINITY, NAN },
        { 0, 0, 0, 1e30, INFINITY, NAN },             { 0, 0, 0, 1e30, INFINITY, NAN },
        { 0, 0, 0, 1e30, INFINITY, NAN },             { -1, -1, 0, 1, 1, NAN },
        { 0, 0, .5, 1, 1, NAN },
    };
    static const double slopes[][6] = { { 1, 1, 1, 1, 1, 1 },     { 0, 0, 0, 1, 1, 1 },   { 0, 0, .5, 1, 1, NAN },
                                        { 0, 0, .5, 1, 1, NAN },  { 0, 0, .5, 1, 1, NAN }, { 0, 0, 1, 0, 0, NAN },
                                        { 0, 0, .25, 0, 0, NAN } };
    for (Activation act = ACT_NONE; act <= ACT_SIGMOID; act++)
        for (int i = 0; i < 6; i++) {
            Tensor *one = NUMBERS(1), *b = NUMBERS(far[i]), *zero = NUMBERS(0);
            b->needs_grad = true;
            Tensor *y = op_linear_act(tape, one, op_reshape(tape, zero, SHAPE(1, 1)), b, act);
            expect(names[act], i, tensor_get(y, 0), (double)(real)want[act][i], 0);
            tape_backward(tape, y);
            expect("slope", i, tensor_get(b->grad, 0), slopes[act][i], 4 * epsilon());
        }
}

/* Without a gradient to come, nothing but y is kept; and it is the same y. */
Test(products, linear_act_in_use)
{
    for (Activation act = ACT_NONE; act <= ACT_SIGMOID; act++) {
        Tensor *x = constant(SHAPE(65, 33)), *w = param(SHAPE(129, 33)), *b = param(SHAPE(129));
        Tensor *y = op_linear_act(tape, x, w, b, act);
        tape_record(tape, false);
        Tensor *z = op_linear_act(tape, x, w, b, act);
        tape_record(tape, true);
        cr_assert_arr_eq(y->data, z->data, tensor_bytes(y), "%s", names[act]);
    }
    expect_shape(op_linear_act(tape, param(SHAPE(2, 3, 5)), param(SHAPE(7, 5)), NULL, ACT_SILU), SHAPE(2, 3, 7));
}

static void linear_act_of_wrong_width(void)
{
    op_linear_act(tape, param(SHAPE(3, 4)), param(SHAPE(2, 5)), NULL, ACT_RELU);
}
static void linear_act_of_no_kind(void)
{
    op_linear_act(tape, param(SHAPE(3, 4)), param(SHAPE(2, 4)), NULL, (Activation)(ACT_SIGMOID + 1));
}

Test(products, linear_act_refusals)
{
    expect_refusal(linear_act_of_wrong_width, "linear_act: the input's last dimension must be the weight's IN: f");
    expect_refusal(linear_act_of_no_kind, "linear_act: no activation 7: f");
}

#ifdef _OPENMP
/* One, two, three threads: the same bits. */
Test(products, the_number_of_threads_changes_nothing)
{
    Tensor *a = constant(SHAPE(40, 65, 64)), *b = constant(SHAPE(40, 64, 33)), *one = constant(SHAPE(64, 33)), *y[3][4];
    Tensor *x = constant(SHAPE(300, 301)), *w = constant(SHAPE(700, 301)), *bias = constant(SHAPE(700));
    for (int n = 0; n < 3; n++) {
        omp_set_num_threads(n + 1);
        y[n][0] = op_matmul(tape, a, b);
        y[n][1] = op_matmul(tape, a, one);
        y[n][2] = op_linear_act(tape, x, w, bias, ACT_GELU);
        y[n][3] = op_linear_act(tape, op_slice(tape, x, 0, 0, 8), w, bias, ACT_TANH);
    }
    for (int n = 1; n < 3; n++)
        for (int i = 0; i < 4; i++)
            cr_assert_arr_eq(y[0][i]->data, y[n][i]->data, tensor_bytes(y[0][i]), "%d threads, product %d", n + 1, i);
}
#endif
