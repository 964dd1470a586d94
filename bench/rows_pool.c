/* rows_pool.c -- what goes with convolution: pools of 2 x 2 pixels, batch norm of images and its gradients. */
#include <math.h>
#include "library.h"

enum { IMAGES, CHANNELS, SIDE };
static const int sizes[][3] = { { 64, 32, 28 }, { 32, 128, 14 }, { 33, 7, 17 } };
#define EPS 1e-5

static int64_t plane(const int *s) { return (int64_t)s[SIDE] * s[SIDE]; }
static int64_t count(const int *s) { return s[IMAGES] * s[CHANNELS] * plane(s); }
static int64_t pooled(const int *s) { return (int64_t)s[IMAGES] * s[CHANNELS] * (s[SIDE] / 2) * (s[SIDE] / 2); }

/* ---- The right values, in double --------------------------------------------------------------------------------- */

static void pool_truth(Bench *b, const int *s)
{
    const int    W = s[SIDE], half = W / 2;
    const float *x = bench_in(b, "x", count(s));
    double      *y = bench_want(b, "y", pooled(s));
    for (int64_t i = 0; i < (int64_t)s[IMAGES] * s[CHANNELS]; i++)
        for (int p = 0; p < half * half; p++) {
            const float *at = x + i * W * W + 2 * (p / half) * W + 2 * (p % half);
            *y++ = fmax(fmax(at[0], at[1]), fmax(at[W], at[W + 1]));
        }
}

typedef struct Channel { double mean, scale; } Channel;

static Channel channel_of(const float *x, const int *s, int c)
{
    const int64_t P = plane(s);
    const double  M = (double)s[IMAGES] * (double)P;
    Channel       k = { 0, 0 };
    for (int n = 0; n < s[IMAGES]; n++)
        for (int64_t p = 0; p < P; p++) k.mean += x[(n * s[CHANNELS] + c) * P + p] / M;
    for (int n = 0; n < s[IMAGES]; n++)
        for (int64_t p = 0; p < P; p++) k.scale += pow(x[(n * s[CHANNELS] + c) * P + p] - k.mean, 2) / M;
    k.scale = 1 / sqrt(k.scale + EPS);
    return k;
}

static void norm_truth(Bench *b, const int *s)
{
    const float *x = bench_in(b, "x", count(s)), *w = bench_in(b, "w", s[CHANNELS]);
    const float *bias = bench_in(b, "b", s[CHANNELS]);
    double      *y = bench_want(b, "y", count(s));
    for (int c = 0; c < s[CHANNELS]; c++) {
        const Channel k = channel_of(x, s, c);
        for (int n = 0; n < s[IMAGES]; n++)
            for (int64_t p = 0; p < plane(s); p++) {
                const int64_t i = (n * s[CHANNELS] + c) * plane(s) + p;
                y[i] = (x[i] - k.mean) * k.scale * w[c] + bias[c];
            }
    }
}

static void norm_backward_truth(Bench *b, const int *s)
{
    const float  *x = bench_in(b, "x", count(s)), *w = bench_in(b, "w", s[CHANNELS]), *dy = bench_in(b, "dy", count(s));
    double       *dx = bench_want(b, "dx", count(s)), *dw = bench_want(b, "dw", s[CHANNELS]);
    double       *db = bench_want(b, "db", s[CHANNELS]);
    const int64_t P = plane(s);
    const double  M = (double)s[IMAGES] * (double)P;
    for (int c = 0; c < s[CHANNELS]; c++) {
        const Channel k = channel_of(x, s, c);
        dw[c] = db[c] = 0;
        for (int n = 0; n < s[IMAGES]; n++)
            for (int64_t i = (n * s[CHANNELS] + c) * P, end = i + P; i < end; i++) {
                db[c] += dy[i];
                dw[c] += dy[i] * (x[i] - k.mean) * k.scale;
            }
        for (int n = 0; n < s[IMAGES]; n++)
            for (int64_t i = (n * s[CHANNELS] + c) * P, end = i + P; i < end; i++)
                dx[i] = k.scale * w[c] * (dy[i] - db[c] / M - (x[i] - k.mean) * k.scale * dw[c] / M);
    }
}

