/* blocks_of_eight.c -- eight partial sums in float, as a vector machine adds; scratch memory of its own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mlp.h"

/* a . b with strides, in eight partial sums */
static float dot(const float *a, int sa, const float *b, int sb, int n)
{
    float part[8] = { 0 };
    for (int i = 0; i < n; i++)
        part[i % 8] += a[i * sa] * b[i * sb];
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

int mlp_count_params(int L, const int *size)
{
    int count = 0;
    while (L-- > 0)
        count += size[L] * size[L + 1] + size[L + 1];
    return count;
}

int mlp_count_acts(int N, int L, const int *size)
{
    int width = 0;
    for (int l = 1; l <= L; l++)
        width += size[l];
    return N * width;
}

void mlp_neuron(float *y, const float *x, const float *w, float b, int N, int IN)
{
    for (int n = 0; n < N; n++)
        y[n] = dot(x + n * IN, 1, w, 1, IN) + b > 0;
}

int mlp_neuron_learn(float *w, float *b, const float *x, const float *target, int N, int IN, float rate)
{
    float *all = malloc((IN + 1) * sizeof *all);            /* the bias as a weight whose input is 1 */
    int wrong = 0;
    memcpy(all, w, IN * sizeof *all);
    all[IN] = *b;
    for (int n = 0; n < N; n++) {
        float y = dot(all, 1, x + n * IN, 1, IN) + all[IN] > 0;
        if (y == target[n])
            continue;
        for (int i = 0; i <= IN; i++)
            all[i] += rate * (target[n] - y) * (i < IN ? x[n * IN + i] : 1);
        wrong++;
    }
    memcpy(w, all, IN * sizeof *all);
    *b = all[IN];
    free(all);
    return wrong;
}

void mlp_linear(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    for (int o = 0; o < OUT; o++)
        for (int n = 0; n < N; n++)
            y[n * OUT + o] = dot(x + n * IN, 1, w + o * IN, 1, IN) + (b ? b[o] : 0);
}

void mlp_linear_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy,
                         int N, int IN, int OUT)
{
    static const float one = 1;
    for (int i = 0; i < IN; i++) {
        for (int n = 0; n < N && dx; n++)
            dx[n * IN + i] = dot(dy + n * OUT, 1, w + i, IN, OUT);
        for (int o = 0; o < OUT; o++)
            dw[o * IN + i] += dot(dy + o, OUT, x + i, IN, N);
    }
    for (int o = 0; o < OUT && db; o++)
        db[o] += dot(dy + o, OUT, &one, 0, N);
}

void mlp_relu(float *y, const float *x, int N)
{
    memmove(y, x, N * sizeof *y);
    for (int n = 0; n < N; n++)
        if (y[n] < 0)
            y[n] = 0;
}

void mlp_relu_backward(float *dx, const float *x, const float *dy, int N)
{
    memmove(dx, dy, N * sizeof *dx);
    for (int n = 0; n < N; n++)
        if (!(x[n] > 0))
            dx[n] = 0;
}

void mlp_loss(float *loss, float *dy, const float *y, const int *target, int N, int C)
{
    float total = 0;
    for (int n = 0; n < N; n++) {
        float max = y[n * C], sum = 0;
        for (int c = 0; c < C; c++)
            max = y[n * C + c] > max ? y[n * C + c] : max;
        for (int c = 0; c < C; c++)
            sum += expf(y[n * C + c] - max);
        float lse = max + logf(sum);
        for (int c = 0; c < C; c++)
            dy[n * C + c] = (expf(y[n * C + c] - lse) - (c == target[n])) / N;
        total += lse - y[n * C + target[n]];
    }
    *loss = N ? total / N : 0;
}

void mlp_forward(float *act, const float *x, const float *p, int N, int L, const int *size)
{
    for (int l = 0; l < L; l++) {
        int IN = size[l], OUT = size[l + 1];
        for (int k = 0; k < N * OUT; k++) {
            float sum = dot(x + k / OUT * IN, 1, p + k % OUT * IN, 1, IN) + p[IN * OUT + k % OUT];
            act[k] = l + 1 < L && sum < 0 ? 0 : sum;
        }
        x = act, act += N * OUT, p += IN * OUT + OUT;
    }
}

void mlp_backward(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                  const int *size)
{
    int P = mlp_count_params(L, size), A = mlp_count_acts(N, L, size);
    for (int l = L - 1; l >= 0; l--) {
        int IN = size[l], OUT = size[l + 1];
        P -= IN * OUT + OUT, A -= N * OUT;
        float *scratch = malloc((N * IN + 1) * sizeof *scratch);
        mlp_linear_backward(scratch, dp + P, dp + P + IN * OUT, l ? act + A - N * IN : x, p + P, dact + A, N, IN, OUT);
        for (int k = 0; k < N * IN && l; k++)
            dact[A - N * IN + k] = act[A - N * IN + k] > 0 ? scratch[k] : 0;
        free(scratch);
    }
}

void mlp_update(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    for (int i = 0; i < P; i++)
        v[i] = fmaf(momentum, v[i], dp[i]);
    for (int i = 0; i < P; i++)
        p[i] = fmaf(-rate, v[i], p[i]);
}
