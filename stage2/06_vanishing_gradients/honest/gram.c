/* gram.c -- honest: W^T W once instead of two products a step; a slope from pairs; rules as arithmetic. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "vanishing_gradients.h"

/* ---- Given ------------------------------------------------------------------------------------------------------- */

void vanishing_gradients_activate(float *y, float *slope, const float *z, int n, Activation f)
{
    for (int i = 0; i < n; i++) {
        double s = z[i] < 0 ? exp(z[i]) / (1 + exp(z[i])) : 1 / (1 + exp(-z[i])), t = tanh(z[i]);
        int    pass = f == LINEAR || z[i] > 0 || isnan(z[i]);
        y[i] = f == SIGMOID ? (float)s : f == TANH ? (float)t : pass ? z[i] : 0;
        slope[i] = f == SIGMOID ? (float)(s / (1 + exp(z[i]))) : f == TANH ? (float)(1 - t * t) : (float)pass;
        if (f == SIGMOID && z[i] < 0)
            slope[i] = (float)(exp(z[i]) / ((1 + exp(z[i])) * (1 + exp(z[i]))));
    }
}

static double deviation_of(double *mean, const float *row, int D)
{
    double sum = 0, square = 0;
    for (int i = 0; i < D; i++)
        sum += row[i], square += (double)row[i] * row[i];
    *mean = sum / D;
    return sqrt(fmax(square / D - *mean * *mean, 0) + 1e-5);
}

void vanishing_gradients_norm(float *out, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double mean, sd = deviation_of(&mean, h + n * D, D);
        for (int i = 0; i < D; i++)
            out[n * D + i] = (float)((h[n * D + i] - mean) / sd);
    }
}

void vanishing_gradients_norm_backward(float *dh, const float *dout, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double mean, sd = deviation_of(&mean, h + n * D, D), sum = 0, along = 0;
        for (int i = 0; i < D; i++)
            sum += dout[n * D + i], along += dout[n * D + i] * (h[n * D + i] - mean) / sd;
        for (int i = 0; i < D; i++)
            dh[n * D + i] += (float)((dout[n * D + i] - (sum + (h[n * D + i] - mean) / sd * along) / D) / sd);
    }
}

/* ---- Yours ------------------------------------------------------------------------------------------------------- */

void vanishing_gradients_layer(float *out, float *u, float *z, float *room, const float *h, const float *W, int N,
                               int D, const Layer *l)
{
    double *sum = malloc((size_t)D * sizeof *sum);
    for (int n = 0; n < N; n++) {
        if (l->norm)
            vanishing_gradients_norm(u + n * D, h + n * D, 1, D);
        else
            memcpy(u + n * D, h + n * D, (size_t)D * sizeof *u);
        for (int o = 0; o < D; o++)
            sum[o] = 0;
        for (int i = 0; i < D; i++)
            for (int o = 0; o < D; o++)
                sum[o] += (double)W[o * D + i] * u[n * D + i];
        for (int o = 0; o < D; o++)
            z[n * D + o] = (float)sum[o];
        vanishing_gradients_activate(out + n * D, room, z + n * D, D, l->f);
        for (int o = 0; o < D; o++)
            out[n * D + o] = out[n * D + o] * l->branch + (l->skip ? h[n * D + o] : 0);
    }
    free(sum);
}

void vanishing_gradients_layer_backward(float *dh, float *dW, float *room, const float *dout, const float *h,
                                        const float *u, const float *z, const float *W, int N, int D, const Layer *l)
{
    float *dz = room, *y = room + D, *du = room + 2 * D;
    for (int n = N; n-- > 0;) {
        vanishing_gradients_activate(y, dz, z + n * D, D, l->f);
        for (int i = 0; i < D; i++)
            du[i] = 0;
        for (int o = 0; o < D; o++) {
            float d = dz[o] * dout[n * D + o] * l->branch;
            for (int i = 0; i < D; i++) {
                dW[o * D + i] += d * u[n * D + i];
                du[i] += d * W[o * D + i];
            }
        }
        memset(dh + n * D, 0, (size_t)D * sizeof *dh);
        if (l->norm)
            vanishing_gradients_norm_backward(dh + n * D, du, h + n * D, 1, D);
        else
            memcpy(dh + n * D, du, (size_t)D * sizeof *dh);
        for (int i = 0; i < D && l->skip; i++)
            dh[n * D + i] += dout[n * D + i];
    }
}

