/* test_ops_elementwise.c -- functions of one number, and of two or three with broadcasting, against plain versions in
 * double. With and without REAL64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"

TestSuite(elementwise, .init = gradcheck_begin, .fini = gradcheck_end, .timeout = 120);

/* ---- Functions of one number ---- */

/* What an error in x, or one in exp, grows to: size and slope_size. */
typedef struct Curve { double y, slope, size, slope_size; } Curve;
typedef struct Case {
    const char *name;
    Curve     (*curve)(double x);
    Tensor   *(*op)(Tape *, Tensor *);
    double      from;                   /* only above */
} Case;

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static Curve plain(double y, double slope) { return (Curve){ y, slope, fabs(y), fabs(slope) }; }

static Curve shift(double x) { return plain(x + 0.75, 1); }
static Curve exp_of(double x) { return plain(exp(x), exp(x)); }
static Curve log_of(double x) { return plain(log(x), 1 / x); }
static Curve sqrt_of(double x) { return plain(sqrt(x), 0.5 / sqrt(x)); }
static Curve square(double x) { return plain(x * x, 2 * x); }
static Curve abs_of(double x) { return plain(fabs(x), x > 0 ? 1 : -1); }
static Curve clamp(double x) { return plain(fmin(fmax(x, -0.45), 0.55), x > -0.45 && x < 0.55); }
static Curve leaky_relu(double x) { return plain(x > 0 ? x : 0.01 * x, x > 0 ? 1 : 0.01); }
static Curve elu(double x) { return plain(x > 0 ? x : 1.5 * expm1(x), x > 0 ? 1 : 1.5 * exp(x)); }
static Curve tanh_of(double x)
{
    double c = 1 / cosh(x);
    return (Curve){ tanh(x), c * c, fabs(tanh(x)), 2 * fmax(c * c, fabs(tanh(x)) * 0.25) };
}
static Curve sigmoid_of(double x)
{
    double s = sigmoid(x);
    return (Curve){ s, s * sigmoid(-x), s, s };
}
static Curve softplus(double x) { return plain(fmax(x, 0) + log1p(exp(-fabs(x))), sigmoid(x)); }
static Curve silu(double x)
{
    double s = sigmoid(x), slope = s + x * s * sigmoid(-x);
    return (Curve){ x * s, slope, fabs(x * s) * (1 + fabs(x)), s * (1 + fabs(x)) };
}
static Curve gelu(double x)
{
    double Phi = 0.5 * erfc(-x / sqrt(2)), phi = exp(-0.5 * x * x) / sqrt(2 * acos(-1)), grows = 1 + x * x;
    return (Curve){ x * Phi, Phi + x * phi, fabs(x) * Phi * grows, fmax(Phi, fabs(x) * phi) * grows };
}
static Curve gelu_tanh(double x)
{
    const double B = 2 * sqrt(2 / acos(-1)), A = 0.044715 * B;
    double s = sigmoid(x * (B + A * x * x)), bend = s * sigmoid(-x * (B + A * x * x)) * (B + 3 * A * x * x);
    double grows = 1 + fabs(x) * (B + 3 * A * x * x);
    return (Curve){ x * s, s + x * bend, fabs(x * s) * grows, (s + fabs(x * bend)) * grows };
}

static Tensor *shifted(Tape *t, Tensor *x) { return op_shift(t, x, 0.75); }
static Tensor *clamped(Tape *t, Tensor *x) { return op_clamp(t, x, -0.45, 0.55); }
static Tensor *leaky(Tape *t, Tensor *x) { return op_leaky_relu(t, x, 0.01); }
static Tensor *elu_ed(Tape *t, Tensor *x) { return op_elu(t, x, 1.5); }

