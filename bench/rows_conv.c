/* rows_conv.c -- convolution: forward, with ReLU, and all three gradients; K x K windows, padded so that images keep
 * their size. */
#include <stdlib.h>
#include <string.h>
#include "library.h"

enum { IMAGES, IN, SIDE, OUT, WINDOW };
static const int sizes[][5] = { { 64, 16, 28, 32, 3 }, { 32, 64, 28, 64, 3 }, { 32, 128, 14, 128, 3 },
                                { 128, 1, 28, 6, 5 },  { 33, 5, 17, 7, 3 },   { 1, 64, 56, 64, 3 } };

typedef struct Counts { int64_t x, w, y; } Counts;
static Counts counts(const int *s)
{
    int64_t S = (int64_t)s[SIDE] * s[SIDE];
    return (Counts){ s[IMAGES] * s[IN] * S, (int64_t)s[OUT] * s[IN] * s[WINDOW] * s[WINDOW], s[IMAGES] * s[OUT] * S };
}

/* ---- The right values, in double --------------------------------------------------------------------------------- */

/* For each row of pixels that one weight connects, of an image: f(to, row of y, row of x, weight, how many). */
typedef void Connect(void *to, int64_t y, int64_t x, int64_t w, int64_t n);

static void connections(const int *s, int64_t image, Connect *f, void *to)
{
    const int H = s[SIDE], K = s[WINDOW], pad = K / 2;
    for (int o = 0; o < s[OUT]; o++)
        for (int c = 0; c < s[IN]; c++)
            for (int k = 0; k < K; k++)
                for (int l = 0; l < K; l++)
                    for (int i = 0; i < H; i++) {
                        const int row = i + k - pad, shift = l - pad, j = shift < 0 ? -shift : 0;
                        if (row < 0 || row >= H) continue;
                        f(to, ((image * s[OUT] + o) * H + i) * H + j, ((image * s[IN] + c) * H + row) * H + j + shift,
                          (((int64_t)o * s[IN] + c) * K + k) * K + l, H - (shift < 0 ? -shift : shift));
                    }
}

typedef struct Values { const float *x, *w, *dy; double *y, *dx, *dw; } Values;

static void to_y(void *ctx, int64_t y, int64_t x, int64_t w, int64_t n)
{
    const Values *v = ctx;
    for (int64_t j = 0; j < n; j++) v->y[y + j] += (double)v->w[w] * v->x[x + j];
}

static void to_gradients(void *ctx, int64_t y, int64_t x, int64_t w, int64_t n)
{
    const Values *v = ctx;
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        v->dx[x + j] += (double)v->w[w] * v->dy[y + j];
        sum += (double)v->x[x + j] * v->dy[y + j];
    }
    v->dw[w] += sum;
}

static void any_truth(Bench *b, const int *s, bool relu)
{
    const Counts n = counts(s);
    Values v = { .x = bench_in(b, "x", n.x), .w = bench_in(b, "w", n.w), .y = bench_want(b, "y", n.y) };
    const float *bias = bench_in(b, "b", s[OUT]);
    const int64_t S = (int64_t)s[SIDE] * s[SIDE];
    for (int64_t i = 0; i < n.y; i++) v.y[i] = bias[i / S % s[OUT]];
    for (int image = 0; image < s[IMAGES]; image++) connections(s, image, to_y, &v);
    for (int64_t i = 0; relu && i < n.y; i++) v.y[i] = v.y[i] < 0 ? 0 : v.y[i];
}

static void truth(Bench *b, const int *s) { any_truth(b, s, false); }
static void relu_truth(Bench *b, const int *s) { any_truth(b, s, true); }

