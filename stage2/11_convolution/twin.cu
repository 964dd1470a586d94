/* twin.cu -- convolution.h by way of the device: inputs there, convolution.cu, outputs back. So its probes are
 * convolution.c's. What computes nothing on pixels stays on the host. */
#include <cmath>
#include "simt/twin.h"
#include "convolution_cuda.h"

static int places(const Convolution *c, int d, int size, int window)
{
    return (size + 2 * c->pad[d] - c->dilation[d] * (window - 1) - 1) / c->stride[d] + 1;
}

int convolution_height(const Convolution *c) { return places(c, 0, c->H, c->KH); }
int convolution_width(const Convolution *c) { return places(c, 1, c->W, c->KW); }

static int outputs(const Convolution *c) { return c->N * c->OC * convolution_height(c) * convolution_width(c); }
static int inputs(const Convolution *c) { return c->N * c->C * c->H * c->W; }
static int weights(const Convolution *c) { return c->OC * (c->C / c->groups) * c->KH * c->KW; }

/* What every way forward is given. */
struct Given {
    Out<float> y;
    In<float>  x, w, b;
    bool       bias;
    Given(float *y, const float *x, const float *w, const float *b, const Convolution *c)
        : y(y, outputs(c)), x(x, inputs(c)), w(w, weights(c)), b(b, b ? c->OC : 0), bias(b)
    {
    }
    const float *bias_or_null() const { return bias ? b.device : nullptr; }
};

/* The rungs take turns: of three probes each answers one. */
void convolution_direct(float *y, const float *x, const float *w, const float *b, const Convolution *c)
{
    static int turn;
    Given      g(y, x, w, b, c);
    auto       rung = turn % 3 == 0   ? convolution_direct_cuda
                      : turn % 3 == 1 ? convolution_tiled_cuda
                                      : convolution_implicit_cuda;
    turn++;
    rung(g.y, g.x, g.w, g.bias_or_null(), c);
}

void convolution_data(float *dx, const float *w, const float *dy, const Convolution *c)
{
    convolution_data_cuda(Out<float>(dx, inputs(c)), In<float>(w, weights(c)), In<float>(dy, outputs(c)), c);
}

void convolution_weights(float *dw, float *db, const float *x, const float *dy, const Convolution *c)
{
    InOut<float> bias(db, db ? c->OC : 0);
    convolution_weights_cuda(InOut<float>(dw, weights(c)), db ? bias.device : nullptr, In<float>(x, inputs(c)),
                             In<float>(dy, outputs(c)), c);
}

void convolution_by_columns(float *y, float *col, const float *x, const float *w, const float *b, const Convolution *c)
{
    Given g(y, x, w, b, c);
    int   size = c->C * c->KH * c->KW * convolution_height(c) * convolution_width(c);
    convolution_by_columns_cuda(g.y, InOut<float>(col, size), g.x, g.w, g.bias_or_null(), c);
}

int convolution_winograd_room(const Convolution *c) { return 16 * (c->OC * (c->C / c->groups) + c->C); }

void convolution_by_winograd(float *y, float *, const float *x, const float *w, const float *b, const Convolution *c)
{
    Given g(y, x, w, b, c);
    int   tiles = (convolution_height(c) + 1) / 2 * ((convolution_width(c) + 1) / 2);
    convolution_by_winograd_cuda(g.y, Room<float>(16 * c->OC * (c->C / c->groups)), Room<float>(16 * c->C * tiles), g.x,
                                 g.w, g.bias_or_null(), c);
}

static int power_of_two(int n)
{
    int p = 1;
    while (p < n) p *= 2;
    return p;
}

int convolution_fft_room(const Convolution *c)
{
    return 2 * power_of_two(c->H + 2 * c->pad[0]) * power_of_two(c->W + 2 * c->pad[1]) *
           (c->OC * (c->C / c->groups) + c->C + 1);
}

void convolution_by_fft(float *y, double *, const float *x, const float *w, const float *b, const Convolution *c)
{
    Given g(y, x, w, b, c);
    int   R = power_of_two(c->H + 2 * c->pad[0]), S = power_of_two(c->W + 2 * c->pad[1]);
    convolution_by_fft_cuda(g.y, Room<double>(convolution_fft_room(c) + 2 * R * S * (c->OC - 1)), R, S, g.x, g.w,
                            g.bias_or_null(), c);
}

int convolution_tune(double *best, ConvolutionClock *clock, void *ctx, int ways, int rounds)
{
    int fastest = -1;
    for (int way = 0; way < ways; way++) best[way] = INFINITY;
    for (int turn = 0; turn < ways * rounds; turn++) {
        int    way = turn % ways;
        double time = turn >= ways && best[way] == INFINITY ? -1 : clock(ctx, way);
        if (time >= 0 && time < best[way]) best[way] = time;
    }
    for (int way = 0; way < ways; way++)
        if (best[way] < (fastest < 0 ? INFINITY : best[fastest])) fastest = way;
    return fastest;
}

void convolution_field(int *size, int *jump, int *start, const int *layer, int L)
{
    size[0] = jump[0] = 1, start[0] = 0;
    for (int l = 0; l < L; l++, layer += 4) {
        size[l + 1] = size[l] + (layer[0] - 1) * layer[3] * jump[l];
        jump[l + 1] = jump[l] * layer[1];
        start[l + 1] = start[l] - layer[2] * jump[l];
    }
}
