/* all_in_float.c -- the same formulas, every sum in float and products with reciprocals, as most people write them. */
#include <math.h>
#include "attention.h"

static float dot(const float *a, const float *b, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

void attention_scores(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    float scale = 1 / sqrtf(D);
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++)
            for (int s = 0; s < S; s++)
                score[(b * T + t) * S + s] = dot(q + (b * T + t) * D, k + (b * S + s) * D, D) * scale;
}

void attention_seen(int *seen, const int *length, int causal, int B, int T, int S)
{
    for (int n = 0; n < B * T; n++) {
        int limit = length ? length[n / T] : S;
        seen[n] = 0;
        for (int s = 0; s < limit; s++) seen[n] += !causal || s <= n % T + S - T;
    }
}

void attention_weights(float *p, const float *score, const int *seen, int B, int T, int S)
{
    for (int n = 0; n < B * T; n++) {
        const float *x = score + n * S;
        float max = -INFINITY, sum = 0;
        for (int s = 0; s < seen[n]; s++) max = fmaxf(max, x[s]);
        if (max == -INFINITY) max = 0;
        for (int s = 0; s < seen[n]; s++) sum += expf(x[s] - max);
        float scale = sum == 0 ? 0 : 1 / sum;
        for (int s = 0; s < S; s++) p[n * S + s] = s < seen[n] ? expf(x[s] - max) * scale : 0;
    }
}

void attention_values(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    for (int n = 0; n < B * T; n++)
        for (int i = 0; i < DV; i++) {
            float sum = 0;
            for (int s = 0; s < S; s++)
                if (p[n * S + s] != 0) sum += p[n * S + s] * v[(n / T * S + s) * DV + i];
            y[n * DV + i] = sum;
        }
}

void attention_backward(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k, const float *v,
                        const float *p, const float *dy, int B, int T, int S, int D, int DV)
{
    float scale = 1 / sqrtf(D);
    for (int n = 0; n < B * T; n++) {
        const float *pn = p + n * S;
        float mean = 0, *ds = dscore + n * S;
        for (int s = 0; s < S; s++) ds[s] = pn[s] != 0 ? dot(dy + n * DV, v + (n / T * S + s) * DV, DV) : 0;
        for (int s = 0; s < S; s++) mean += pn[s] != 0 ? pn[s] * ds[s] : 0;
        for (int s = 0; s < S; s++) ds[s] = pn[s] != 0 ? pn[s] * ds[s] - pn[s] * mean : 0;
        for (int i = 0; i < D; i++) {
            float sum = 0;
            for (int s = 0; s < S; s++) if (pn[s] != 0) sum += ds[s] * k[(n / T * S + s) * D + i];
            dq[n * D + i] = sum * scale;
        }
    }
    for (int m = 0; m < B * S; m++) {               /* a key and its value gather from all queries of their problem */
        int first = m / S * T;
        for (int i = 0; i < D; i++) {
            float sum = 0;
            for (int n = first; n < first + T; n++)
                if (p[n * S + m % S] != 0) sum += dscore[n * S + m % S] * q[n * D + i];
            dk[m * D + i] = sum * scale;
        }
        for (int i = 0; i < DV; i++) {
            float sum = 0;
            for (int n = first; n < first + T; n++)
                if (p[n * S + m % S] != 0) sum += p[n * S + m % S] * dy[n * DV + i];
            dv[m * DV + i] = sum;
        }
    }
}

void attention_tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen,
                     int B, int T, int S, int D, int DV)
{
    float scale = 1 / sqrtf(D);
    for (int n = 0; n < B * T; n++) {
        float max = -INFINITY, sum = 0, score[16];  /* another tile */
        for (int i = 0; i < DV; i++) y[n * DV + i] = 0;
        for (int from = 0; from < seen[n]; from += 16) {
            int keys = seen[n] - from < 16 ? seen[n] - from : 16;
            float old = max;
            for (int s = 0; s < keys; s++) {
                score[s] = dot(q + n * D, k + (n / T * S + from + s) * D, D) * scale;
                max = fmaxf(max, score[s]);
            }
            float shrink = expf(old - max);
            if (isnan(shrink)) shrink = 1;
            sum *= shrink;
            for (int i = 0; i < DV; i++) y[n * DV + i] *= shrink;
            for (int s = 0; s < keys; s++) {
                float e = expf(score[s] - max);
                sum += e;
                for (int i = 0; i < DV; i++) y[n * DV + i] += e * v[(n / T * S + from + s) * DV + i];
            }
        }
        for (int i = 0; i < DV && seen[n]; i++) y[n * DV + i] *= 1 / sum;
        lse[n] = seen[n] ? max + logf(sum) : -INFINITY;
    }
}

void attention_tiled_backward(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                              const float *y, const float *lse, const float *dy, const int *seen,
                              int B, int T, int S, int D, int DV)
{
    float scale = 1 / sqrtf(D);
    for (int i = 0; i < B * T * D; i++) dq[i] = 0;
    for (int i = 0; i < B * S * D; i++) dk[i] = 0;
    for (int i = 0; i < B * S * DV; i++) dv[i] = 0;
    for (int n = 0; n < B * T; n++) {
        float mean = dot(dy + n * DV, y + n * DV, DV);
        for (int s = 0; s < seen[n]; s++) {
            int m = n / T * S + s;
            float p = expf(dot(q + n * D, k + m * D, D) * scale - lse[n]);
            float ds = p * (dot(dy + n * DV, v + m * DV, DV) - mean) * scale;
            for (int i = 0; i < D; i++) dq[n * D + i] += ds * k[m * D + i], dk[m * D + i] += ds * q[n * D + i];
            for (int i = 0; i < DV; i++) dv[m * DV + i] += p * dy[n * DV + i];
        }
    }
}

/* Terms that are all positive: p_i^2 ((1 - p_i)^2 + the squares of the others) */
void attention_statistics(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    for (int n = 0; n < N; n++, p += S) {
        float sum = 0, h = 0, squares = 0;
        int good = 1;
        for (int i = 0; i < S; i++) {
            float others = 0, own = 1 - p[i];
            for (int j = 0; j < S; j++) if (j != i) others += p[j] * p[j];
            squares += p[i] * p[i] * (own * own + others);
            sum += p[i];
            h += p[i] > 0 ? -p[i] * logf(p[i]) : 0;
            if (!(p[i] >= 0)) good = 0;
        }
        possible[n] = good && sum >= 0.999f && sum <= 1.001f;
        entropy[n] = possible[n] ? h : NAN;
        jacobian[n] = possible[n] ? sqrtf(squares) : NAN;
    }
}