static void backward_truth(Bench *b, const int *s)
{
    const Counts n = counts(s);
    Values v = { bench_in(b, "x", n.x), bench_in(b, "w", n.w), bench_in(b, "dy", n.y), NULL, bench_want(b, "dx", n.x),
                 bench_want(b, "dw", n.w) };
    double *db = bench_want(b, "db", s[OUT]);
    const int64_t S = (int64_t)s[SIDE] * s[SIDE];
    memset(v.dx, 0, (size_t)n.x * sizeof *v.dx);
    memset(v.dw, 0, (size_t)n.w * sizeof *v.dw);
    memset(db, 0, (size_t)s[OUT] * sizeof *db);
    for (int64_t i = 0; i < n.y; i++) db[i / S % s[OUT]] += v.dy[i];
    for (int image = 0; image < s[IMAGES]; image++) connections(s, image, to_gradients, &v);
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

enum { X, W, B, DY };

static Library *with_inputs(Bench *b, const int *s, bool record)
{
    const Counts n = counts(s);
    Library *l = library_new(b, record);
    library_in(l, F32, SHAPE(s[IMAGES], s[IN], s[SIDE], s[SIDE]), bench_in(b, "x", n.x));
    library_in(l, F32, SHAPE(s[OUT], s[IN], s[WINDOW], s[WINDOW]), bench_in(b, "w", n.w));
    return l;
}

static ConvArg padded(const int *s) { return (ConvArg){ .pad = { s[WINDOW] / 2, s[WINDOW] / 2 } }; }

static Tensor *run(Library *l, const int *s) { return op_conv2d(l->tape, l->in[X], l->in[W], l->in[B], padded(s)); }

static void setup(Bench *b, const int *s)
{
    bench_out(b, "y", counts(s).y);
    library_in(with_inputs(b, s, false), F32, SHAPE(s[OUT]), bench_in(b, "b", s[OUT]));
}

static void conv(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", run(l, s)->data, counts(s).y);
}

static void conv_relu(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_conv2d_relu(l->tape, l->in[X], l->in[W], l->in[B], padded(s))->data, counts(s).y);
}

static void backward_setup(Bench *b, const int *s)
{
    const Counts n = counts(s);
    bench_out(b, "dx", n.x);
    bench_out(b, "dw", n.w);
    bench_out(b, "db", s[OUT]);
    Library *l = with_inputs(b, s, true);
    l->in[B] = tensor_new(l->arena, DEV_CPU, F32, SHAPE(s[OUT]));
    l->n = DY;
    op_fill(l->tape, l->in[B], 0);
    library_in(l, F32, SHAPE(s[IMAGES], s[OUT], s[SIDE], s[SIDE]), bench_in(b, "dy", n.y));
    for (int i = X; i <= B; i++) l->in[i]->needs_grad = true;
}

/* Forward is recorded off the clock. */
static void backward_before(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    library_before_backward(l);
    Tensor *y = run(l, s);
    y->grad = l->in[DY];
    l->more = y;
}

static void backward(Bench *b, const int *s)
{
    const Counts n = counts(s);
    Library *l = bench_kept(b);
    tape_backward(l->tape, l->more);
    bench_wrote(b, "dx", l->in[X]->grad->data, n.x);
    bench_wrote(b, "dw", l->in[W]->grad->data, n.w);
    bench_wrote(b, "db", l->in[B]->grad->data, s[OUT]);
}

/* N images, C channels to O, S pixels a side, windows of K. */
BENCH_OF(conv, convolution) = {
    { "conv2d", conv, .flops = "2*N*O*S*S*C*K*K", .bytes = "4*(N*C*S*S + O*C*K*K + N*O*S*S)", .dims = "NCSOK",
      SIZES(sizes), .terms = "C*K*K", .contestant = "library", .truth = truth, .setup = setup,
      .teardown = library_free },
    { "conv2d_relu", conv_relu, .flops = "2*N*O*S*S*C*K*K", .bytes = "4*(N*C*S*S + O*C*K*K + N*O*S*S)",
      .dims = "NCSOK", SIZES(sizes), .terms = "C*K*K", .contestant = "library", .truth = relu_truth, .setup = setup,
      .teardown = library_free },
    { "conv2d_backward", backward, .flops = "4*N*O*S*S*C*K*K", .bytes = "8*(N*C*S*S + O*C*K*K) + 4*N*O*S*S",
      .dims = "NCSOK", SIZES(sizes), .terms = "N*S*S + O*K*K", .contestant = "library", .truth = backward_truth,
      .setup = backward_setup, .before = backward_before, .teardown = library_free },
    { 0 }
};
