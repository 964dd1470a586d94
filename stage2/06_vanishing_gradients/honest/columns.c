/* columns.c -- honest: all rows at once, unit by unit; slopes from outputs; sums in float or by another formula. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "vanishing_gradients.h"

static float value(float z, Activation f)
{
    switch (f) {
    case SIGMOID: return (float)(0.5 * (1 + tanh(0.5 * z)));
    case TANH: return (float)tanh(z);
    case RELU: return z <= 0 ? 0 : z;
    default: return z;
    }
}

/* 1/(4 cosh^2(z/2)) and 1/cosh^2(z): no difference of near numbers. */
static float steepness(float z, Activation f)
{
    double c = cosh(f == SIGMOID ? 0.5 * z : z);
    switch (f) {
    case SIGMOID: return (float)(0.25 / c / c);
    case TANH: return (float)(1 / c / c);
    case RELU: return z <= 0 ? 0 : 1;
    default: return 1;
    }
}

void vanishing_gradients_activate(float *y, float *slope, const float *z, int n, Activation f)
{
    for (int i = 0; i < n; i++)
        y[i] = value(z[i], f);
    for (int i = 0; i < n; i++)
        slope[i] = steepness(z[i], f);
}

void vanishing_gradients_layer(float *out, float *u, float *z, float *room, const float *h, const float *W, int N,
                               int D, const Layer *l)
{
    (void)room;
    if (l->norm)
        vanishing_gradients_norm(u, h, N, D);
    for (int i = 0; i < N * D && !l->norm; i++)
        u[i] = h[i];
    for (int o = 0; o < D; o++)
        for (int n = 0; n < N; n++) {
            float sum = 0;
            for (int i = D; i-- > 0;)
                sum += W[o * D + i] * u[n * D + i];
            z[n * D + o] = sum;
            out[n * D + o] = l->branch * value(sum, l->f);
            if (l->skip)
                out[n * D + o] += h[n * D + o];
        }
}

void vanishing_gradients_layer_backward(float *dh, float *dW, float *room, const float *dout, const float *h,
                                        const float *u, const float *z, const float *W, int N, int D, const Layer *l)
{
    float *du = room;
    for (int o = 0; o < D; o++)
        for (int i = 0; i < D; i++) {
            double sum = 0;
            for (int n = 0; n < N; n++)
                sum += (double)(dout[n * D + o] * steepness(z[n * D + o], l->f)) * u[n * D + i];
            dW[o * D + i] += (float)(sum * l->branch);
        }
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < D; i++) {
            double sum = 0;
            for (int o = 0; o < D; o++)
                sum += (double)W[o * D + i] * dout[n * D + o] * steepness(z[n * D + o], l->f);
            du[i] = (float)(l->branch * sum);
            dh[n * D + i] = 0;
        }
        if (l->norm)
            vanishing_gradients_norm_backward(dh + n * D, du, h + n * D, 1, D);
        for (int i = 0; i < D; i++)
            dh[n * D + i] += (l->norm ? 0 : du[i]) + (l->skip ? dout[n * D + i] : 0);
    }
}

/* By centred sums: the slope is the mean of (l - mean l)(log - mean log) over that of (l - mean l)^2. */
double vanishing_gradients_factor(const double *size, int L)
{
    double places = 0, logs = 0, up = 0, down = 0;
    int count = 0;
    for (int l = 0; l <= L; l++)
        if (isfinite(size[l]) && size[l] > 0)
            places += l, logs += log(size[l]), count++;
    if (count < 2)
        return NAN;
    for (int l = 0; l <= L; l++)
        if (isfinite(size[l]) && size[l] > 0) {
            up += (l - places / count) * (log(size[l]) - logs / count);
            down += (l - places / count) * (l - places / count);
        }
    return exp(up / down);
}

static double times_w(double *to, const double *from, const float *W, int D, int transposed)
{
    double square = 0;
    for (int i = 0; i < D; i++) {
        to[i] = 0;
        for (int j = 0; j < D; j++)
            to[i] += (transposed ? W[j * D + i] : W[i * D + j]) * from[j];
        square += to[i] * to[i];
    }
    return sqrt(square);
}