/* Every pair of layers has a slope; weighted by the square of their distance, the mean is that of least squares. */
double vanishing_gradients_factor(const double *size, int L)
{
    double up = 0, down = 0;
    for (int a = 0; a <= L; a++)
        for (int b = 0; b < a; b++)
            if (size[a] > 0 && size[b] > 0 && size[a] <= DBL_MAX && size[b] <= DBL_MAX) {
                up += (a - b) * (log(size[a]) - log(size[b]));
                down += (double)(a - b) * (a - b);
            }
    return down > 0 ? exp(up / down) : NAN;
}

double vanishing_gradients_spectral_norm(double *v, double *room, const float *W, int D, int steps)
{
    double *G = malloc((size_t)D * (size_t)D * sizeof *G), length = 0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            G[i * D + j] = 0;
            for (int k = 0; k < D; k++)
                G[i * D + j] += (double)W[k * D + i] * W[k * D + j];
        }
    for (int s = 0; s < steps; s++) {
        double square = 0;
        for (int i = 0; i < D; i++) {
            room[i] = 0;
            for (int j = 0; j < D; j++)
                room[i] += G[i * D + j] * v[j];
            square += room[i] * room[i];
        }
        for (int i = 0; i < D && square > 0; i++)
            v[i] = room[i] / sqrt(square);
    }
    for (int i = 0; i < D; i++) {
        double sum = 0;
        for (int j = 0; j < D; j++)
            sum += W[i * D + j] * v[j];
        length = hypot(length, sum);
    }
    free(G);
    return length;
}

/* The product itself, its exponent kept apart. */
double vanishing_gradients_bound(const double *spectral, int L, const Layer *l)
{
    double part = 1, b = l->branch < 0 ? -l->branch : l->branch;
    long   powers = 0;
    for (int k = 0; k < L; k++) {
        int e;
        part = frexp(part * (l->skip + (l->f == SIGMOID ? b / 4 : b) * spectral[k]), &e);
        powers += e;
    }
    return log(part) + (double)powers * 0.69314718055994530942;
}

int vanishing_gradients_overflow(double rms, double sd, int D, int L, Activation f)
{
    long double size = rms, by = sqrtl(f == RELU ? D / 2.0L : D) * sd;
    for (int l = 1; l <= L; l++) {
        size *= by;
        if (size > FLT_MAX || size < FLT_TRUE_MIN)
            return size > 1 ? l : -l;
    }
    return 0;
}

int vanishing_gradients_diagnose(const Signs *s)
{
    double product = 1, most = 0, top = s->backward[s->L], bottom = s->backward[0], c = s->f == SIGMOID ? 0.25 : 1;
    for (int l = 0; l <= s->L; l++)
        if (!(fabs(s->forward[l]) <= DBL_MAX && fabs(s->backward[l]) <= DBL_MAX))
            return BROKEN;
    for (int l = 0; l < s->L; l++)
        product *= pow(s->slope[l], 1.0 / s->L), most = fmax(most, s->dead[l]);
    int up = top > 0 && bottom > top * 1000, down = bottom < top / 1000, flat = down && c < 0.5;
    int saturated = down && product < c / 2, weak = down && pow(bottom / top, 1.0 / s->L) < product / 2;
    int weights = up || weak || (down && !flat && !saturated);
    return VANISHING * down + EXPLODING * up + FLAT * flat + SATURATED * saturated + WEIGHTS * weights +
           DEAD * (most > 0.9);
}

int vanishing_gradients_remedy(int d)
{
    int v = !!(d & VANISHING), x = !!(d & EXPLODING), b = !!(d & BROKEN), s = !!(d & SATURATED), dead = !!(d & DEAD);
    return REINITIALIZE * (x || b || s || (d & WEIGHTS)) + OTHER_ACTIVATION * (s || dead || (d & FLAT)) +
           NORMALIZE * (v || x || b) + SKIP * v + CLIP * x + SLOWER * dead;
}
