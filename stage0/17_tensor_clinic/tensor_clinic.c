/* tensor_clinic.c -- eight small programs that use the tensor library, each with one mistake to be found and mended. */
#include "tensor_clinic.h"
#include <string.h>
#include "ops.h"

/* ---- What all of them need --------------------------------------------------------------------------------------- */

/* A step's tape, and an arena for what comes from outside. */
typedef struct Lab { Arena *arena; Tape *tape; } Lab;

static Lab lab_open(void) { return (Lab){ arena_new("clinic"), tape_new("clinic") }; }

static void lab_close(Lab l)
{
    tape_free(l.tape);
    arena_free(l.arena);
}

static Tensor *matrix(Lab l, const float *values, int rows, int columns)
{
    Tensor *x = tensor_new(l.arena, DEV_CPU, F32, SHAPE(rows, columns));
    memcpy(x->data, values, tensor_bytes(x));
    return x;
}

static Tensor *vector(Lab l, const float *values, int n)
{
    Tensor *x = tensor_new(l.arena, DEV_CPU, F32, SHAPE(n));
    memcpy(x->data, values, tensor_bytes(x));
    return x;
}

/* x, of which the gradient is wanted. */
static Tensor *learned(Tensor *x)
{
    x->needs_grad = true;
    return x;
}

static void read_out(float *to, const Tensor *x) { memcpy(to, x->data, tensor_bytes(x)); }

static float number(const Tensor *x) { return (float)tensor_get(x, 0); }

/* The GPU, played: another label on the same memory. */
static Tensor *to_gpu(Tensor *x)
{
    x->device = DEV_CUDA;
    return x;
}

static Tensor *to_cpu(Tensor *x)
{
    x->device = DEV_CPU;
    return x;
}

/* ---- The eight programs ------------------------------------------------------------------------------------------ */

void tensor_clinic_shape(float *y, const float *x, const float *w, const float *b, int N, int IN, int OUT)
{
    Lab     l = lab_open();
    Tensor *X = matrix(l, x, N, IN), *W = matrix(l, w, OUT, IN), *B = vector(l, b, OUT), *Y;
    /* exercise: x w^T + b: w is (OUT,IN) */
    Y = op_matmul(l.tape, X, op_transpose(l.tape, W, 0, 1));
    Y = op_add(l.tape, Y, B);
    /* given:
    Y = op_matmul(l.tape, X, W);
    Y = op_add(l.tape, Y, B);
    */
    /* end */
    read_out(y, Y);
    lab_close(l);
}

float tensor_clinic_dtype(float *dx, const float *x, const int *label, int N, int C)
{
    Lab     l = lab_open();
    Tensor *X = learned(matrix(l, x, N, C)), *target;
    /* exercise: classes are counts: 32-bit integers */
    target = tensor_new(l.arena, DEV_CPU, I32, SHAPE(N));
    for (int n = 0; n < N; n++)
        ((int32_t *)target->data)[n] = label[n];
    /* given:
    target = tensor_new(l.arena, DEV_CPU, F32, SHAPE(N));
    for (int n = 0; n < N; n++)
        ((float *)target->data)[n] = (float)label[n];
    */
    /* end */
    Tensor *loss = op_cross_entropy(l.tape, X, target);
    tape_backward(l.tape, loss);
    float mean = number(loss);
    read_out(dx, X->grad);
    lab_close(l);
    return mean;
}

void tensor_clinic_device(float *y, const float *x, const float *scale, int N, int C)
{
    Lab     l = lab_open();
    Tensor *X = matrix(l, x, N, C), *S = to_gpu(vector(l, scale, C)), *Y;
    /* exercise: both factors on one device, and the result on the CPU */
    Y = op_mul(l.tape, X, to_cpu(S));
    /* given:
    Y = op_mul(l.tape, X, S);
    */
    /* end */
    read_out(y, Y);
    lab_close(l);
}

