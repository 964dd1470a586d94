/* vanishing_gradients.c -- why a deep stack of layers does not learn: gradients that shrink or grow, and remedies. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "vanishing_gradients.h"

/* ---- Given ------------------------------------------------------------------------------------------------------- */

void vanishing_gradients_activate(float *y, float *slope, const float *z, int n, Activation f)
{
    for (int i = 0; i < n; i++) {
        float e = expf(-fabsf(z[i]));
        if (f == SIGMOID) {
            y[i] = (z[i] < 0 ? e : 1) / (1 + e);
            slope[i] = e / ((1 + e) * (1 + e));
        } else if (f == TANH) {
            y[i] = tanhf(z[i]);
            slope[i] = 1 - y[i] * y[i];
        } else {
            bool pass = f == LINEAR || !(z[i] <= 0);
            y[i] = pass ? z[i] : 0;
            slope[i] = pass;
        }
    }
}

static const double EPSILON = 1e-5;

static void moments(double *mean, double *scale, const float *h, int D)
{
    double sum = 0, square = 0;
    for (int i = 0; i < D; i++)
        sum += h[i];
    *mean = sum / D;
    for (int i = 0; i < D; i++)
        square += (h[i] - *mean) * (h[i] - *mean);
    *scale = 1 / sqrt(square / D + EPSILON);
}

void vanishing_gradients_norm(float *out, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double mean, scale;
        moments(&mean, &scale, h + n * D, D);
        for (int i = 0; i < D; i++)
            out[n * D + i] = (float)((h[n * D + i] - mean) * scale);
    }
}

/* dh_i += scale (dout_i - mean of dout - x_i mean of (dout x)), x the normed row */
void vanishing_gradients_norm_backward(float *dh, const float *dout, const float *h, int N, int D)
{
    for (int n = 0; n < N; n++) {
        const float *d = dout + n * D;
        double mean, scale, sum = 0, along = 0;
        moments(&mean, &scale, h + n * D, D);
        for (int i = 0; i < D; i++) {
            sum += d[i];
            along += d[i] * (h[n * D + i] - mean) * scale;
        }
        for (int i = 0; i < D; i++)
            dh[n * D + i] += (float)(scale * (d[i] - sum / D - (h[n * D + i] - mean) * scale * along / D));
    }
}

/* ---- Yours ------------------------------------------------------------------------------------------------------- */

/* y_i = sum_j W_ij x_j, and its transposed */
static void times(float *y, const float *W, const float *x, int D)
{
    for (int i = 0; i < D; i++) {
        double sum = 0;
        for (int j = 0; j < D; j++)
            sum += W[i * D + j] * x[j];
        y[i] = (float)sum;
    }
}

static void transposed_times(float *y, const float *W, const float *x, int D)
{
    for (int j = 0; j < D; j++)
        y[j] = 0;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            y[j] += W[i * D + j] * x[i];
}

void vanishing_gradients_layer(float *out, float *u, float *z, float *room, const float *h, const float *W, int N,
                               int D, const Layer *layer)
{
    float *y = room, *slope = room + D;
    if (layer->norm)
        vanishing_gradients_norm(u, h, N, D);
    else
        memcpy(u, h, (size_t)N * (size_t)D * sizeof *u);
    for (int n = 0; n < N; n++) {
        const float *from = h + n * D;
        float       *to = out + n * D;
        /* exercise: this row: z by times(), y, and to[] */
        times(z + n * D, W, u + n * D, D);
        vanishing_gradients_activate(y, slope, z + n * D, D, layer->f);
        for (int i = 0; i < D; i++)
            to[i] = (layer->skip ? from[i] : 0) + layer->branch * y[i];
        /* end */
    }
}

void vanishing_gradients_layer_backward(float *dh, float *dW, float *room, const float *dout, const float *h,
                                        const float *u, const float *z, const float *W, int N, int D,
                                        const Layer *layer)
{
    float *y = room, *dz = room + D, *du = room + 2 * D;
    for (int n = 0; n < N; n++) {
        const float *from = dout + n * D;
        float       *to = dh + n * D;
        /* exercise: dz of this row; dW by an outer product; du by transposed_times(); dh by both ways, past the norm */
        vanishing_gradients_activate(y, dz, z + n * D, D, layer->f);
        for (int i = 0; i < D; i++)
            dz[i] *= layer->branch * from[i];
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                dW[i * D + j] += dz[i] * u[n * D + j];
        transposed_times(du, W, dz, D);
        for (int i = 0; i < D; i++)
            to[i] = (layer->skip ? from[i] : 0) + (layer->norm ? 0 : du[i]);
        if (layer->norm)
            vanishing_gradients_norm_backward(to, du, h + n * D, 1, D);
        /* end */
    }
}

