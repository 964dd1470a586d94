/* rows_elementwise.c -- exp, and the activations: the library's ops, the C library's vectors, oneDNN's primitives. */
#include <math.h>
#include <string.h>
#include "library.h"
#include "onednn.h"
#include "ops/wide.h"
#include "versions.h"

static int64_t count(const int *size) { return (int64_t)size[0] * size[1]; }

/* ---- exp itself, in a loop over what lies in L1 or not ---- */

static const int exp_sizes[][2] = { { 1, 4096 }, { 1, 4099 }, { 1024, 1024 } };

static void exp_truth(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", count(size));
    double      *y = bench_want(b, "y", count(size));
    for (int64_t i = 0; i < count(size); i++) y[i] = exp((double)x[i]);
}

static void exp_textbook(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", count(size));
    float       *y = bench_out(b, "y", count(size));
    for (int64_t i = 0; i < count(size); i++) y[i] = expf(x[i]);
}

static void exp_ours(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", count(size));
    float       *y = bench_out(b, "y", count(size));
    wide_exp_all(y, x, count(size));
}

/* glibc's vectors, as compilers call them with -ffast-math. */
#if defined(__AVX512F__) && defined(__GLIBC__)
#include <gnu/libc-version.h>
#include <immintrin.h>
#define HAVE_LIBMVEC
__m512 _ZGVeN16v_expf(__m512);

static void exp_libmvec(Bench *b, const int *size)
{
    const float *x = bench_in(b, "x", count(size));
    float       *y = bench_out(b, "y", count(size));
    int64_t      i = 0, N = count(size);
    for (; i + 16 <= N; i += 16) _mm512_storeu_ps(y + i, _ZGVeN16v_expf(_mm512_loadu_ps(x + i)));
    for (; i < N; i++) y[i] = expf(x[i]);
}
#endif

/* ---- Activations: the right values. Their sizes and costs stand in the room's bench_activations.c ---- */

static void truth(Bench *b, const int *size, double (*f)(double))
{
    const float *x = bench_in(b, "x", count(size));
    double      *y = bench_want(b, "y", count(size));
    for (int64_t i = 0; i < count(size); i++) y[i] = f((double)x[i]);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double gelu(double x) { return 0.5 * x * erfc(-x * sqrt(0.5)); }
static double gelu_tanh(double x) { return x * sigmoid(2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)); }
static double silu(double x) { return x * sigmoid(x); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double relu(double x) { return fmax(x, 0); }
static double elu(double x) { return x < 0 ? expm1(x) : x; }

static void gelu_truth(Bench *b, const int *size) { truth(b, size, gelu); }
static void gelu_tanh_truth(Bench *b, const int *size) { truth(b, size, gelu_tanh); }
static void silu_truth(Bench *b, const int *size) { truth(b, size, silu); }
static void sigmoid_truth(Bench *b, const int *size) { truth(b, size, sigmoid); }
static void tanh_truth(Bench *b, const int *size) { truth(b, size, tanh); }
static void softplus_truth(Bench *b, const int *size) { truth(b, size, softplus); }
static void relu_truth(Bench *b, const int *size) { truth(b, size, relu); }
static void elu_truth(Bench *b, const int *size) { truth(b, size, elu); }

static void library_gelu(Bench *b, const int *size) { library_one_op(b, size, op_gelu); }
static void library_gelu_tanh(Bench *b, const int *size) { library_one_op(b, size, op_gelu_tanh); }
static void library_silu(Bench *b, const int *size) { library_one_op(b, size, op_silu); }
static void library_sigmoid(Bench *b, const int *size) { library_one_op(b, size, op_sigmoid); }
static void library_tanh(Bench *b, const int *size) { library_one_op(b, size, op_tanh); }
static void library_softplus(Bench *b, const int *size) { library_one_op(b, size, op_softplus); }
static void library_relu(Bench *b, const int *size) { library_one_op(b, size, op_relu); }
static Tensor *elu_1(Tape *t, Tensor *x) { return op_elu(t, x, 1); }
static void library_elu(Bench *b, const int *size) { library_one_op(b, size, elu_1); }

/* ---- The way back alone: off the clock, an op is recorded whose forward writes nothing; then its backward is
 * timed. */

static void backward_setup(Bench *b, const int *size)
{
    Library *l = library_new(b, true);
    bench_out(b, "dx", count(size));
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "x", count(size)));
    library_in(l, F32, SHAPE(size[0], size[1]), bench_in(b, "dy", count(size)));
}