void tensor_clinic_stride(float *y, const float *x, int N, int C)
{
    Lab     l = lab_open();
    Tensor *X = matrix(l, x, N, C), *Y;
    /* exercise: read_out copies memory as it lies */
    Y = op_contiguous(l.tape, op_transpose(l.tape, op_exp(l.tape, X), 0, 1));
    /* given:
    Y = op_transpose(l.tape, op_exp(l.tape, X), 0, 1);
    */
    /* end */
    read_out(y, Y);
    lab_close(l);
}

void tensor_clinic_alias(float *y, float *dx, const float *x, int N)
{
    Lab     l = lab_open();
    Tensor *X = learned(vector(l, x, N)), *Y;
    /* exercise: tanh's gradient is made of tanh's output */
    Y = op_add(l.tape, op_tanh(l.tape, X), X);
    /* given:
    Y = op_tanh(l.tape, X);
    Y = op_accumulate(l.tape, Y, X);
    */
    /* end */
    read_out(y, Y);
    tape_backward(l.tape, op_sum(l.tape, Y, 1u << 0));
    read_out(dx, X->grad);
    lab_close(l);
}

float tensor_clinic_lifetime(float *dx, const float *x, int N)
{
    Lab     l = lab_open();
    Tensor *X = learned(vector(l, x, N)), *h, *loss;
    float   mean;
    /* exercise: who reads h after tape_backward has to say so before it */
    h = tape_keep(op_sigmoid(l.tape, X));
    loss = op_mean(l.tape, op_square(l.tape, h), 1u << 0);
    tape_backward(l.tape, loss);
    mean = number(op_mean(l.tape, h, 1u << 0));
    /* given:
    h = op_sigmoid(l.tape, X);
    loss = op_mean(l.tape, op_square(l.tape, h), 1u << 0);
    tape_backward(l.tape, loss);
    mean = number(op_mean(l.tape, h, 1u << 0));
    */
    /* end */
    read_out(dx, X->grad);
    lab_close(l);
    return mean;
}

void tensor_clinic_axis(float *y, const float *x, int N, int C)
{
    Lab     l = lab_open();
    Tensor *X = matrix(l, x, N, C), *mean, *Y;
    /* exercise: a mean for each row, beside all columns of that row */
    mean = op_mean(l.tape, X, 1u << 1);
    Y = op_sub(l.tape, X, op_reshape(l.tape, mean, SHAPE(N, 1)));
    /* given:
    mean = op_mean(l.tape, X, 1u << 0);
    Y = op_sub(l.tape, X, mean);
    */
    /* end */
    read_out(y, Y);
    lab_close(l);
}

void tensor_clinic_reset(float *w, float *loss, const float *x, const float *y, float rate, int steps, int N, int D)
{
    Lab     l = lab_open();
    Tensor *X = matrix(l, x, N, D), *Y = matrix(l, y, N, 1), *W = tensor_new(l.arena, DEV_CPU, F32, SHAPE(D, 1));
    memset(W->data, 0, tensor_bytes(W));
    learned(W);
    for (int s = 0; s < steps; s++) {
        Tensor *off = op_sub(l.tape, op_matmul(l.tape, X, W), Y);
        Tensor *mean = op_mean(l.tape, op_square(l.tape, off), 1u << 0 | 1u << 1);
        tape_backward(l.tape, mean);
        loss[s] = number(mean);
        /* exercise: a step downhill; then all of the step is over: its gradient, and what is on the tape */
        for (int d = 0; d < D; d++)
            ((float *)W->data)[d] -= rate * ((float *)W->grad->data)[d];
        tensor_drop_grad(W);
        tape_reset(l.tape);
        /* given:
        for (int d = 0; d < D; d++)
            ((float *)W->data)[d] -= rate * ((float *)W->grad->data)[d];
        tape_reset(l.tape);
        */
        /* end */
    }
    read_out(w, W);
    lab_close(l);
}
