/* bench_lstm.c -- what lstm.c costs: a layer over a sequence, and forth and back; rows for bench/, which times them. */
#include <string.h>
#include "bench.h"
#include "lstm.h"

typedef struct Layer { int T, B, IN, H; float *y, *c, *gate; } Layer;

static float *floats(Bench *b, const char *name, int64_t n)
{
    return bench_scratch(b, name, n * (int64_t)sizeof(float));
}

static Layer forward_of(Bench *b, const int *size)
{
    Layer   l = { .T = size[0], .B = size[1], .IN = size[2], .H = size[3] };
    int64_t all = (int64_t)l.T * l.B * l.H;
    l.y = bench_out(b, "y", all), l.c = floats(b, "cells", all), l.gate = floats(b, "gates", 4 * all);
    lstm_forward(l.y, l.c, l.gate, bench_in(b, "x", (int64_t)l.T * l.B * l.IN), NULL, NULL,
                 bench_in(b, "w_ih", (int64_t)4 * l.H * l.IN), bench_in(b, "w_hh", (int64_t)4 * l.H * l.H),
                 bench_in(b, "b", 4 * l.H), l.T, l.B, l.IN, l.H);
    return l;
}

static void forward(Bench *b, const int *size) { forward_of(b, size); }

static void step(Bench *b, const int *size)
{
    Layer        l = forward_of(b, size);
    int64_t      row = (int64_t)l.B * l.H, ih = (int64_t)4 * l.H * l.IN, hh = (int64_t)4 * l.H * l.H;
    const float *x = bench_in(b, "x", (int64_t)l.T * l.B * l.IN), *w_ih = bench_in(b, "w_ih", ih);
    const float *w_hh = bench_in(b, "w_hh", hh), *dy = bench_in(b, "dy", l.T * row);
    float       *dx = bench_out(b, "dx", (int64_t)l.T * l.B * l.IN), *dw_ih = bench_out(b, "dw_ih", ih);
    float       *dw_hh = bench_out(b, "dw_hh", hh), *db = bench_out(b, "db", 4 * l.H);
    float       *dz = floats(b, "dz", 4 * l.T * row), *dh = floats(b, "dh", row), *dc = floats(b, "dc", row);
    memset(dh, 0, (size_t)row * sizeof *dh), memset(dc, 0, (size_t)row * sizeof *dc);
    memset(dw_ih, 0, (size_t)ih * sizeof *dw_ih), memset(dw_hh, 0, (size_t)hh * sizeof *dw_hh);
    memset(db, 0, (size_t)(4 * l.H) * sizeof *db);
    lstm_backward(dz, dh, dc, dy, l.gate, l.c, NULL, w_hh, l.T, l.B, l.H);
    lstm_weights_backward(dx, dw_ih, dw_hh, db, dz, x, NULL, l.y, w_ih, l.T, l.B, l.IN, l.H);
}

BENCH(lstm) = {
    { .name = "lstm_layer", .function = forward },
    { .name = "lstm_layer_step", .function = step },
    { 0 }
};
