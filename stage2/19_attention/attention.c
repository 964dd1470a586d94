/* attention.c -- scaled dot-product attention: scores, masks, weights, gradients; then the same without its matrix. */
#include <math.h>
#include "attention.h"

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

static void zero(float *y, int n)
{
    for (int i = 0; i < n; i++) y[i] = 0;
}

/* score = q . k / sqrt(D) */
void attention_scores(float *score, const float *q, const float *k, int B, int T, int S, int D)
{
    /* exercise: each query times each key of its own problem, divided by the root of D */
    double root = sqrt(D);
    for (int b = 0; b < B; b++, k += S * D)
        for (int t = 0; t < T; t++, q += D)
            for (int s = 0; s < S; s++)
                *score++ = dot(q, k + s * D, D) / root;
    /* end */
}

/* seen = how many of the first keys: s < length[b], and s <= t + S - T where causal */
void attention_seen(int *seen, const int *length, int causal, int B, int T, int S)
{
    /* exercise: how many keys does query t of problem b see? */
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++) {
            int n = length ? length[b] : S, past = t + S - T + 1;   /* its own key counts as past */
            if (causal && past < n) n = past > 0 ? past : 0;
            *seen++ = n;
        }
    /* end */
}

/* p = exp(score - max) / sum exp(score - max) over what is seen */
void attention_weights(float *p, const float *score, const int *seen, int B, int T, int S)
{
    /* exercise: softmax over the first seen keys of each row, exactly 0 behind them */
    for (int n = 0; n < B * T; n++, p += S, score += S) {
        float max = -INFINITY;
        double sum = 0;
        for (int s = 0; s < seen[n]; s++)
            if (score[s] > max) max = score[s];
        if (max == -INFINITY) max = 0;                  /* -inf - -inf is NaN; the exponential of -inf - 0 is 0 */
        for (int s = 0; s < S; s++)
            sum += p[s] = s < seen[n] ? expf(score[s] - max) : 0;
        for (int s = 0; s < seen[n] && sum != 0; s++)   /* a NaN is not 0 and goes through */
            p[s] /= sum;
    }
    /* end */
}

/* y = sum over s of p v */
void attention_values(float *y, const float *p, const float *v, int B, int T, int S, int DV)
{
    /* exercise: each row of y is the sum of the values, each times its weight; skip the weights that are 0 */
    for (int b = 0; b < B; b++, v += S * DV)
        for (int t = 0; t < T; t++, p += S, y += DV) {
            zero(y, DV);
            for (int s = 0; s < S; s++)
                if (p[s] != 0) add(y, p[s], v + s * DV, DV);    /* 0 * NaN would be NaN */
        }
    /* end */
}

/* dp = dy . v,  dscore = p (dp - sum p dp),  dq = dscore k / sqrt D,  dk = dscore^T q / sqrt D,  dv = p^T dy */
void attention_backward(float *dq, float *dk, float *dv, float *dscore, const float *q, const float *k, const float *v,
                        const float *p, const float *dy, int B, int T, int S, int D, int DV)
{
    /* exercise: first dp into dscore, then through softmax, then what dscore and p send to q, k and v */
    double root = sqrt(D);
    zero(dq, B * T * D), zero(dk, B * S * D), zero(dv, B * S * DV);
    for (int b = 0; b < B; b++, k += S * D, v += S * DV, dk += S * D, dv += S * DV)
        for (int t = 0; t < T; t++, q += D, dq += D, p += S, dscore += S, dy += DV) {
            double mean = 0;                            /* of dp, as the weights weigh it */
            for (int s = 0; s < S; s++) {
                dscore[s] = p[s] != 0 ? dot(dy, v + s * DV, DV) : 0;
                mean += (double)p[s] * dscore[s];
            }
            for (int s = 0; s < S; s++) {
                if (p[s] == 0) continue;                /* dscore is 0 there, and stays it: 0 * NaN would be NaN */
                dscore[s] = p[s] * (dscore[s] - mean);
                add(dq, dscore[s] / root, k + s * D, D);
                add(dk + s * D, dscore[s] / root, q, D);
                add(dv + s * DV, p[s], dy, DV);
            }
        }
    /* end */
}

