/* bench_backprop.c -- what backprop.c costs: a net's loss with all its gradients, and a chain of single numbers. */
#include "bench.h"
#include "backprop.h"

/* N rows through IN - H - H - 1, tanh between; half the mean square of what comes out, and its gradients. */
static const int nets[][3] = { { 200, 2, 16 }, { 33, 7, 65 }, { 256, 64, 128 }, { 256, 64, 512 } };

/* Weights as a net has them. */
static void net_inputs(Bench *b, const int *s)
{
    int    P = (s[1] + s[2] + 1) * s[2];
    float *w = bench_given(b, "w", P);
    for (int i = 0; i < P; i++) w[i] *= 0.1f;
}

static double *widened(Bench *b, const char *name, const float *x, int n)
{
    double *d = bench_scratch(b, name, (int64_t)n * 8);
    for (int i = 0; i < n; i++) d[i] = x[i];
    return d;
}

static void net(Bench *b, const int *s)
{
    enum { LAYERS = 3 };
    int           N = s[0], H = s[2], shape[] = { s[1], H, H, 1 }, P = (s[1] + H + 1) * H, W[LAYERS];
    double       *x = widened(b, "x64", bench_in(b, "x", (int64_t)N * s[1]), N * s[1]);
    double       *w = widened(b, "w64", bench_in(b, "w", P), P), part = 0.5 / N;
    float        *loss = bench_out(b, "loss", 1), *dw = bench_out(b, "dw", P);
    BackpropGraph g = { .room = 20, .size = 2 * (P + N * (s[1] + 4 * H + 4)) };
    g.node = bench_scratch(b, "node", g.room * (int64_t)sizeof *g.node);
    g.memory = bench_scratch(b, "memory", g.size * 8LL);
    int y = backprop_matrix_input(&g, x, N, s[1], false);
    for (int l = 0; l < LAYERS; w += shape[l] * shape[l + 1], l++) {
        W[l] = backprop_matrix_input(&g, w, shape[l], shape[l + 1], true);
        y = backprop_matrix_record(&g, BACKPROP_MATMUL, y, W[l]);
        if (l < LAYERS - 1) y = backprop_matrix_record(&g, BACKPROP_TANH, y, 0);
    }
    y = backprop_matrix_record(&g, BACKPROP_SUM, backprop_matrix_record(&g, BACKPROP_MUL, y, y), 0);
    y = backprop_matrix_record(&g, BACKPROP_MUL, y, backprop_matrix_input(&g, &part, 1, 1, false));
    backprop_sweep(&g, y);
    *loss = (float)*g.node[y].value;
    for (int l = 0; l < LAYERS; l++)
        for (int k = 0; k < shape[l] * shape[l + 1]; k++) *dw++ = (float)g.node[W[l]].grad[k];
}

/* L times y = tanh(y) x, from y = x: an operation does next to nothing, so it is the tape itself that is measured. */
static const int chains[][1] = { { 100 }, { 1000 }, { 10000 } };

static void chain(Bench *b, const int *s)
{
    int          L = s[0];
    float       *y = bench_out(b, "y", 1), *dx = bench_out(b, "dx", 1);
    BackpropTape t = { .room = 2 * L + 1 };
    t.node = bench_scratch(b, "node", t.room * (int64_t)sizeof *t.node);
    int at = backprop_record(&t, BACKPROP_INPUT, -1, -1, *bench_in(b, "x", 1));
    for (int l = 0; l < L; l++)
        at = backprop_record(&t, BACKPROP_MUL, backprop_record(&t, BACKPROP_TANH, at, 0, 0), 0, 0);
    backprop_backward(&t, at);
    *y = (float)t.node[at].value, *dx = (float)t.node[0].grad;
}

/* Near 2 the chain settles where tanh(y) 2 = y, and its slope with it. */
static void chain_inputs(Bench *b, const int *s) { (void)s, *bench_given(b, "x", 1) = 2; }

BENCH(backprop) = {
    { "backprop_sweep", net, .flops = "2*N*(2*I*H + 3*H*H + 3*H)", .bytes = "8*(N*I + 8*N*H + 2*H*H + 2*I*H)",
      .dims = "NIH", .inputs = net_inputs, .tolerance = 1e-5, SIZES(nets),
      .note = "textbook computes in double, all others in float" },
    { "backprop_backward", chain, .flops = "6*L", .bytes = "128*L", .dims = "L", .inputs = chain_inputs,
      .tolerance = 1e-5, SIZES(chains), .note = "2 L operations of single numbers, forward and back" },
    { 0 }
};