/* ---- The library ------------------------------------------------------------------------------------------------- */

enum { X, W, B, DY };

static Library *with_images(Bench *b, const int *s, bool record)
{
    Library *l = library_new(b, record);
    library_in(l, F32, SHAPE(s[IMAGES], s[CHANNELS], s[SIDE], s[SIDE]), bench_in(b, "x", count(s)));
    return l;
}

static void pool_setup(Bench *b, const int *s)
{
    bench_out(b, "y", pooled(s));
    with_images(b, s, false);
}

static void pool(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", op_max_pool2d(l->tape, l->in[X], (PoolArg){ .kernel = { 2, 2 } })->data, pooled(s));
}

static void norm_setup(Bench *b, const int *s)
{
    Library *l = with_images(b, s, false);
    bench_out(b, "y", count(s));
    library_in(l, F32, SHAPE(s[CHANNELS]), bench_in(b, "w", s[CHANNELS]));
    library_in(l, F32, SHAPE(s[CHANNELS]), bench_in(b, "b", s[CHANNELS]));
}

static Tensor *normalised(Library *l) { return op_batchnorm(l->tape, l->in[X], l->in[W], l->in[B], EPS, NULL); }

static void norm(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_reset(l->tape);
    bench_wrote(b, "y", normalised(l)->data, count(s));
}

static void norm_backward_setup(Bench *b, const int *s)
{
    Library *l = with_images(b, s, true);
    bench_out(b, "dx", count(s));
    bench_out(b, "dw", s[CHANNELS]);
    bench_out(b, "db", s[CHANNELS]);
    library_in(l, F32, SHAPE(s[CHANNELS]), bench_in(b, "w", s[CHANNELS]));
    library_in(l, F32, SHAPE(s[CHANNELS]), bench_in(b, "w", s[CHANNELS])); /* the bias: whatever it is */
    library_in(l, F32, SHAPE(s[IMAGES], s[CHANNELS], s[SIDE], s[SIDE]), bench_in(b, "dy", count(s)));
    for (int i = X; i <= B; i++) l->in[i]->needs_grad = true;
}

static void norm_backward_before(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    (void)s;
    library_before_backward(l);
    Tensor *y = normalised(l);
    y->grad = l->in[DY];
    l->more = y;
}

static void norm_backward(Bench *b, const int *s)
{
    Library *l = bench_kept(b);
    tape_backward(l->tape, l->more);
    bench_wrote(b, "dx", l->in[X]->grad->data, count(s));
    bench_wrote(b, "dw", l->in[W]->grad->data, s[CHANNELS]);
    bench_wrote(b, "db", l->in[B]->grad->data, s[CHANNELS]);
}

/* N images, C channels, S pixels a side. */
BENCH_OF(pool, pooling) = {
    { "max_pool2d", pool, .flops = "N*C*S*S", .bytes = "5*N*C*S*S", .dims = "NCS", SIZES(sizes), .terms = "1",
      .contestant = "library", .truth = pool_truth, .setup = pool_setup, .teardown = library_free,
      .note = "where each maximum was is written too: 4 bytes by the library, 8 by PyTorch, not counted" },
    { "batchnorm", norm, .flops = "8*N*C*S*S", .bytes = "8*N*C*S*S", .dims = "NCS", SIZES(sizes), .terms = "N*S*S",
      .contestant = "library", .truth = norm_truth, .setup = norm_setup, .teardown = library_free },
    { "batchnorm_backward", norm_backward, .flops = "14*N*C*S*S", .bytes = "12*N*C*S*S", .dims = "NCS", SIZES(sizes),
      .terms = "N*S*S", .contestant = "library", .truth = norm_backward_truth, .setup = norm_backward_setup,
      .before = norm_backward_before, .teardown = library_free },
    { 0 }
};