static void nothing(Tape *t, Node *n) { (void)t, (void)n; }
static const Op silent = { .forward = { [DEV_CPU] = nothing } };

static void record(Bench *b, const char *name, Tensor *(*op)(Tape *, Tensor *))
{
    Library *l = bench_kept(b);
    if (!l->more) tape_replace(l->tape, name, &silent);
    tape_reset(l->tape);
    Tensor *x = l->in[2] = arena_alloc(tape_arena(l->tape), DEV_CPU, sizeof *x, "headers");
    *x = *l->in[0]; /* the same numbers in the tape's care: the gradient is stored, not copied to another arena */
    x->arena = tape_arena(l->tape);
    x->needs_grad = true;
    l->more = op(l->tape, x);
    ((Tensor *)l->more)->grad = l->in[1];
}

static void play_back(Bench *b, const int *size)
{
    Library *l = bench_kept(b);
    tape_backward(l->tape, l->more);
    bench_wrote(b, "dx", l->in[2]->grad->data, count(size));
}

static void gelu_before(Bench *b, const int *size) { (void)size, record(b, "gelu", op_gelu); }
static void gelu_tanh_before(Bench *b, const int *size) { (void)size, record(b, "gelu_tanh", op_gelu_tanh); }
static void silu_before(Bench *b, const int *size) { (void)size, record(b, "silu", op_silu); }

static void slope_truth(Bench *b, const int *size, double (*slope)(double))
{
    const float *x = bench_in(b, "x", count(size)), *dy = bench_in(b, "dy", count(size));
    double      *dx = bench_want(b, "dx", count(size));
    for (int64_t i = 0; i < count(size); i++) dx[i] = (double)dy[i] * slope((double)x[i]);
}

static double gelu_slope(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5)) + x * exp(-0.5 * x * x) / sqrt(2 * acos(-1));
}
static double gelu_tanh_slope(double x)
{
    double B = 2 * sqrt(2 / acos(-1)), s = sigmoid(B * (x + 0.044715 * x * x * x));
    return s + x * s * (1 - s) * B * (1 + 3 * 0.044715 * x * x);
}
static double silu_slope(double x) { return sigmoid(x) + x * sigmoid(x) * sigmoid(-x); }

static void gelu_slope_truth(Bench *b, const int *size) { slope_truth(b, size, gelu_slope); }
static void gelu_tanh_slope_truth(Bench *b, const int *size) { slope_truth(b, size, gelu_tanh_slope); }
static void silu_slope_truth(Bench *b, const int *size) { slope_truth(b, size, silu_slope); }

/* ---- oneDNN ---- */

#ifdef HAVE_DNNL
static bool make(Primitive *p, Description d, dnnl_alg_kind_t kind)
{
    dnnl_primitive_desc_t chosen;
    bool  scaled = kind == dnnl_eltwise_swish || kind == dnnl_eltwise_soft_relu || kind == dnnl_eltwise_elu;
    float alpha = scaled ? 1 : 0;                       /* relu's is its leak */
#if DNNL_VERSION_MAJOR >= 3
    if (dnnl_eltwise_forward_primitive_desc_create(&chosen, p->engine, dnnl_forward_inference, kind, d, d, alpha, 0,
                                                   NULL)) return false;
#else
    dnnl_eltwise_desc_t what;
    if (dnnl_eltwise_forward_desc_init(&what, dnnl_forward_inference, kind, &d, alpha, 0) ||
        dnnl_primitive_desc_create(&chosen, &what, NULL, p->engine, NULL)) return false;
#endif
    bool made = dnnl_primitive_create(&p->run, chosen) == dnnl_success;
    dnnl_primitive_desc_destroy(chosen);
    return made;
}

