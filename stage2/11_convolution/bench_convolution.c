/* bench_convolution.c -- what convolution.c costs, way by way: rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "convolution.h"

/* N images, C channels to O, S pixels a side, windows of K, padded so that images keep their size. bench/rows_conv.c
 * has the sizes and costs. */
static Convolution shape_of(const int *s)
{
    return (Convolution){ s[0], s[1], s[2], s[2], s[3], s[4], s[4], { 1, 1 }, { s[4] / 2, s[4] / 2 }, { 1, 1 }, 1 };
}

typedef struct Given { const float *x, *w, *b; float *y; } Given;

static Given given(Bench *b, const int *s)
{
    int64_t P = (int64_t)s[2] * s[2];
    return (Given){ bench_in(b, "x", s[0] * s[1] * P), bench_in(b, "w", (int64_t)s[3] * s[1] * s[4] * s[4]),
                    bench_in(b, "b", s[3]), bench_out(b, "y", s[0] * s[3] * P) };
}

static void direct(Bench *b, const int *s)
{
    Convolution c = shape_of(s);
    Given g = given(b, s);
    convolution_direct(g.y, g.x, g.w, g.b, &c);
}

static void columns(Bench *b, const int *s)
{
    Convolution c = shape_of(s);
    Given g = given(b, s);
    int64_t n = (int64_t)s[1] * s[4] * s[4] * s[2] * s[2];
    convolution_by_columns(g.y, bench_scratch(b, "col", n * (int64_t)sizeof(float)), g.x, g.w, g.b, &c);
}

static void winograd(Bench *b, const int *s)
{
    Convolution c = shape_of(s);
    Given g = given(b, s);
    int64_t n = convolution_winograd_room(&c);
    convolution_by_winograd(g.y, bench_scratch(b, "work", n * (int64_t)sizeof(float)), g.x, g.w, g.b, &c);
}

static void by_fft(Bench *b, const int *s)
{
    Convolution c = shape_of(s);
    Given g = given(b, s);
    int64_t n = convolution_fft_room(&c);
    convolution_by_fft(g.y, bench_scratch(b, "planes", n * (int64_t)sizeof(double)), g.x, g.w, g.b, &c);
}

static void three_by_three(Bench *b, const int *s)
{
    if (s[4] != 3) bench_absent(b, "for windows of 3 x 3 alone");
}

static void backward(Bench *b, const int *s)
{
    Convolution c = shape_of(s);
    int64_t P = (int64_t)s[2] * s[2], x = s[0] * s[1] * P, w = (int64_t)s[3] * s[1] * s[4] * s[4];
    float *dx = bench_out(b, "dx", x), *dw = bench_out(b, "dw", w), *db = bench_out(b, "db", s[3]);
    const float *from = bench_in(b, "x", x), *window = bench_in(b, "w", w), *dy = bench_in(b, "dy", s[0] * s[3] * P);
    memset(dw, 0, (size_t)w * sizeof *dw);
    memset(db, 0, (size_t)s[3] * sizeof *db);
    convolution_data(dx, window, dy, &c);
    convolution_weights(dw, db, from, dy, &c);
}

BENCH(convolution) = {
    { .name = "conv2d", .function = direct },
    { .name = "conv2d", .function = columns, .contestant = "textbook by columns" },
    { .name = "conv2d", .function = winograd, .contestant = "textbook Winograd", .setup = three_by_three },
    { .name = "conv2d", .function = by_fft, .contestant = "textbook Fourier" },
    { .name = "conv2d_backward", .function = backward },
    { 0 }
};
