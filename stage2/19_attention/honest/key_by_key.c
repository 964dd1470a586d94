/* key_by_key.c -- loops the other way round: keys outside, tiles of one key, weights by a running maximum. In float. */
#include <math.h>
#include "attention.h"

void attention_scores(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    for (int i = 0; i < B * T * S; i++) score[i] = 0;
    for (int b = 0; b < B; b++)
        for (int i = 0; i < D; i++)
            for (int s = 0; s < S; s++)
                for (int t = 0; t < T; t++)
                    score[(b * T + t) * S + s] += q[(b * T + t) * D + i] * k[(b * S + s) * D + i];
    for (int i = 0; i < B * T * S; i++) score[i] /= sqrtf(D);
}

void attention_seen(int *seen, const int *length, int causal, int B, int T, int S)
{
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            int real = length ? length[b] : S, past = causal ? S - (T - 1 - t) : S;
            if (past < 0) past = 0;
            seen[b * T + t] = past < real ? past : real;
        }
}

typedef struct Running { float max, sum; } Running;

static Running see(Running r, float x, float *shrink)
{
    *shrink = 1;
    if (x == -INFINITY) return r;
    if (x > r.max) *shrink = r.sum == 0 ? 0 : expf(r.max - x), r.max = x;
    r.sum = r.sum * *shrink + expf(x - r.max);
    return r;
}

void attention_weights(float *p, const float *score, const int *seen, int B, int T, int S)
{
    for (int n = 0; n < B * T; n++) {
        Running r = { -INFINITY, 0 };
        float shrink;
        for (int s = 0; s < seen[n]; s++) r = see(r, score[n * S + s], &shrink);
        for (int s = 0; s < S; s++)
            p[n * S + s] = s >= seen[n] || r.sum == 0 ? 0 : expf(score[n * S + s] - r.max) / r.sum;
    }
}

void attention_values(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    for (int i = 0; i < B * T * DV; i++) y[i] = 0;
    for (int b = 0; b < B; b++)
        for (int s = S - 1; s >= 0; s--)
            for (int n = b * T; n < b * T + T; n++)
                for (int i = 0; i < DV && p[n * S + s] != 0; i++)
                    y[n * DV + i] += p[n * S + s] * v[(b * S + s) * DV + i];
}

/* sum p dp = dy . sum p v: the mean first, so that one pass over the keys does the rest */
void attention_backward(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k, const float *v,
                        const float *p, const float *dy, int B, int T, int S, int D, int DV)
{
    for (int i = 0; i < B * T * D; i++) dq[i] = 0;
    for (int i = 0; i < B * S * D; i++) dk[i] = 0;
    for (int i = 0; i < B * S * DV; i++) dv[i] = 0;
    for (int n = 0; n < B * T; n++) {
        float mean = 0;
        for (int i = 0; i < DV; i++) {
            float y = 0;
            for (int s = 0; s < S; s++) if (p[n * S + s] != 0) y += p[n * S + s] * v[(n / T * S + s) * DV + i];
            mean += dy[n * DV + i] * y;
        }
        for (int s = 0; s < S; s++) {
            int m = n / T * S + s;
            float dp = 0, w = p[n * S + s];
            dscore[n * S + s] = 0;
            if (w == 0) continue;
            for (int i = 0; i < DV; i++) dp += dy[n * DV + i] * v[m * DV + i], dv[m * DV + i] += w * dy[n * DV + i];
            float ds = dscore[n * S + s] = w * (dp - mean);
            ds /= sqrtf(D);
            for (int i = 0; i < D; i++) dq[n * D + i] += ds * k[m * D + i], dk[m * D + i] += ds * q[n * D + i];
        }
    }
}

void attention_tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen,
                     int B, int T, int S, int D, int DV)
{
    for (int n = 0; n < B * T; n++) {
        Running r = { -INFINITY, 0 };
        for (int i = 0; i < DV; i++) y[n * DV + i] = 0;
        for (int s = 0; s < seen[n]; s++) {
            float score = 0, shrink;
            for (int i = 0; i < D; i++) score += q[n * D + i] * k[(n / T * S + s) * D + i];
            score /= sqrtf(D);
            r = see(r, score, &shrink);
            float e = expf(score - r.max);
            for (int i = 0; i < DV; i++) y[n * DV + i] = y[n * DV + i] * shrink + e * v[(n / T * S + s) * DV + i];
        }
        for (int i = 0; i < DV && seen[n]; i++) y[n * DV + i] /= r.sum;
        lse[n] = r.max + logf(r.sum);
    }
}

/* Each key gathers by itself, as a GPU's block does it for a tile; dq comes from a second walk. */
void attention_tiled_backward(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                              const float *y, const float *lse, const float *dy, const int *seen,
                              int B, int T, int S, int D, int DV)
{
    for (int walk = 0; walk < 2; walk++) {
        for (int i = 0; i < B * T * D && !walk; i++) dq[i] = 0;
        for (int i = 0; i < B * S * D && walk; i++) dk[i] = 0;
        for (int i = 0; i < B * S * DV && walk; i++) dv[i] = 0;
        for (int m = 0; m < B * S; m++)
            for (int n = m / S * T; n < m / S * T + T; n++) {
                float score = 0, dp = 0, mean = 0;
                if (m % S >= seen[n]) continue;
                for (int i = 0; i < D; i++) score += q[n * D + i] * k[m * D + i];
                for (int i = 0; i < DV; i++) dp += dy[n * DV + i] * v[m * DV + i];
                for (int i = 0; i < DV; i++) mean += dy[n * DV + i] * y[n * DV + i];
                float p = expf(score / sqrtf(D) - lse[n]), ds = p * (dp - mean) / sqrtf(D);
                for (int i = 0; i < D && !walk; i++) dq[n * D + i] += ds * k[m * D + i];
                for (int i = 0; i < D && walk; i++) dk[m * D + i] += ds * q[n * D + i];
                for (int i = 0; i < DV && walk; i++) dv[m * DV + i] += p * dy[n * DV + i];
            }
    }
}

/* The matrix row by row: sum over i, j of (p_i ([i = j] - p_j))^2, and entropy as log of a product of powers. */
void attention_statistics(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    for (int n = 0; n < N; n++, p += S) {
        float sum = 0, h = 0, squares = 0;
        possible[n] = 1;
        for (int i = 0; i < S; i++) {
            sum += p[i];
            if (p[i] < 0) possible[n] = 0;
            if (p[i] > 0) h += p[i] * log2f(p[i]);
            float row = 0;
            for (int j = 0; j < S; j++) row += p[i] * p[i] * ((i == j) - p[j]) * ((i == j) - p[j]);
            squares += row;
        }
        if (!(fabsf(sum - 1) <= 0.001f)) possible[n] = 0;
        entropy[n] = possible[n] ? -h * 0.693147181f : NAN;
        jacobian[n] = possible[n] ? sqrtf(squares) : NAN;
    }
}
