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
