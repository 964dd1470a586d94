/* lstm.c -- long short-term memory: gates and a cell, over a sequence and back; how to start, what is kept. */
#include <math.h>
#include <stddef.h>
#include "lstm.h"

static double dot(const float *a, const float *b, int n)        /* in double: n roundings cost nothing there */
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

static void add(float *y, float by, const float *x, int n)      /* y += by x */
{
    for (int i = 0; i < n; i++) y[i] += by * x[i];
}

static float sigmoid(float z) { return 1 / (1 + expf(-z)); }    /* expf may be infinite: 1/inf is 0 */

/* z = x W_ih^T + before W_hh^T + b */
void lstm_sums(float *z, const float *x, const float *before, const float *w_ih, const float *w_hh, const float *b,
               int B, int IN, int H)
{
    /* exercise: for each sequence and each of the 4 H sums: bias, row of w_ih times x, row of w_hh times before */
    for (int n = 0; n < B; n++)
        for (int k = 0; k < 4 * H; k++) {
            double sum = b[k] + dot(x + n * IN, w_ih + k * IN, IN);
            if (before) sum += dot(before + n * H, w_hh + k * H, H);
            z[n * 4 * H + k] = sum;
        }
    /* end */
}

/* i, f, o = sigmoid(z), g = tanh(z),  c = f before + i g,  h = o tanh(c) */
void lstm_cell(float *h, float *c, float *gate, const float *z, const float *before, int B, int H)
{
    /* exercise: a sequence's row of z is i f g o, H each; squash, then c, then h */
    for (int n = 0; n < B; n++, z += 4 * H, gate += 4 * H)
        for (int k = 0; k < H; k++) {
            float i = sigmoid(z[k]), f = sigmoid(z[H + k]), g = tanhf(z[2 * H + k]), o = sigmoid(z[3 * H + k]);
            float kept = before ? f * before[n * H + k] : 0;
            c[n * H + k] = kept + i * g;
            h[n * H + k] = o * tanhf(c[n * H + k]);
            gate[k] = i, gate[H + k] = f, gate[2 * H + k] = g, gate[3 * H + k] = o;
        }
    /* end */
}

/* z of a step needs h of the step before: this loop is why an LSTM cannot read all at once. */
void lstm_forward(float *y, float *c, float *gate, const float *x, const float *h0, const float *c0, const float *w_ih,
                  const float *w_hh, const float *b, int T, int B, int IN, int H)
{
    /* exercise: step by step, sums and cell; what a step wrote is the before of the next */
    for (int t = 0; t < T; t++) {
        lstm_sums(gate, x, h0, w_ih, w_hh, b, B, IN, H);
        lstm_cell(y, c, gate, gate, c0, B, H);
        h0 = y, c0 = c;
        x += B * IN, y += B * H, c += B * H, gate += 4 * B * H;
    }
    /* end */
}

/* e = dc + dh o (1 - tanh^2 c);  dz;  dc = e f */
void lstm_cell_backward(float *dz, float *dc, const float *dh, const float *gate, const float *c, const float *before,
                        int B, int H)
{
    /* exercise: all that reaches the cell first, then the four sums, then what goes on to the cell of before */
    for (int n = 0; n < B; n++, gate += 4 * H, dz += 4 * H)
        for (int k = 0; k < H; k++) {
            int at = n * H + k;
            float i = gate[k], f = gate[H + k], g = gate[2 * H + k], o = gate[3 * H + k], shown = tanhf(c[at]);
            float e = dc[at] + dh[at] * o * (1 - shown * shown);
            dz[k] = e * g * i * (1 - i);
            dz[H + k] = before ? e * before[at] * f * (1 - f) : 0;
            dz[2 * H + k] = e * i * (1 - g * g);
            dz[3 * H + k] = dh[at] * shown * o * (1 - o);
            dc[at] = e * f;                             /* no weight, no squashing: f alone */
        }
    /* end */
}

/* From the last step to the first: dh += dy, a step back, dh = dz W_hh */
void lstm_backward(float *dz, float *dh, float *dc, const float *dy, const float *gate, const float *c,
                   const float *c0, const float *w_hh, int T, int B, int H)
{
    /* exercise: the last step first; dh and dc carry what later steps send to earlier ones */
    for (int t = T - 1; t >= 0; t--) {
        const float *before = t ? c + (t - 1) * B * H : c0;
        float *step = dz + t * 4 * B * H;
        if (dy) add(dh, 1, dy + t * B * H, B * H);
        lstm_cell_backward(step, dc, dh, gate + t * 4 * B * H, c + t * B * H, before, B, H);
        for (int n = 0; n < B; n++) {
            for (int k = 0; k < H; k++) dh[n * H + k] = 0;
            for (int k = 0; k < 4 * H; k++) add(dh + n * H, step[n * 4 * H + k], w_hh + k * H, H);
        }
    }
    /* end */
}

/* dx = dz W_ih,  dW_ih += dz^T x,  dW_hh += dz^T h_before,  db += sum dz */
void lstm_weights_backward(float *dx, float *dw_ih, float *dw_hh, float *db, const float *dz, const float *x,
                           const float *h0, const float *y, const float *w_ih, int T, int B, int IN, int H)
{
    /* exercise: each number of dz goes to a row of every weight, times what that row met, and on to x */
    for (int n = 0; n < T * B; n++, dz += 4 * H, x += IN) {     /* sequence n % B of step n / B */
        const float *before = n >= B ? y + (n - B) * H : h0 ? h0 + n * H : NULL;
        for (int i = 0; i < IN && dx; i++) dx[n * IN + i] = 0;
        for (int k = 0; k < 4 * H; k++) {
            add(dw_ih + k * IN, dz[k], x, IN);
            if (before) add(dw_hh + k * H, dz[k], before, H);
            if (dx) add(dx + n * IN, dz[k], w_ih + k * IN, IN);
            db[k] += dz[k];
        }
    }
    /* end */
}

/* sigmoid(log(a)) = a / (1 + a): with a = 1 + u (T - 2), f = 1 - 1/(1 + a) */
void lstm_chrono(float *b, const float *u, int T, int H)
{
    /* exercise: the H biases of f by their u, those of i the negatives, the other 2 H zeros */
    for (int k = 0; k < H; k++) {
        b[H + k] = log1p(u[k] * (T - 2.0));
        b[k] = -b[H + k];
        b[2 * H + k] = b[3 * H + k] = 0;
    }
    /* end */
}

/* kept_t = f_(t+1) f_(t+2) ... f_(T-1) */
void lstm_kept(float *kept, const float *gate, int T, int B, int H)
{
    /* exercise: from the last step, which is 1, to the first: each is the one behind it times that step's f */
    for (int t = T - 1; t >= 0; t--)
        for (int n = 0; n < B; n++)
            for (int k = 0; k < H; k++) {
                int at = (t * B + n) * H + k, later = at + B * H;
                kept[at] = t == T - 1 ? 1 : kept[later] * gate[((t + 1) * B + n) * 4 * H + H + k];
            }
    /* end */
}