/* max, sum and y go from tile to tile; where max grows, sum and y shrink by exp(old - max) */
void attention_tiled(float *y, float *lse, const float *q, const float *k, const float *v, const int *seen,
                     int B, int T, int S, int D, int DV)
{
    /* exercise: y without the matrix: a tile's scores, the new maximum, shrink what was summed, add the tile */
    float score[ATTENTION_TILE];
    for (int n = 0; n < B * T; n++, q += D, y += DV) {
        const float *kb = k + n / T * S * D, *vb = v + n / T * S * DV;  /* of this problem */
        float max = -INFINITY;
        double sum = 0;
        zero(y, DV);
        for (int from = 0; from < seen[n]; from += ATTENTION_TILE) {
            int keys = seen[n] - from < ATTENTION_TILE ? seen[n] - from : ATTENTION_TILE;
            float old = max;
            for (int s = 0; s < keys; s++) {
                score[s] = dot(q, kb + (from + s) * D, D) / sqrt(D);
                if (score[s] > max) max = score[s];
            }
            float shrink = old == max ? 1 : expf(old - max);    /* the first tile shrinks zeros: exp(-inf) = 0 */
            sum *= shrink;
            for (int i = 0; i < DV; i++) y[i] *= shrink;
            for (int s = 0; s < keys; s++) {
                float e = expf(score[s] - max);
                sum += e;
                add(y, e, vb + (from + s) * DV, DV);
            }
        }
        for (int i = 0; i < DV && seen[n]; i++) y[i] /= sum;
        lse[n] = max + log(sum);                        /* -inf where nothing is seen */
    }
    /* end */
}

/* p = exp(score - lse),  dscore = p (dy . v - dy . y): a tile of keys stays at hand while all queries pass by */
void attention_tiled_backward(float *dq, float *dk, float *dv, const float *q, const float *k, const float *v,
                              const float *y, const float *lse, const float *dy, const int *seen,
                              int B, int T, int S, int D, int DV)
{
    /* exercise: the gradients without the matrix: each weight again from its score and lse, its row's mean from y */
    double root = sqrt(D);
    zero(dq, B * T * D), zero(dk, B * S * D), zero(dv, B * S * DV);
    for (int b = 0; b < B; b++, k += S * D, v += S * DV, dk += S * D, dv += S * DV)
        for (int from = 0; from < S; from += ATTENTION_TILE)
            for (int n = b * T; n < b * T + T; n++) {
                const float *qn = q + n * D, *dyn = dy + n * DV;
                int to = seen[n] < from + ATTENTION_TILE ? seen[n] : from + ATTENTION_TILE;
                double mean = from < to ? dot(dyn, y + n * DV, DV) : 0;     /* sum p (dy . v) = dy . sum p v */
                for (int s = from; s < to; s++) {
                    double p = exp(dot(qn, k + s * D, D) / root - lse[n]);
                    double dscore = p * (dot(dyn, v + s * DV, DV) - mean);
                    add(dq + n * D, dscore / root, k + s * D, D);
                    add(dk + s * D, dscore / root, qn, D);
                    add(dv + s * DV, p, dyn, DV);
                }
            }
    /* end */
}

/* entropy = -sum p log p,  |diag p - p p^T|^2 = a - 2 c + a^2,  a = sum p^2, c = sum p^3 */
void attention_statistics(int *possible, float *entropy, float *jacobian, const float *p, int N, int S)
{
    /* exercise: can this row be one of weights? How spread is it, and how much of a gradient does it let through? */
    for (int n = 0; n < N; n++, p += S) {
        double sum = 0, h = 0, a = 0, c = 0;
        int negative = 0;
        for (int s = 0; s < S; s++) {
            negative |= p[s] < 0;
            sum += p[s];
            if (p[s] > 0) h -= p[s] * log(p[s]);
            a += (double)p[s] * p[s];
            c += (double)p[s] * p[s] * p[s];
        }
        possible[n] = !negative && fabs(sum - 1) <= 0.001;      /* not so where sum is NaN */
        entropy[n] = possible[n] ? h : NAN;
        jacobian[n] = possible[n] ? sqrt(fmax(0, a - 2 * c + a * a)) : NAN;
    }
    /* end */
}
