/* mlp.c -- a multilayer perceptron by hand: a neuron, a layer, the way forward, the way back, the step downhill. */
#include <math.h>
#include <stddef.h>
#include "mlp.h"

int mlp_count_params(int L, const int *size)
{
    int count = 0;
    for (int l = 0; l < L; l++)
        count += (size[l] + 1) * size[l + 1];               /* w (OUT,IN), b (OUT) */
    return count;
}

int mlp_count_acts(int N, int L, const int *size)
{
    int count = 0;
    for (int l = 0; l < L; l++)
        count += N * size[l + 1];
    return count;
}

/* y = 1 if w . x + b > 0, else 0 */
void mlp_neuron(float *y, const float *x, const float *w, float b, int N, int IN)
{
    /* exercise: for each row add up its weighted inputs and the bias; y is 1 where the sum is positive, else 0 */
    for (int n = 0; n < N; n++) {
        double sum = b;                                     /* in double: IN roundings cost nothing there */
        for (int i = 0; i < IN; i++)
            sum += (double)w[i] * x[n * IN + i];
        y[n] = sum > 0;
    }
    /* end */
}

/* w += rate (target - y) x,  b += rate (target - y): nothing moves where the answer is right */
int mlp_neuron_learn(float *w, float *b, const float *x, const float *target, int N, int IN, float rate)
{
    /* exercise: row by row: ask the neuron, move w and b by the error; return how many answers were wrong */
    int wrong = 0;
    for (int n = 0; n < N; n++) {
        const float *row = x + n * IN;
        float y;
        mlp_neuron(&y, row, w, *b, 1, IN);
        float error = target[n] - y;                        /* -1, 0 or 1 */
        for (int i = 0; i < IN; i++)
            w[i] += rate * error * row[i];
        *b += rate * error;
        wrong += error != 0;
    }
    return wrong;
    /* end */
}

/* y = x w^T + b */
void mlp_linear(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    /* exercise: y[n][o] is the bias of output o plus row n of x times row o of w; b may be NULL */
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double sum = b ? b[o] : 0;
            for (int i = 0; i < IN; i++)
                sum += (double)x[n * IN + i] * w[o * IN + i];
            y[n * OUT + o] = sum;
        }
    /* end */
}

/* dx = dy w,  dw += dy^T x,  db += sum dy */
void mlp_linear_backward(float *dx, float *dw, float *db, const float *x, const float *w, const float *dy,
                         int N, int IN, int OUT)
{
    /* exercise: write dx where it is wanted, add to dw, add to db where there is one */
    for (int n = 0; n < N && dx; n++)
        for (int i = 0; i < IN; i++)
            dx[n * IN + i] = 0;
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {                     /* y[n][o] met every x[n][i], through w[o][i] */
            float g = dy[n * OUT + o];
            for (int i = 0; i < IN && dx; i++)
                dx[n * IN + i] += g * w[o * IN + i];
            for (int i = 0; i < IN; i++)
                dw[o * IN + i] += g * x[n * IN + i];
            if (db)
                db[o] += g;
        }
    /* end */
}

void mlp_relu(float *y, const float *x, int N)
{
    for (int n = 0; n < N; n++)
        y[n] = x[n] < 0 ? 0 : x[n];                         /* this way round NaN stays NaN */
}

/* dx = dy [x > 0] */
void mlp_relu_backward(float *dx, const float *x, const float *dy, int N)
{
    /* exercise: let dy through where x is positive, and nothing elsewhere */
    for (int n = 0; n < N; n++)
        dx[n] = x[n] > 0 ? dy[n] : 0;
    /* end */
}

/* loss = mean (log sum exp y - y[target]),  dy = (softmax(y) - one-hot) / N */
void mlp_loss(float *loss, float *dy, const float *y, const int *target, int N, int C)
{
    double total = 0;
    for (int n = 0; n < N; n++, y += C, dy += C) {
        double max = -INFINITY, sum = 0, right = y[target[n]];
        for (int c = 0; c < C; c++)
            max = fmax(max, y[c]);
        for (int c = 0; c < C; c++)
            sum += exp(y[c] - max);                         /* the largest is exp(0): no overflow */
        total += log(sum) + max - right;
        for (int c = 0; c < C; c++)
            dy[c] = (exp(y[c] - max) / sum - (c == target[n])) / N;
    }
    *loss = N ? total / N : 0;
}

/* a = relu(x w0^T + b0), a = relu(a w1^T + b1), ..., scores = a w^T + b */
void mlp_forward(float *act, const float *x, const float *p, int N, int L, const int *size)
{
    /* exercise: for each layer linear, then ReLU unless it is the last; its output is the next one's input */
    for (int l = 0; l < L; l++) {
        int IN = size[l], OUT = size[l + 1];
        const float *w = p, *b = p + IN * OUT;
        mlp_linear(act, x, w, b, N, IN, OUT);
        if (l < L - 1)
            mlp_relu(act, act, N * OUT);
        x = act;
        act += N * OUT;
        p += (IN + 1) * OUT;
    }
    /* end */
}

/* The same walk from the other end: every pointer starts behind its array and steps back a layer at a time. */
void mlp_backward(float *dp, float *dact, const float *x, const float *act, const float *p, int N, int L,
                  const int *size)
{
    /* exercise: from the last layer to the first: gradients of its parameters and its input, then ReLU's slope */
    int P = mlp_count_params(L, size), A = mlp_count_acts(N, L - 1, size);
    p += P, dp += P, act += A, dact += A;                   /* act, dact: at the scores */
    for (int l = L - 1; l >= 0; l--) {
        int IN = size[l], OUT = size[l + 1];
        const float *in = l ? act - N * IN : x;             /* what entered layer l */
        float *din = l ? dact - N * IN : NULL;              /* no gradient for the data */
        p -= (IN + 1) * OUT, dp -= (IN + 1) * OUT;
        mlp_linear_backward(din, dp, dp + IN * OUT, in, p, dact, N, IN, OUT);
        if (l)
            mlp_relu_backward(din, in, din, N * IN);
        act = in, dact = din;
    }
    /* end */
}

/* v = momentum v + dp,  p -= rate v */
void mlp_update(float *p, float *v, const float *dp, int P, float rate, float momentum)
{
    /* exercise: let the gradient push the velocity, and the velocity move the parameters */
    for (int i = 0; i < P; i++) {
        v[i] = momentum * v[i] + dp[i];
        p[i] -= rate * v[i];
    }
    /* end */
}
