/* online.c -- maximum and sum in one pass, corrected when a new maximum comes: Milakov, Gimelshein 2018. In float. */
#include <math.h>
#include "softmax.h"

typedef struct Running { float max, sum; } Running;     /* sum of exp(x - max) over what was seen so far */

static Running nothing(void) { return (Running){ -INFINITY, 0 }; }

static Running see(Running r, float x)
{
    if (x == -INFINITY) return r;
    if (x <= r.max) r.sum += expf(x - r.max);
    else r.sum = (r.sum == 0 ? 0 : r.sum * expf(r.max - x)) + expf(x - x), r.max = x;   /* inf - inf and NaN are NaN */
    return r;
}

static Running see_all(const float *x, int C)
{
    Running r = nothing();
    for (int c = 0; c < C; c++) r = see(r, x[c]);
    return r;
}

static float share(Running r, float x) { return r.sum == 0 ? 0 : expf(x - r.max) / r.sum; }

void softmax(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        Running r = see_all(x, C);
        for (int c = 0; c < C; c++) y[c] = share(r, x[c]);
    }
}

/* one number taken off all dy changes nothing: sum y (dy - dy[0]) is the smaller sum where all dy are large */
void softmax_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        float dot = 0;
        for (int c = 0; c < C; c++) dot += y[c] * (dy[c] - dy[0]);
        for (int c = 0; c < C; c++) dx[c] = y[c] * ((dy[c] - dy[0]) - dot);
    }
}

/* the maximum's own term is 1, so the others may have log1p */
void softmax_log(float *y, const float *x, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C) {
        Running r = see_all(x, C);
        for (int c = 0; c < C; c++) y[c] = r.sum == 0 ? -INFINITY : (x[c] - r.max) - log1pf(r.sum - 1);
    }
}

void softmax_log_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        float total[2] = { 0 };
        for (int c = 0; c < C; c++) total[c % 2] += dy[c];
        for (int c = 0; c < C; c++) dx[c] = fmaf(-expf(y[c]), total[0] + total[1], dy[c]);
    }
}

void softmax_cross_entropy(float *loss, float *lse, const float *x, const int *target, int N, int C)
{
    float mean = 0;
    for (int n = 0; n < N; n++, x += C) {
        Running r = see_all(x, C);
        lse[n] = r.sum == 0 ? -INFINITY : r.max + logf(r.sum);
        float row = r.sum == 0 ? INFINITY : (r.max - x[target[n]]) + logf(r.sum);
        mean += row / N;
    }
    *loss = N ? mean : NAN;
}

/* lse is not used: the probabilities are taken from x again */
void softmax_cross_entropy_backward(float *dx, const float *x, const int *target, const float *lse, const float *dloss,
                                    int N, int C)
{
    (void)lse;
    for (int n = 0; n < N; n++, x += C, dx += C) {
        Running r = see_all(x, C);
        for (int c = 0; c < C; c++) dx[c] = *dloss * ((share(r, x[c]) - (c == target[n])) / N);
    }
}

void softmax_masked(float *y, const float *x, const int *mask, int N, int C)
{
    for (int n = 0; n < N; n++, x += C, y += C, mask += C) {
        Running r = nothing();
        for (int c = 0; c < C; c++)
            if (mask[c]) r = see(r, x[c]);
        for (int c = 0; c < C; c++) y[c] = mask[c] ? share(r, x[c]) : 0;
    }
}

void softmax_sequences(float *y, const float *x, const int *length, int causal, int B, int T)
{
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++, x += T, y += T) {
            int seen = length[b] <= t || !causal ? length[b] : t + 1;
            softmax(y, x, 1, seen);
            for (int s = seen; s < T; s++) y[s] = 0;
        }
}