static void eltwise(Bench *b, const int *size, dnnl_alg_kind_t kind)
{
    Primitive  *p = onednn_new(b);
    Description d;
    if (!onednn_describe(&d, size)) bench_absent(b, "oneDNN refuses this shape");
    else if (!make(p, d, kind) || !onednn_attach(p, d, DNNL_ARG_SRC, bench_in(b, "x", count(size))) ||
             !onednn_attach(p, d, DNNL_ARG_DST, bench_out(b, "y", count(size))))
        bench_absent(b, "oneDNN has no such primitive here");
    onednn_forget(d);
}

static void onednn_gelu(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_gelu_erf); }
static void onednn_gelu_tanh(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_gelu_tanh); }
static void onednn_silu(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_swish); }
static void onednn_sigmoid(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_logistic); }
static void onednn_tanh(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_tanh); }
static void onednn_softplus(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_soft_relu); }
static void onednn_relu(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_relu); }
static void onednn_elu(Bench *b, const int *size) { eltwise(b, size, dnnl_eltwise_elu); }
#endif

/* ---- Rows ---- */

#define OURS .contestant = "library", .setup = library_one_setup, .teardown = library_free
#define BACK .contestant = "library", .setup = backward_setup, .teardown = library_free
#define ONEDNN onednn_run, .contestant = "oneDNN", .version = version_onednn, .teardown = onednn_free

BENCH_OF(exp_loop, exp) = {
    { "exp", exp_textbook, .flops = "N*C", .bytes = "8*N*C", .dims = "NC", SIZES(exp_sizes), .truth = exp_truth,
      .note = "the textbook calls expf" },
    { "exp", exp_ours, .contestant = "library", .truth = exp_truth },
#ifdef HAVE_LIBMVEC
    { "exp", exp_libmvec, .contestant = "libmvec", .truth = exp_truth, .version = gnu_get_libc_version },
#endif
    { 0 }
};

BENCH_OF(activation_ops, activations) = {
    { "relu", library_relu, OURS, .truth = relu_truth },
    { "elu", library_elu, OURS, .truth = elu_truth },
    { "softplus", library_softplus, OURS, .truth = softplus_truth },
    { "sigmoid", library_sigmoid, OURS, .truth = sigmoid_truth },
    { "tanh", library_tanh, OURS, .truth = tanh_truth },
    { "silu", library_silu, OURS, .truth = silu_truth },
    { "gelu", library_gelu, OURS, .truth = gelu_truth },
    { "gelu_tanh", library_gelu_tanh, OURS, .truth = gelu_tanh_truth },
    { "silu_backward", play_back, BACK, .before = silu_before, .truth = silu_slope_truth },
    { "gelu_backward", play_back, BACK, .before = gelu_before, .truth = gelu_slope_truth },
    { "gelu_tanh_backward", play_back, BACK, .before = gelu_tanh_before, .truth = gelu_tanh_slope_truth },
#ifdef HAVE_DNNL
    { "relu", ONEDNN, .setup = onednn_relu },
    { "elu", ONEDNN, .setup = onednn_elu },
    { "softplus", ONEDNN, .setup = onednn_softplus },
    { "sigmoid", ONEDNN, .setup = onednn_sigmoid },
    { "tanh", ONEDNN, .setup = onednn_tanh },
    { "silu", ONEDNN, .setup = onednn_silu },
    { "gelu", ONEDNN, .setup = onednn_gelu },
    { "gelu_tanh", ONEDNN, .setup = onednn_gelu_tanh },
#endif
    { 0 }
};
