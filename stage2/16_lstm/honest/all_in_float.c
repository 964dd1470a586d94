/* all_in_float.c -- every sum in float, x and h of before under one loop, the weights' gradients by element. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "lstm.h"

void lstm_sums(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
               int B, int IN, int H)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < 4 * H; k++) {
            float sum = b[k];
            for (int i = 0; i < IN + H; i++)
                if (i < IN) sum += x[n * IN + i] * w_ih[k * IN + i];
                else if (before) sum += before[n * H + i - IN] * w_hh[k * H + i - IN];
            z[n * 4 * H + k] = sum;
        }
}

static float squash(float z) { return z < 0 ? expf(z) / (1 + expf(z)) : 1 / (1 + expf(-z)); }

void lstm_cell(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    memmove(gate, z, (size_t)(B * 4 * H) * sizeof *z);
    for (int k = 0; k < B * 4 * H; k++) gate[k] = k / H % 4 == 2 ? tanhf(gate[k]) : squash(gate[k]);
    for (int k = 0; k < B * H; k++) {
        const float *at = gate + k / H * 4 * H + k % H;
        c[k] = at[0] * at[2 * H];
        if (before) c[k] += at[H] * before[k];
        h[k] = at[3 * H] * tanhf(c[k]);
    }
}

void lstm_forward(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0, const float *w_ih,
                  const float *w_hh, const float *b, int T, int B, int IN, int H)
{
    for (int t = 0; t < T; t++) {
        float *h_now = y + t * B * H, *c_now = c + t * B * H, *g_now = gate + t * B * 4 * H;
        lstm_sums(g_now, x + t * B * IN, t ? h_now - B * H : h0, w_ih, w_hh, b, B, IN, H);
        lstm_cell(h_now, c_now, g_now, g_now, t ? c_now - B * H : c0, B, H);
    }
}

void lstm_cell_backward(float *dz, float *dc, const float *dh, const float *gate, const float *c, const float *before,
                        int B, int H)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < H; k++) {
            const float *at = gate + n * 4 * H + k;
            float *to = dz + n * 4 * H + k, shown = tanhf(c[n * H + k]), d = dh[n * H + k];
            float e = dc[n * H + k] + d * at[3 * H] - d * at[3 * H] * shown * shown;
            to[0] = at[2 * H] * e * (at[0] - at[0] * at[0]);
            to[H] = before ? before[n * H + k] * e * (at[H] - at[H] * at[H]) : 0;
            to[2 * H] = (1 - at[2 * H]) * (1 + at[2 * H]) * e * at[0];
            to[3 * H] = shown * (at[3 * H] - at[3 * H] * at[3 * H]) * d;
            dc[n * H + k] = at[H] * e;
        }
}

void lstm_backward(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                   const float *c0, const float *w_hh, int T, int B, int H)
{
    for (int t = T; t-- > 0;) {
        int at = t * B * H;
        for (int k = 0; k < B * H && dy; k++) dh[k] += dy[at + k];
        lstm_cell_backward(dz + 4 * at, dc, dh, gate + 4 * at, c + at, t ? c + at - B * H : c0, B, H);
        for (int k = 0; k < B * H; k++) {
            float sum = 0;
            for (int j = 0; j < 4 * H; j++) sum += dz[4 * at + k / H * 4 * H + j] * w_hh[j * H + k % H];
            dh[k] = sum;
        }
    }
}

/* gradient += dz^T met, a number at a time: met (N,M). */
static void outer(float *gradient, const float *dz, const float *met, int N, int H, int M)
{
    for (int k = 0; k < 4 * H; k++)
        for (int i = 0; i < M; i++) {
            float sum = 0;
            for (int n = 0; n < N; n++) sum += dz[n * 4 * H + k] * met[n * M + i];
            gradient[k * M + i] += sum;
        }
}

void lstm_weights_backward(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                           const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H)
{
    int N = T * B;
    for (int j = 0; j < N * IN && dx; j++) {
        float sum = 0;
        for (int k = 0; k < 4 * H; k++) sum += dz[j / IN * 4 * H + k] * w_ih[k * IN + j % IN];
        dx[j] = sum;
    }
    outer(dw_ih, dz, x, N, H, IN);
    if (h0 && T) outer(dw_hh, dz, h0, B, H, H);
    if (T > 1) outer(dw_hh, dz + B * 4 * H, y, N - B, H, H);
    for (int k = 0; k < 4 * H; k++)
        for (int n = 0; n < N; n++) db[k] += dz[n * 4 * H + k];
}

void lstm_chrono(float *b, const float *u, int T, int H)
{
    for (int k = 0; k < 4 * H; k++) {
        float span = logf(1 + u[k % H] * (float)(T - 2));
        b[k] = k < H ? -span : k < 2 * H ? span : 0;
    }
}

void lstm_kept(float *kept, const float *gate, int T, int B, int H)
{
    for (int k = 0; k < B * H; k++) {
        float share = 1;
        for (int t = T - 1; t >= 0; t--) {
            kept[t * B * H + k] = share;
            share *= gate[(t * B + k / H) * 4 * H + H + k % H];
        }
    }
}
