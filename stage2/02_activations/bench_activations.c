/* bench_activations.c -- what activations.c costs: each function forward, and the ways back that others have too. */
#include "bench.h"
#include "activations.h"

/* Right values and all other contestants stand in bench/rows_elementwise.c. */
static const int sizes[][2] = { { 64, 768 }, { 1023, 257 }, { 8192, 1024 } };
static int count(const int *size) { return size[0] * size[1]; }

typedef void Forward(float *y, const float *x, ActivationsKind kind, int N);
typedef void Backward(float *dx, const float *x, const float *dy, ActivationsKind kind, int N);

static void forward(Bench *b, const int *size, Forward *f, ActivationsKind kind)
{
    f(bench_out(b, "y", count(size)), bench_in(b, "x", count(size)), kind, count(size));
}

static void backward(Bench *b, const int *size, Backward *f, ActivationsKind kind)
{
    const float *x = bench_in(b, "x", count(size)), *dy = bench_in(b, "dy", count(size));
    f(bench_out(b, "dx", count(size)), x, dy, kind, count(size));
}

static void relu_like(float *y, const float *x, ActivationsKind kind, int N) { activations_rectify(y, x, kind, 1, N); }

static void sigmoid(Bench *b, const int *s) { forward(b, s, activations_squash, ACTIVATIONS_SIGMOID); }
static void tangent(Bench *b, const int *s) { forward(b, s, activations_squash, ACTIVATIONS_TANH); }
static void relu(Bench *b, const int *s) { forward(b, s, relu_like, ACTIVATIONS_RELU); }
static void elu(Bench *b, const int *s) { forward(b, s, relu_like, ACTIVATIONS_ELU); }
static void softplus(Bench *b, const int *s) { forward(b, s, relu_like, ACTIVATIONS_SOFTPLUS); }
static void silu(Bench *b, const int *s) { forward(b, s, activations_gate, ACTIVATIONS_SILU); }
static void gelu(Bench *b, const int *s) { forward(b, s, activations_gate, ACTIVATIONS_GELU); }
static void gelu_tanh(Bench *b, const int *s) { forward(b, s, activations_gate, ACTIVATIONS_GELU_TANH); }
static void silu_back(Bench *b, const int *s) { backward(b, s, activations_gate_backward, ACTIVATIONS_SILU); }
static void gelu_back(Bench *b, const int *s) { backward(b, s, activations_gate_backward, ACTIVATIONS_GELU); }
static void gelu_tanh_back(Bench *b, const int *s) { backward(b, s, activations_gate_backward, ACTIVATIONS_GELU_TANH); }

#define THERE .flops = "5*N*C", .bytes = "8*N*C", .dims = "NC", SIZES(sizes)
#define BACK  .flops = "8*N*C", .bytes = "12*N*C", .dims = "NC", SIZES(sizes)

BENCH(activations) = {
    { "relu", relu, THERE },
    { "elu", elu, THERE },
    { "softplus", softplus, THERE },
    { "sigmoid", sigmoid, THERE },
    { "tanh", tangent, THERE },
    { "silu", silu, THERE },
    { "gelu", gelu, THERE },
    { "gelu_tanh", gelu_tanh, THERE },
    { "silu_backward", silu_back, BACK },
    { "gelu_backward", gelu_back, BACK },
    { "gelu_tanh_backward", gelu_tanh_back, BACK },
    { 0 }
};
