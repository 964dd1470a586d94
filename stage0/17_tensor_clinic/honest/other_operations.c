/* other_operations.c -- an honest variant: the library's other operations, and numbers read one by one. */
#include "tensor_clinic.h"
#include <string.h>
#include "ops.h"

static Arena *arena;
static Tape  *tape;

static void begin(void) { arena = arena_new("honest"), tape = tape_new("honest"); }
static void finish(void) { tape_free(tape), arena_free(arena); }

static Tensor *from(const float *v, int rows, int columns)
{
    Tensor *x = tensor_new(arena, DEV_CPU, F32, SHAPE(rows, columns));
    for (int i = 0; i < rows * columns; i++) tensor_set(x, i, v[i]);
    return x;
}

static void out(float *y, const Tensor *x)              /* element by element: strides do not matter */
{
    for (int64_t i = 0; i < tensor_count(x); i++) y[i] = (float)tensor_get(x, i);
}

void tensor_clinic_shape(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    begin();
    out(y, op_linear(tape, from(x, N, IN), from(w, OUT, IN), op_reshape(tape, from(b, 1, OUT), SHAPE(OUT))));
    finish();
}

float tensor_clinic_dtype(float *dx, const float *x, const int *label, int N, int C)
{
    begin();
    Tensor *X = from(x, N, C), *one = tensor_new(arena, DEV_CPU, F32, SHAPE(N, C));
    X->needs_grad = true;
    for (int i = 0; i < N * C; i++) tensor_set(one, i, i % C == label[i / C]);
    Tensor *loss = op_scale(tape, op_sum(tape, op_mul(tape, op_log_softmax(tape, X), one), 3), -1.0 / N);
    tape_backward(tape, loss);
    float mean = (float)tensor_get(loss, 0);
    out(dx, X->grad);
    finish();
    return mean;
}

void tensor_clinic_device(float *y, const float *x, const float *scale, int N, int C)
{
    begin();
    Tensor *S = op_expand(tape, from(scale, 1, C), SHAPE(N, C));
    out(y, op_mul(tape, S, from(x, N, C)));
    finish();
}

void tensor_clinic_stride(float *y, const float *x, int N, int C)
{
    begin();
    out(y, op_exp(tape, op_transpose(tape, from(x, N, C), 1, 0)));
    finish();
}

void tensor_clinic_alias(float *y, float *dx, const float *x, int N)
{
    begin();
    Tensor *X = from(x, 1, N);
    X->needs_grad = true;
    Tensor *Y = op_accumulate(tape, op_shift(tape, op_tanh(tape, X), 0), X);
    out(y, Y);
    tape_backward(tape, op_sum(tape, Y, 3));
    out(dx, X->grad);
    finish();
}

float tensor_clinic_lifetime(float *dx, const float *x, int N)
{
    begin();
    Tensor *X = from(x, 1, N);
    X->needs_grad = true;
    Tensor *h = op_sigmoid(tape, X);
    float   mean = (float)tensor_get(op_mean(tape, h, 3), 0);       /* read before */
    tape_backward(tape, op_mean(tape, op_mul(tape, h, h), 3));
    out(dx, X->grad);
    finish();
    return mean;
}

void tensor_clinic_axis(float *y, const float *x, int N, int C)
{
    begin();
    Tensor *T = op_transpose(tape, from(x, N, C), 0, 1);            /* now they are columns */
    out(y, op_transpose(tape, op_sub(tape, T, op_mean(tape, T, 1u << 0)), 0, 1));
    finish();
}

void tensor_clinic_reset(float *w, float *loss, const float *x, const float *y, float rate, int steps, int N, int D)
{
    for (int d = 0; d < D; d++) w[d] = 0;
    for (int s = 0; s < steps; s++) {                               /* everything anew for each step */
        begin();
        Tensor *X = from(x, N, D), *Y = from(y, N, 1), *W = from(w, D, 1);
        W->needs_grad = true;
        Tensor *mean = op_mse(tape, op_matmul(tape, X, W), Y);
        tape_backward(tape, mean);
        loss[s] = (float)tensor_get(mean, 0);
        for (int d = 0; d < D; d++) w[d] -= rate * (float)tensor_get(W->grad, d);
        finish();
    }
}