static const Case cases[] = {
    { "shift", shift, shifted, -INFINITY },        { "exp", exp_of, op_exp, -INFINITY },
    { "log", log_of, op_log, 0 },                  { "sqrt", sqrt_of, op_sqrt, 0 },
    { "square", square, op_square, -INFINITY },    { "abs", abs_of, op_abs, -INFINITY },
    { "clamp", clamp, clamped, -INFINITY },        { "leaky_relu", leaky_relu, leaky, -INFINITY },
    { "elu", elu, elu_ed, -INFINITY },             { "tanh", tanh_of, op_tanh, -INFINITY },
    { "sigmoid", sigmoid_of, op_sigmoid, -INFINITY }, { "softplus", softplus, op_softplus, -INFINITY },
    { "silu", silu, op_silu, -INFINITY },          { "gelu", gelu, op_gelu, -INFINITY },
    { "gelu_tanh", gelu_tanh, op_gelu_tanh, -INFINITY },
};
enum { CASES = sizeof cases / sizeof *cases };

static Tensor *unary(Tape *t, Tensor **in, void *ctx) { return ((const Case *)ctx)->op(t, in[0]); }

static void unary_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Curve c = ((const Case *)p->ctx)->curve(p->x[0][i]);
        add_sized(&y[i], c.y, c.size);
    }
}

static void unary_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        Curve c = ((const Case *)p->ctx)->curve(p->x[0][i]);
        add_sized(&dx[0][i], dy[i] * c.slope, fabs(dy[i]) * c.slope_size);
    }
}

static const PlainOp plain_unary = { "unary", unary, unary_forward, unary_backward };

static Tensor *above(Tensor *x, double from)
{
    for (int64_t i = 0; i < tensor_count(x); i++)
        if (tensor_get(x, i) <= from) tensor_set(x, i, from + fabs(tensor_get(x, i)));
    return x;
}

static void check_case(const Case *c, const PlainOp *op)
{
    const int64_t sizes[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 0, 3, 2 }, { 33, 65, 129 } };
    PlainOp named = *op;
    named.name = c->name;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int layout = 0; layout < (s < 3 ? LAYOUTS : 1); layout++)
            PLAINCHECK(&named, 2, c, above(laid_out(layout, 3, sizes[s]), c->from));
    enum { N = 2001 };
    Tensor *far = param(SHAPE(N));
    for (int i = 0; i < N; i++) tensor_set(far, i, -9 + 20 * i / (double)(N - 1) + 1e-3);
    PLAINCHECK(&named, 2, c, above(far, c->from));
}

Test(elementwise, functions_of_one_number)
{
    for (int f = 0; f < CASES; f++) check_case(&cases[f], &plain_unary);
}

/* ---- Powers ---- */

static double exponent;
static Curve power(double x) { return plain(pow(x, exponent), exponent == 0 ? 0 : exponent * pow(x, exponent - 1)); }
static Tensor *powered(Tape *t, Tensor *x) { return op_pow(t, x, exponent); }

Test(elementwise, powers)
{
    const double exponents[] = { 0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, 4, -3 };
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        exponent = exponents[i];
        PLAINCHECK(&plain_unary, 2, (&(Case){ "pow", power, powered, 0 }), above(param(SHAPE(7, 9)), 0));
    }
    EXPECT_VALUES(op_pow(tape, NUMBERS(-2, 0, NAN, -3), 3), -8, 0, NAN, -27);
    EXPECT_VALUES(op_pow(tape, NUMBERS(-2, 0, NAN, INFINITY), 0), 1, 1, 1, 1);
    EXPECT_VALUES(op_pow(tape, NUMBERS(-2, 4, 0, INFINITY), 0.5), NAN, 2, 0, INFINITY);
    Tensor *x = NUMBERS(0, 3);
    x->needs_grad = true;
    tape_backward(tape, op_sum(tape, op_pow(tape, x, 0), 1));
    EXPECT_VALUES(x->grad, 0, 0);
}

/* ---- NaN, infinity, kinks ---- */

static Tensor *slopes(Tensor *x, Tensor *(*op)(Tape *, Tensor *))
{
    x->needs_grad = true;
    tensor_drop_grad(x);
    tape_backward(tape, op_sum(tape, op(tape, x), 1));
    return x->grad;
}