double vanishing_gradients_spectral_norm(double *v, double *room, const float *W, int D, int steps)
{
    while (steps-- > 0) {
        if (times_w(room, v, W, D, 0) == 0)
            return 0;
        double length = times_w(v, room, W, D, 1);
        for (int i = 0; i < D; i++)
            v[i] /= length;
    }
    return times_w(room, v, W, D, 0);
}

double vanishing_gradients_bound(const double *spectral, int L, const Layer *l)
{
    double c = l->f == SIGMOID ? 0.25 : 1, sum = 0;
    for (int k = L; k-- > 0;)
        sum += log2(fabs((double)l->branch) * c * spectral[k] + l->skip);
    return sum * 0.69314718055994530942;
}

/* Without a loop: how many layers lie between here and either end? */
int vanishing_gradients_overflow(double rms, double sd, int D, int L, Activation f)
{
    double step = log(sd) + 0.5 * log(f == RELU ? D / 2.0 : D), here = log(rms);
    if (here + step > log(FLT_MAX))
        return L >= 1 ? 1 : 0;
    if (here + step < log(FLT_TRUE_MIN))
        return L >= 1 ? -1 : 0;
    double layers = step > 0 ? (log(FLT_MAX) - here) / step : step < 0 ? (log(FLT_TRUE_MIN) - here) / step : INFINITY;
    if (layers >= L)
        return 0;
    return step > 0 ? (int)layers + 1 : -(int)layers - 1;
}

int vanishing_gradients_diagnose(const Signs *s)
{
    int    L = s->L, dead = 0;
    double logs = 0, sum = 0, c = s->f == SIGMOID ? 0.25 : 1;
    for (int l = 0; l <= L; l++)
        sum += 0 * s->forward[l] + 0 * s->backward[l];
    if (sum != 0)
        return BROKEN;
    for (int l = 0; l < L; l++)
        logs += log(s->slope[l]), dead |= s->dead[l] > 0.9 ? DEAD : 0;
    double top = s->backward[L], bottom = s->backward[0], g = log(bottom / top) / L, t = logs / L;
    if (top > 0 && bottom > 1000 * top)
        return dead | EXPLODING | WEIGHTS;
    if (!(bottom < top / 1000))
        return dead;
    int why = (s->f == SIGMOID ? FLAT : 0) + (t < log(c / 2) ? SATURATED : 0);
    return dead | VANISHING | why | (!why || g - t < log(0.5) ? WEIGHTS : 0);
}

int vanishing_gradients_remedy(int d)
{
    static const struct { int sign, todo; } table[] = {
        { BROKEN, REINITIALIZE | NORMALIZE }, { EXPLODING, REINITIALIZE | NORMALIZE | CLIP },
        { VANISHING, NORMALIZE | SKIP },      { FLAT, OTHER_ACTIVATION },
        { SATURATED, OTHER_ACTIVATION | REINITIALIZE }, { WEIGHTS, REINITIALIZE },
        { DEAD, OTHER_ACTIVATION | SLOWER },
    };
    int todo = 0;
    for (int i = 0; i < 7; i++)
        todo |= d & table[i].sign ? table[i].todo : 0;
    return todo;
}

/* ---- Given ------------------------------------------------------------------------------------------------------- */

void vanishing_gradients_norm(float *out, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double mean = 0, square = 0;
        for (int i = 0; i < D; i++)
            mean += h[n * D + i] / (double)D;
        for (int i = 0; i < D; i++)
            square += (h[n * D + i] - mean) * (h[n * D + i] - mean) / D;
        for (int i = 0; i < D; i++)
            out[n * D + i] = (float)((h[n * D + i] - mean) / sqrt(square + 1e-5));
    }
}

void vanishing_gradients_norm_backward(float *dh, const float *dout, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        const float *row = h + n * D, *d = dout + n * D;
        double mean = 0, square = 1e-5, sum = 0, along = 0;
        for (int i = 0; i < D; i++)
            mean += row[i] / (double)D, sum += d[i] / (double)D;
        for (int i = 0; i < D; i++)
            square += (row[i] - mean) * (row[i] - mean) / D, along += d[i] * (row[i] - mean) / D;
        for (int i = 0; i < D; i++)
            dh[n * D + i] += (float)((d[i] - sum - (row[i] - mean) * along / square) / sqrt(square));
    }
}
