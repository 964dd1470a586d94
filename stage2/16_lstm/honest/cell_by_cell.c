/* cell_by_cell.c -- a sequence after the other, a cell after the other, no step calls another; sigmoid by tanh. */
#include <math.h>
#include <stddef.h>
#include "lstm.h"

static double squash(double z) { return 0.5 * (1 + tanh(z / 2)); }

static double sum_of(const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b, int k,
                     int IN, int H)
{
    double sum = 0;
    for (int i = 0; before && i < H; i++) sum += (double)w_hh[k * H + i] * before[i];
    for (int i = 0; i < IN; i++) sum += (double)w_ih[k * IN + i] * x[i];
    return sum + b[k];
}

void lstm_sums(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
               int B, int IN, int H)
{
    for (int k = 0; k < 4 * H; k++)
        for (int n = 0; n < B; n++)
            z[n * 4 * H + k] = (float)sum_of(x + n * IN, before ? before + n * H : NULL, w_ih, w_hh, b, k, IN, H);
}

/* One cell: z and gate are its first of four, H apart. */
static void one(float *h, float *c, float *gate, const float *z, double before, int H)
{
    double i = squash(z[0]), f = squash(z[H]), g = tanh(z[2 * H]), o = squash(z[3 * H]), now = i * g;
    if (before != 0) now += f * before;                 /* a NaN is not 0 and goes through */
    if (isnan(f)) now = f;
    gate[0] = (float)i, gate[H] = (float)f, gate[2 * H] = (float)g, gate[3 * H] = (float)o;
    *c = (float)now, *h = (float)(o * tanh(now));
}

void lstm_cell(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    for (int k = 0; k < H; k++)
        for (int n = 0; n < B; n++)
            one(h + n * H + k, c + n * H + k, gate + n * 4 * H + k, z + n * 4 * H + k, before ? before[n * H + k] : 0,
                H);
}

void lstm_forward(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0, const float *w_ih,
                  const float *w_hh, const float *b, int T, int B, int IN, int H)
{
    for (int n = 0; n < B; n++)
        for (int t = 0; t < T; t++) {
            int at = t * B + n;
            const float *before = t ? y + (at - B) * H : h0 ? h0 + n * H : NULL;
            for (int k = 0; k < H; k++) {
                float z[4];
                double was = t ? c[(at - B) * H + k] : c0 ? c0[n * H + k] : 0;
                for (int s = 0; s < 4; s++) z[s] = (float)sum_of(x + at * IN, before, w_ih, w_hh, b, s * H + k, IN, H);
                float four[4];
                one(y + at * H + k, c + at * H + k, four, z, was, 1);
                for (int s = 0; s < 4; s++) gate[(at * 4 + s) * H + k] = four[s];
            }
        }
}

void lstm_cell_backward(float *dz, float *dc, const float *dh, const float *gate, const float *c, const float *before,
                        int B, int H)
{
    for (int k = 0; k < H; k++)
        for (int n = 0; n < B; n++) {
            int at = n * H + k, z = n * 4 * H + k;
            double i = gate[z], f = gate[z + H], g = gate[z + 2 * H], o = gate[z + 3 * H], shown = tanh(c[at]);
            double e = dc[at] + dh[at] * o * (1 - shown) * (1 + shown);
            dz[z] = (float)(e * g * i * (1 - i));
            dz[z + H] = (float)(before ? e * before[at] * f * (1 - f) : 0);
            dz[z + 2 * H] = (float)(e * i * (1 - g) * (1 + g));
            dz[z + 3 * H] = (float)(dh[at] * shown * o * (1 - o));
            dc[at] = (float)(e * f);
        }
}

void lstm_backward(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                   const float *c0, const float *w_hh, int T, int B, int H)
{
    for (int n = 0; n < B; n++)
        for (int t = T - 1; t >= 0; t--) {
            int at = t * B + n;
            const float *before = t ? c + (at - B) * H : c0 ? c0 + n * H : NULL;
            for (int k = 0; k < H && dy; k++) dh[n * H + k] += dy[at * H + k];
            lstm_cell_backward(dz + at * 4 * H, dc + n * H, dh + n * H, gate + at * 4 * H, c + at * H, before, 1, H);
            for (int k = 0; k < H; k++) {
                double sum = 0;
                for (int j = 0; j < 4 * H; j++) sum += (double)dz[at * 4 * H + j] * w_hh[j * H + k];
                dh[n * H + k] = (float)sum;
            }
        }
}

void lstm_weights_backward(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                           const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H)
{
    for (int t = T - 1; t >= 0; t--)                    /* as the steps come back */
        for (int n = 0; n < B; n++) {
            int at = t * B + n;
            for (int i = 0; i < IN; i++) {
                double sum = 0;
                for (int k = 0; k < 4 * H; k++) {
                    sum += (double)dz[at * 4 * H + k] * w_ih[k * IN + i];
                    dw_ih[k * IN + i] += dz[at * 4 * H + k] * x[at * IN + i];
                }
                if (dx) dx[at * IN + i] = (float)sum;
            }
            for (int k = 0; k < 4 * H; k++) {
                float d = dz[at * 4 * H + k];
                db[k] += d;
                for (int i = 0; i < H; i++) {
                    if (t) dw_hh[k * H + i] += d * y[(at - B) * H + i];
                    else if (h0) dw_hh[k * H + i] += d * h0[n * H + i];
                }
            }
        }
}

void lstm_chrono(float *b, const float *u, int T, int H)
{
    for (int k = 0; k < H; k++) {
        double over = 2 + (double)u[k] * (T - 2), f = 1 - 1 / over;
        b[H + k] = (float)log(f / (1 - f));             /* what sigmoid takes to f */
        b[k] = (float)-log(f / (1 - f));
        b[2 * H + k] = b[3 * H + k] = 0;
    }
}

void lstm_kept(float *kept, const float *gate, int T, int B, int H)
{
    for (int t = 0; t < T; t++)
        for (int k = 0; k < B * H; k++) {
            double share = 1;
            for (int later = t + 1; later < T; later++) share *= gate[(later * B + k / H) * 4 * H + H + k % H];
            kept[t * B * H + k] = (float)share;
        }
}