Test(elementwise, passes_nan_and_inf_on)
{
    const double inf = INFINITY;
    Tensor *x = NUMBERS(NAN, inf, -inf, 0);
    EXPECT_VALUES(op_shift(tape, x, 1), NAN, inf, -inf, 1);
    EXPECT_VALUES(op_exp(tape, x), NAN, inf, 0, 1);
    EXPECT_VALUES(op_log(tape, x), NAN, inf, NAN, -inf);
    EXPECT_VALUES(op_sqrt(tape, x), NAN, inf, NAN, 0);
    EXPECT_VALUES(op_square(tape, x), NAN, inf, inf, 0);
    EXPECT_VALUES(op_abs(tape, x), NAN, inf, inf, 0);
    EXPECT_VALUES(op_clamp(tape, x, -2, 3), NAN, 3, -2, 0);
    EXPECT_VALUES(op_leaky_relu(tape, x, 0.5), NAN, inf, -inf, 0);
    EXPECT_VALUES(op_elu(tape, x, 2), NAN, inf, -2, 0);
    EXPECT_VALUES(op_tanh(tape, x), NAN, 1, -1, 0);
    EXPECT_VALUES(op_sigmoid(tape, x), NAN, 1, 0, 0.5);
    EXPECT_VALUES(op_silu(tape, x), NAN, inf, 0, 0);
    EXPECT_VALUES(op_gelu_tanh(tape, x), NAN, inf, 0, 0);
    EXPECT_VALUES(op_softplus(tape, NUMBERS(NAN, inf, -inf, 1000, -1000)), NAN, inf, 0, 1000, 0);
}

Test(elementwise, slopes_at_kinks_and_far_out)
{
    const double inf = INFINITY;
    EXPECT_VALUES(slopes(NUMBERS(-2, 0, 2, NAN), op_abs), -1, 0, 1, NAN);
    EXPECT_VALUES(slopes(NUMBERS(-2, -0.45, 0.55, 2, 0), clamped), 0, 1, 1, 0, 1);
    EXPECT_VALUES(slopes(NUMBERS(-inf, inf, NAN), op_tanh), 0, 0, NAN);
    EXPECT_VALUES(slopes(NUMBERS(-inf, inf, NAN), op_sigmoid), 0, 0, NAN);
    EXPECT_VALUES(slopes(NUMBERS(-inf, inf, NAN), op_softplus), 0, 1, NAN);
    EXPECT_VALUES(slopes(NUMBERS(-inf, inf, NAN, -1e30, 1e30), op_silu), 0, 1, NAN, 0, 1);
    EXPECT_VALUES(slopes(NUMBERS(-inf, inf, NAN, -1e30, 1e30), op_gelu_tanh), 0, 1, NAN, 0, 1);
    EXPECT_VALUES(slopes(NUMBERS(-1, 0, 1), leaky), (double)(real)0.01, (double)(real)0.01, 1);
}

/* ---- Two and three inputs, with broadcasting ---- */

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

/* ctx of the ops here: which op, and where's condition. */
typedef struct Choice { char op; Tensor *cond; } Choice;

static Tensor *choose(Tape *t, Tensor **in, void *ctx)
{
    const Choice *c = ctx;
    if (c->op == 'w') return op_where(t, c->cond, in[0], in[1]);
    return c->op == '>' ? op_maximum(t, in[0], in[1]) : op_minimum(t, in[0], in[1]);
}

/* a's share in y: 1, 0, or a half */
static double share(const Choice *c, const Plain *p, int64_t i, double a, double b)
{
    if (c->op == 'w') return tensor_get(c->cond, stretched(c->cond, p->y, i)) != 0;
    return a == b ? 0.5 : (c->op == '>') == (a > b);
}

static void choose_forward(Sum *y, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        double a = p->x[0][stretched(p->in[0], p->y, i)], b = p->x[1][stretched(p->in[1], p->y, i)];
        y[i].value = share(p->ctx, p, i, a, b) > 0 ? a : b; /* of size 0: exactly */
    }
}

