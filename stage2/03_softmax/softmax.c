/* softmax.c -- scores to probabilities, and the loss that trains them: softmax, log-softmax, cross-entropy, masks. */
#include <math.h>
#include "softmax.h"

/* y = exp(x - max) / sum exp(x - max) */
void softmax(float *y, const float *x, int N, int C)
{
    /* exercise: turn each row of scores into probabilities; no finite score may overflow, a row of -inf gives zeros */
    for (int n = 0; n < N; n++, x += C, y += C) {
        float max = -INFINITY;
        double sum = 0;                             /* in double: C roundings cost nothing there */
        for (int c = 0; c < C; c++)
            if (x[c] > max) max = x[c];
        if (max == -INFINITY) max = 0;              /* -inf - -inf is NaN; -inf - 0 is -inf, and its exponential 0 */
        for (int c = 0; c < C; c++)
            sum += y[c] = expf(x[c] - max);         /* never above 1, and once exactly 1 */
        if (sum != 0)                               /* 0: nothing can be. A NaN is not 0 and goes through */
            for (int c = 0; c < C; c++)
                y[c] /= sum;
    }
    /* end */
}

/* dx = y * (dy - sum y dy) */
void softmax_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    /* exercise: one sum over the row, then dx */
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        double mean = 0;                            /* of dy, as the probabilities weigh it */
        for (int c = 0; c < C; c++)
            mean += (double)y[c] * dy[c];
        for (int c = 0; c < C; c++)
            dx[c] = y[c] * (dy[c] - mean);          /* what lifts all scores alike changes nothing, so it goes */
    }
    /* end */
}

/* y = (x - max) - log sum exp(x - max) */
void softmax_log(float *y, const float *x, int N, int C)
{
    /* exercise: the logarithm of softmax without ever dividing; a row of -inf stays -inf */
    for (int n = 0; n < N; n++, x += C, y += C) {
        float max = -INFINITY;
        double sum = 0;
        for (int c = 0; c < C; c++)
            if (x[c] > max) max = x[c];
        if (max == -INFINITY) max = 0;
        for (int c = 0; c < C; c++)
            sum += expf(x[c] - max);
        double log_sum = sum == 0 ? 0 : log(sum);   /* between 0 and log C: the maximum's own term is 1 */
        for (int c = 0; c < C; c++)
            y[c] = (x[c] - max) - log_sum;          /* max first: max + log_sum would lose digits where max is large */
    }
    /* end */
}

/* dx = dy - exp(y) * sum dy */
void softmax_log_backward(float *dx, const float *y, const float *dy, int N, int C)
{
    /* exercise: one sum over the row, then dx */
    for (int n = 0; n < N; n++, y += C, dy += C, dx += C) {
        double total = 0;
        for (int c = 0; c < C; c++)
            total += dy[c];
        for (int c = 0; c < C; c++)
            dx[c] = dy[c] - expf(y[c]) * total;
    }
    /* end */
}

/* lse = max + log sum exp(x - max),  loss = mean of lse - x[target] */
void softmax_cross_entropy(float *loss, float *lse, const float *x, const int *target, int N, int C)
{
    /* exercise: each row's log-sum-exp, and the mean over the rows of -log softmax at the target */
    double total = 0;
    for (int n = 0; n < N; n++, x += C) {
        float max = -INFINITY;
        double sum = 0;
        for (int c = 0; c < C; c++)
            if (x[c] > max) max = x[c];
        if (max == -INFINITY) max = 0;
        for (int c = 0; c < C; c++)
            sum += expf(x[c] - max);
        lse[n] = max + log(sum);
        total += (max - x[target[n]]) + (sum == 0 ? 0 : log(sum));      /* two terms >= 0: nothing cancels */
    }
    loss[0] = total / N;
    /* end */
}

/* dx = (p - onehot) * dloss / N,  p = exp(x - lse) */
void softmax_cross_entropy_backward(float *dx, const float *x, const int *target, const float *lse, const float *dloss,
                                    int N, int C)
{
    /* exercise: probability minus one-hot, times what each row's loss weighs in the end */
    for (int n = 0; n < N; n++, x += C, dx += C)
        for (int c = 0; c < C; c++)
            dx[c] = (expf(x[c] - lse[n]) - (c == target[n])) * dloss[0] / N;
    /* end */
}

/* softmax over the places with mask 1; exactly 0 elsewhere */
void softmax_masked(float *y, const float *x, const int *mask, int N, int C)
{
    /* exercise: softmax of the places that may be seen, 0 in the others; what a masked place holds must not matter */
    for (int n = 0; n < N; n++, x += C, y += C, mask += C) {
        float max = -INFINITY;
        double sum = 0;
        for (int c = 0; c < C; c++)
            if (mask[c] && x[c] > max) max = x[c];
        if (max == -INFINITY) max = 0;
        for (int c = 0; c < C; c++)
            sum += y[c] = mask[c] ? expf(x[c] - max) : 0;   /* chosen, not multiplied: NaN * 0 is NaN */
        if (sum != 0)
            for (int c = 0; c < C; c++)
                y[c] = mask[c] ? y[c] / sum : 0;
    }
    /* end */
}

/* softmax over the first places of each row: s < length[b], and s <= t where causal */
void softmax_sequences(float *y, const float *x, const int *length, int causal, int B, int T)
{
    /* exercise: how many places of row t may be seen, softmax over those, 0 behind them */
    for (int b = 0; b < B; b++)
        for (int t = 0; t < T; t++, x += T, y += T) {
            int seen = causal && t + 1 < length[b] ? t + 1 : length[b];
            float max = -INFINITY;
            double sum = 0;
            for (int s = 0; s < seen; s++)
                if (x[s] > max) max = x[s];
            if (max == -INFINITY) max = 0;
            for (int s = 0; s < T; s++)
                sum += y[s] = s < seen ? expf(x[s] - max) : 0;
            if (sum != 0)
                for (int s = 0; s < seen; s++)
                    y[s] /= sum;
        }
    /* end */
}