double vanishing_gradients_factor(const double *size, int L)
{
    double count = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int l = 0; l <= L; l++) {
        /* exercise: the five sums that a line needs, over the sizes that have a logarithm */
        if (!(size[l] > 0) || isinf(size[l]))
            continue;
        count++;
        x += l;
        y += log(size[l]);
        xx += (double)l * l;
        xy += l * log(size[l]);
        /* end */
    }
    return count < 2 ? NAN : exp((xy - x * y / count) / (xx - x * x / count));
}

double vanishing_gradients_spectral_norm(double *v, double *room, const float *W, int D, int steps)
{
    double length = 0;
    for (int k = 0; k <= steps; k++) {
        /* exercise: room = W v, its length; unless that is 0 or this was the last time, v = W^T room, normed */
        double norm = 0;
        length = 0;
        for (int i = 0; i < D; i++) {
            room[i] = 0;
            for (int j = 0; j < D; j++)
                room[i] += W[i * D + j] * v[j];
            length += room[i] * room[i];
        }
        if (k == steps || length == 0)
            break;
        for (int j = 0; j < D; j++) {
            v[j] = 0;
            for (int i = 0; i < D; i++)
                v[j] += W[i * D + j] * room[i];
            norm += v[j] * v[j];
        }
        for (int j = 0; j < D; j++)
            v[j] /= sqrt(norm);
        /* end */
    }
    return sqrt(length);
}

static double steepest(Activation f) { return f == SIGMOID ? 0.25 : 1; }

double vanishing_gradients_bound(const double *spectral, int L, const Layer *layer)
{
    double sum = 0;
    /* exercise: the sum of the logarithms; steepest() is there */
    for (int l = 0; l < L; l++)
        sum += log((layer->skip ? 1 : 0) + fabs(layer->branch) * steepest(layer->f) * spectral[l]);
    /* end */
    return sum;
}

int vanishing_gradients_overflow(double rms, double sd, int D, int L, Activation f)
{
    /* exercise: log of the root mean square, layer by layer, until it is past log(FLT_MAX) or log(FLT_TRUE_MIN) */
    double step = log(D * sd * sd * (f == RELU ? 0.5 : 1)) / 2;
    for (int l = 1; l <= L; l++) {
        if (log(rms) + l * step > log(FLT_MAX))
            return l;
        if (log(rms) + l * step < log(FLT_TRUE_MIN))
            return -l;
    }
    return 0;
    /* end */
}

static bool all_finite(const double *v, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

int vanishing_gradients_diagnose(const Signs *signs)
{
    int           found = 0, L = signs->L;
    const double *back = signs->backward;
    double        c = steepest(signs->f), t = 0;
    /* exercise: BROKEN; then g, t and w; then a condition for each of the others */
    if (!all_finite(signs->forward, L + 1) || !all_finite(back, L + 1))
        return BROKEN;
    for (int l = 0; l < L; l++) {
        t += log(signs->slope[l]) / L;
        if (signs->dead[l] > 0.9)
            found |= DEAD;
    }
    t = exp(t);
    double w = pow(back[0] / back[L], 1.0 / L) / t;
    if (back[L] > 0 && back[0] > back[L] * 1000)
        found |= EXPLODING | WEIGHTS;
    if (back[0] < back[L] / 1000) {
        found |= VANISHING | (c < 0.5 ? FLAT : 0) | (t < c / 2 ? SATURATED : 0);
        if (w < 0.5 || !(found & (FLAT | SATURATED)))
            found |= WEIGHTS;
    }
    return found;
    /* end */
}

int vanishing_gradients_remedy(int diagnosis)
{
    int todo = 0;
    /* exercise: what each finding asks for */
    if (diagnosis & BROKEN)
        todo |= REINITIALIZE | NORMALIZE;
    if (diagnosis & EXPLODING)
        todo |= REINITIALIZE | NORMALIZE | CLIP;
    if (diagnosis & VANISHING)
        todo |= NORMALIZE | SKIP | (diagnosis & WEIGHTS ? REINITIALIZE : 0);
    if (diagnosis & FLAT)
        todo |= OTHER_ACTIVATION;
    if (diagnosis & SATURATED)
        todo |= OTHER_ACTIVATION | REINITIALIZE;
    if (diagnosis & DEAD)
        todo |= OTHER_ACTIVATION | SLOWER;
    /* end */
    return todo;
}