static void choose_backward(Sum **dx, const double *dy, const Plain *p)
{
    for (int64_t i = 0; i < tensor_count(p->y); i++) {
        int64_t ia = stretched(p->in[0], p->y, i), ib = stretched(p->in[1], p->y, i);
        double a = share(p->ctx, p, i, p->x[0][ia], p->x[1][ib]);
        add_term(&dx[0][ia], dy[i] * a);
        add_term(&dx[1][ib], dy[i] * (1 - a));
    }
}

static const PlainOp plain_choose = { "choose", choose, choose_forward, choose_backward };

static Tensor *mask(int ndim, const int64_t *shape)
{
    Tensor *m = tensor_new(model, DEV_CPU, U8, ndim, shape);
    for (int64_t i = 0; i < tensor_count(m); i++) tensor_set(m, i, floor(uniform(0, 3)));
    return m;
}

typedef struct { int na, nb, nc; int64_t a[3], b[3], c[3]; } Form;
static const Form forms[] = {
    { 0, 0, 0, { 0 }, { 0 }, { 0 } },
    { 1, 1, 1, { 7 }, { 7 }, { 7 } },
    { 1, 0, 1, { 7 }, { 0 }, { 1 } },
    { 2, 1, 2, { 3, 5 }, { 5 }, { 3, 1 } },
    { 2, 2, 0, { 3, 1 }, { 1, 5 }, { 0 } },
    { 1, 2, 2, { 1 }, { 3, 5 }, { 3, 5 } },
    { 3, 3, 2, { 3, 5, 7 }, { 3, 1, 7 }, { 5, 1 } },
    { 3, 3, 3, { 3, 5, 7 }, { 3, 5, 7 }, { 3, 5, 7 } },
    { 3, 1, 3, { 33, 65, 129 }, { 129 }, { 33, 1, 129 } },
    { 2, 2, 2, { 0, 5 }, { 1, 5 }, { 1, 1 } },
};

/* To multiples of 1/64: two are equal or well apart, as differences need it. */
static Tensor *coarse(Tensor *x)
{
    for (int64_t i = 0; i < tensor_count(x); i++) tensor_set(x, i, nearbyint(tensor_get(x, i) * 64) / 64);
    return x;
}

Test(elementwise, maximum_minimum_where_broadcast)
{
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (const char *op = "><w"; *op; op++)
            for (int layout = 0; layout < (forms[f].a[0] < 33 ? LAYOUTS * LAYOUTS : 1); layout++) {
                const Form *s = &forms[f];
                Choice c = { *op, mask(s->nc, s->c) };
                Tensor *in[] = { coarse(laid_out(layout % LAYOUTS, s->na, s->a)),
                                 coarse(laid_out(layout / LAYOUTS, s->nb, s->b)) };
                double terms = (double)tensor_count(in[0]) * (double)tensor_count(in[1]);
                plaincheck(&plain_choose, fmax(terms, 1), in, 2, &c);
                tape_reset(tape);
                arena_reset(model);
            }
}

Test(elementwise, of_equals_each_has_half_and_nan_wins)
{
    const double inf = INFINITY;
    Tensor *a = NUMBERS(1, 2, 3, NAN, 4, -inf), *b = NUMBERS(1, 3, 2, 5, NAN, inf);
    EXPECT_VALUES(op_maximum(tape, a, b), 1, 3, 3, NAN, NAN, inf);
    EXPECT_VALUES(op_minimum(tape, a, b), 1, 2, 2, NAN, NAN, -inf);
    a->needs_grad = b->needs_grad = true;
    tape_backward(tape, op_sum(tape, op_maximum(tape, a, b), 1));
    EXPECT_VALUES(a->grad, 0.5, 0, 1, 1, 0, 0);
    EXPECT_VALUES(b->grad, 0.5, 1, 0, 0, 1, 1);
}

static Tensor *filled(Tape *t, Tensor **in, void *ctx) { return op_mask_fill(t, in[0], ctx, 0.375); }

