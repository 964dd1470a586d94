/* linear_act.c -- Y = act(X W^T + b). A part of Z = X W^T gets its bias and activation while it is in the cache. */
#include "activation.h"
#include "linear.h"

/* What the slope is worked out from: z where y alone does not tell. */
static bool saves_z(Activation act) { return act == ACT_GELU || act == ACT_GELU_TANH || act == ACT_SILU; }

__attribute__((always_inline)) static inline void each(real *y, real *z, const real *b, int64_t N, real (*f)(real))
{
#pragma omp simd
    for (int64_t i = 0; i < N; i++) {
        real v = b ? z[i] + b[i] : z[i];
        z[i] = v; /* where y is z, the next line has the last word */
        y[i] = f(v);
    }
}

static inline real none(real x) { return x; }
static inline real relu(real x) { return x < 0 ? 0 : x; }

static void activate(Activation act, real *y, real *z, const real *b, int64_t N)
{
    switch (act) {
    case ACT_NONE: each(y, z, b, N, none); break;
    case ACT_RELU: each(y, z, b, N, relu); break;
    case ACT_GELU: each(y, z, b, N, gelu); break;
    case ACT_GELU_TANH: each(y, z, b, N, gelu_tanh); break;
    case ACT_SILU: each(y, z, b, N, silu); break;
    case ACT_TANH: each(y, z, b, N, vtanh); break;
    case ACT_SIGMOID: each(y, z, b, N, vsigmoid); break;
    }
}

typedef struct { Activation act; real *y, *z; const real *b; int64_t OUT; } Part;

static void part(const void *ctx, int64_t m, int64_t n, int64_t rows, int64_t cols)
{
    const Part *p = ctx;
    for (int64_t i = m; i < m + rows; i++)
        activate(p->act, p->y + i * p->OUT + n, p->z + i * p->OUT + n, p->b ? p->b + n : NULL, cols);
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    LinearSizes s = linear_sizes(n->in[0], n->in[1]);
    Part p = { ((const LinearActArg *)n->arg)->act, n->out[0]->data, n->out[n->n_out - 1]->data,
               n->in[2] ? n->in[2]->data : NULL, s.OUT };
    gemm_then(p.z, s.N, s.OUT, s.IN, n->in[0]->data, (int64_t[]){ s.IN, 1 }, n->in[1]->data, (int64_t[]){ 1, s.IN }, 0,
              part, &p);
}

static const char *shape(Node *n)
{
    Activation act = ((const LinearActArg *)n->arg)->act;
    if ((unsigned)act > ACT_SIGMOID) return sentence("no activation %d", (int)act);
    if (n->n_out > 1) n->out[1]->needs_grad = false;
    return linear_shape(n);
}

/* ---- dZ = dY act'(Z), by z or by y ---- */

static inline real none_back(real dy, real y) { return (void)y, dy; }
static inline real relu_back(real dy, real y) { return y <= 0 ? 0 : dy; }
static inline real gelu_back(real dy, real z) { return dy * gelu_slope(z); }
static inline real gelu_tanh_back(real dy, real z) { return dy * gelu_tanh_slope(z); }
static inline real silu_back(real dy, real z) { return dy * silu_slope(z); }
static inline real tanh_back(real dy, real y) { return dy * (1 - y * y); }
static inline real sigmoid_back(real dy, real y) { return dy * y * (1 - y); }

__attribute__((always_inline)) static inline void each_back(real *dz, const real *saved, const real *dy, int64_t N,
                                                            real (*f)(real dy, real saved))
{
#pragma omp simd
    for (int64_t i = 0; i < N; i++) dz[i] = f(dy[i], saved[i]);
}

static void activate_back(Activation act, real *dz, const real *saved, const real *dy, int64_t N)
{
    switch (act) {
    case ACT_NONE: each_back(dz, saved, dy, N, none_back); break;
    case ACT_RELU: each_back(dz, saved, dy, N, relu_back); break;
    case ACT_GELU: each_back(dz, saved, dy, N, gelu_back); break;
    case ACT_GELU_TANH: each_back(dz, saved, dy, N, gelu_tanh_back); break;
    case ACT_SILU: each_back(dz, saved, dy, N, silu_back); break;
    case ACT_TANH: each_back(dz, saved, dy, N, tanh_back); break;
    case ACT_SIGMOID: each_back(dz, saved, dy, N, sigmoid_back); break;
    }
}

/* In pieces by hand: within a parallel loop the compiler no longer knows the function, and makes no vector code. */
static void forward_of_backward(Tape *t, Node *n)
{
    enum { PIECE = 1 << 12 };
    Activation  act = ((const LinearActArg *)n->arg)->act;
    const real *saved = n->in[0]->data, *dy = n->in[1]->data;
    real       *dz = n->out[0]->data;
    int64_t     N = tensor_count(n->in[0]);
    (void)t;
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i += PIECE)
        activate_back(act, dz + i, saved + i, dy + i, N - i < PIECE ? N - i : PIECE);
}

static const Op op_backward = { .name = "linear_act_backward", .dtypes = 1u << REAL, .shape = same_shape,
                                .forward = { [DEV_CPU] = forward_of_backward } };

static void backward(Tape *t, Node *n)
{
    const LinearActArg *arg = n->arg;
    Tensor *dz = n->out[0]->grad;
    if (!dz) return;
    if (arg->act != ACT_NONE)
        dz = tape_run(t, (Node){ .op = &op_backward, IN(n->out[n->n_out - 1], dz), ARG(LinearActArg, arg->act) });
    linear_add_grads(t, n->in, dz);
}

static const Op op = { .name = "linear_act", .dtypes = 1u << REAL, .shape = shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward, .flops = linear_flops };

/* z is kept only if backward will ask for it. */
Tensor *op_linear_act(Tape *t, Tensor *x, Tensor *w, Tensor *b, Activation act)
{
    bool recording = tape_record(t, false);
    tape_record(t, recording);
    bool wanted = tensor_wants_grad(x) || tensor_wants_grad(w) || tensor_wants_grad(b);
    Tensor *out[MAX_OUT];
    tape_run_all(t, (Node){ .op = &op, .n_out = recording && wanted && saves_z(act) ? 2 : 1, IN(x, w, b),
                            ARG(LinearActArg, act) }, out);
    return out[0];
}