static void filled_forward(Sum *y, const Plain *p)
{
    const Tensor *m = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++)
        y[i].value = tensor_get(m, stretched(m, p->y, i)) != 0 ? 0.375 : p->x[0][i];
}

static void filled_backward(Sum **dx, const double *dy, const Plain *p)
{
    const Tensor *m = p->ctx;
    for (int64_t i = 0; i < tensor_count(p->y); i++)
        dx[0][i].value = tensor_get(m, stretched(m, p->y, i)) != 0 ? 0 : dy[i];
}

static const PlainOp plain_filled = { "mask_fill", filled, filled_forward, filled_backward };

Test(elementwise, mask_fill)
{
    for (int layout = 0; layout < LAYOUTS; layout++) {
        PLAINCHECK(&plain_filled, 1, mask(SHAPE(3, 5, 7)), laid_out(layout, SHAPE(3, 5, 7)));
        PLAINCHECK(&plain_filled, 1, mask(SHAPE(5, 1)), laid_out(layout, SHAPE(3, 5, 7)));
        PLAINCHECK(&plain_filled, 1, mask(0, NULL), laid_out(layout, SHAPE(5, 7)));
    }
    PLAINCHECK(&plain_filled, 1, mask(SHAPE(65, 129)), param(SHAPE(33, 65, 129)));
    Tensor *m = mask(SHAPE(3));
    for (int i = 0; i < 3; i++) tensor_set(m, i, i == 1);
    EXPECT_VALUES(op_mask_fill(tape, NUMBERS(NAN, NAN, 1), m, -INFINITY), NAN, -INFINITY, 1);
}

/* ---- Dropout ---- */

Test(elementwise, dropout_keeps_what_the_counter_says)
{
    enum { N = 100003 };
    for (uint64_t seed = 1; seed <= 3; seed++) {
        Rng rng = rng_new(seed), again = rng, before = rng;
        Tensor *x = param(SHAPE(N)), *y = tape_keep(op_dropout(tape, x, 0.3, &rng));
        int64_t kept = 0;
        cr_assert_eq(rng.counter, before.counter + N, "moves by one an element");
        tape_backward(tape, op_sum(tape, op_mul(tape, y, x), 1));
        for (int64_t i = 0; i < N; i++) {
            bool keep = rng_u32(&again) >= (uint32_t)(0.3 * 0x1p32);
            double factor = keep ? (double)(real)(1 / 0.7) : 0, v = tensor_get(x, i);
            kept += keep;
            expect("dropout", i, tensor_get(y, i), factor * v, 2 * epsilon());
            expect("its gradient", i, tensor_get(x->grad, i), 2 * factor * v, 8 * epsilon());
        }
        cr_assert(fabs((double)kept - 0.7 * N) < 5 * sqrt(N * 0.21), "%lld of %d kept", (long long)kept, N);
    }
}

Test(elementwise, dropout_at_the_ends)
{
    Rng rng = rng_new(1);
    Tensor *x = NUMBERS(1, 2, 3);
    cr_assert_eq(op_dropout(tape, x, 0, &rng), x);
    EXPECT_VALUES(op_dropout(tape, x, 1, &rng), 0, 0, 0);
    cr_assert_eq(rng.counter, 3);
    tape_train(tape, false);
    cr_assert_eq(op_dropout(tape, x, 0.5, &rng), x, "in use nothing is dropped");
    cr_assert_eq(rng.counter, 3);
}

/* ---- Casts ---- */

/* All 2^16 halves to REAL and back; and what lies between two goes to the nearest, ties to the even one: tensor_set
 * rounds from double, by another way. */
Test(elementwise, casts_round_to_nearest_even)
{
    enum { N = 1 << 16 };
    const Dtype halves[] = { F16, BF16 };
    for (int h = 0; h < 2; h++) {
        Tensor *all = tensor_new(model, DEV_CPU, halves[h], SHAPE(N));
        for (int i = 0; i < N; i++) ((uint16_t *)all->data)[i] = (uint16_t)i;
        Tensor *wide = op_cast(tape, all, REAL), *back = op_cast(tape, wide, halves[h]);
        Tensor *one = tensor_new(model, DEV_CPU, halves[h], SHAPE(1));
        for (int i = 0; i < N; i++) {
            double v = tensor_get(all, i);
            expect("widened", i, tensor_get(wide, i), v, 0);
            expect("and back", i, tensor_get(back, i), v, 0);
        }
        Tensor *between = constant(SHAPE(N));
        for (int i = 0; i < N; i++) {
            double v = tensor_get(all, i), next = tensor_get(all, (i + 1) % N), step = next - v;
            double at = i % 3 == 0 ? 0.5 : uniform(0, 1);
            tensor_set(between, i, isfinite(step) ? v + step * at : v * 1.001);
        }
        Tensor *rounded = op_cast(tape, between, halves[h]);
        for (int i = 0; i < N; i++) {
            tensor_set(one, 0, tensor_get(between, i));
            expect("rounded", i, tensor_get(rounded, i), tensor_get(one, 0), 0);
        }
    }
    EXPECT_VALUES(op_cast(tape, NUMBERS(65519, 65520, -65520, 0x1p-25, 0x1.8p-25, 1e38), F16), 65504, INFINITY,
                  -INFINITY, 0, 0x1p-24, INFINITY);
}

static Tensor *there_and_back(Tape *t, Tensor *x) { return op_cast(t, op_cast(t, x, BF16), REAL); }

Test(elementwise, casts_have_a_gradient)
{
    EXPECT_VALUES(slopes(NUMBERS(1, 2, -3), there_and_back), 1, 1, 1);
    Tensor *x = param(SHAPE(5, 3)), *y = op_cast(tape, op_transpose(tape, x, 0, 1), F16);
    expect_shape(y, SHAPE(3, 5));
    cr_assert_eq(y->dtype, F16);
    Tensor *both = op_cast(tape, op_cast(tape, y, BF16), F16);
    cr_assert_eq(both->dtype, F16);
}

/* ---- Refusals ---- */

static void where_of_numbers(void) { op_where(tape, constant(SHAPE(3)), constant(SHAPE(3)), constant(SHAPE(3))); }
static void where_of_bytes(void) { op_where(tape, mask(SHAPE(3)), mask(SHAPE(3)), constant(SHAPE(3))); }
static void mask_too_large(void) { op_mask_fill(tape, constant(SHAPE(3)), mask(SHAPE(2, 3)), 0); }
static void dropout_of_two(void)
{
    Rng rng = rng_new(1);
    op_dropout(tape, constant(SHAPE(3)), 2, &rng);
}
static void cast_to_bytes(void) { op_cast(tape, constant(SHAPE(3)), I8); }

Test(elementwise, refusals)
{
    expect_refusal(where_of_numbers, "where: the condition must be u8: f");
    expect_refusal(where_of_bytes, "where: chooses among floating numbers: u8(3) u8(3) f");
    expect_refusal(mask_too_large, "mask_fill: the mask must broadcast to the input's shape: f");
    expect_refusal(dropout_of_two, "dropout: a probability of 2");
    expect_refusal(cast_to_bytes, "cast: cannot cast to i8: f");
}

/* ---- Threads ---- */

/* Sizes above every threshold, against the same in parts below it. */
Test(elementwise, large_is_the_same_as_many_small)
{
    enum { N = 90, C = 1001, PART = 10 };
    Tensor *x = above(constant(SHAPE(N, C)), 0);
    for (int f = 0; f < CASES; f++) {
        Tensor *all = cases[f].op(tape, x);
        for (int64_t i = 0; i < N; i += PART) {
            Tensor *part = cases[f].op(tape, op_slice(tape, x, 0, i, i + PART));
            cr_assert_arr_eq(part->data, (real *)all->data + i * C, PART * C * sizeof(real), "%s, row %lld",
                             cases[f].name, (long long)i);
        }
    }
}
