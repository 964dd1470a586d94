/* by_number.c -- an honest variant: element i of a view is found by division; views are tried, and checked. */
#include "ndarray.h"

static int size_of(int ndim, const int *shape) { return ndim ? shape[ndim - 1] * size_of(ndim - 1, shape) : 1; }

/* Where the i-th element in row-major order lies. */
static int place(const Ndarray *v, int i)
{
    int at = 0;
    for (int d = v->ndim; d-- > 0; i /= v->shape[d]) at += i % v->shape[d] * v->stride[d];
    return at;
}

void ndarray_of(Ndarray *v, float *data, int ndim, const int *shape)
{
    *v = (Ndarray){ .data = data, .ndim = ndim };
    for (int d = 0; d < ndim; d++) v->shape[d] = shape[d], v->stride[d] = size_of(ndim - d - 1, shape + d + 1);
}

bool ndarray_slice(Ndarray *v, const Ndarray *a, int axis, int start, int stop, int step)
{
    int size = a->shape[axis], n = 0, first = 0;
    if (!step) return false;
    int from = start == NDARRAY_OPEN ? (step > 0 ? 0 : size - 1) : start < 0 ? start + size : start;
    int to = stop == NDARRAY_OPEN ? (step > 0 ? size : -1) : stop < 0 ? stop + size : stop;
    if (stop != NDARRAY_OPEN && to < 0) to = -1;
    if (step > 0 && from < 0) from = 0;
    if (step < 0 && from >= size) from = size - 1;
    for (int i = from; i >= 0 && i < size && (step > 0 ? i < to : i > to); i += step)
        if (n++ == 0) first = i;
    *v = *a;
    v->data += first * a->stride[axis];
    v->shape[axis] = n;
    v->stride[axis] = a->stride[axis] * step;
    return true;
}

bool ndarray_transpose(Ndarray *v, const Ndarray *a, const int *axes)
{
    Ndarray t = { .data = a->data, .ndim = a->ndim };
    for (int d = 0; d < a->ndim; d++) {
        int times = 0;
        for (int e = 0; e < a->ndim; e++)
            if (axes[e] == d) t.shape[e] = a->shape[d], t.stride[e] = a->stride[d], times++;
        if (times != 1) return false;
    }
    *v = t;
    return true;
}

/* If any strides do, these: where the second element of each axis lies. */
bool ndarray_reshape(Ndarray *v, const Ndarray *a, int ndim, const int *shape)
{
    Ndarray t = { .data = a->data, .ndim = ndim };
    int     n = size_of(ndim, shape);
    if (n != size_of(a->ndim, a->shape)) return false;
    for (int d = 0; d < ndim; d++) {
        int next = size_of(ndim - d - 1, shape + d + 1);
        t.shape[d] = shape[d], t.stride[d] = n > 0 && shape[d] > 1 ? place(a, next) : 3;
    }
    for (int i = 0; i < n; i++)
        if (place(&t, i) != place(a, i)) return false;
    *v = t;
    return true;
}

bool ndarray_broadcast(Ndarray *v, Ndarray *w, const Ndarray *a, const Ndarray *b)
{
    const Ndarray *in[] = { a, b };
    Ndarray        out[2];
    int            ndim = 0, shape[NDARRAY_DIMS];
    for (int d = 0; d < NDARRAY_DIMS; d++) shape[d] = 1;    /* from the end */
    for (int k = 0; k < 2; k++) {
        if (in[k]->ndim > ndim) ndim = in[k]->ndim;
        for (int d = 0; d < in[k]->ndim; d++) {
            int size = in[k]->shape[in[k]->ndim - 1 - d];
            if (size == 1) continue;
            if (shape[d] != 1 && shape[d] != size) return false;
            shape[d] = size;
        }
    }
    for (int k = 0; k < 2; k++) {
        out[k] = (Ndarray){ .data = in[k]->data, .ndim = ndim };
        for (int d = 0; d < ndim; d++) {
            int at = in[k]->ndim - 1 - d;
            out[k].shape[ndim - 1 - d] = shape[d];
            if (at >= 0 && in[k]->shape[at] != 1) out[k].stride[ndim - 1 - d] = in[k]->stride[at];
        }
    }
    *v = out[0], *w = out[1];
    return true;
}

void ndarray_apply(const Ndarray *y, const Ndarray *a, const Ndarray *b, NdarrayBinary *f)
{
    for (int i = size_of(y->ndim, y->shape); i-- > 0;)
        y->data[place(y, i)] = f(a->data[place(a, i)], b->data[place(b, i)]);
}

void ndarray_reduce(const Ndarray *y, const Ndarray *a, int axis, NdarrayFold *fold, double start)
{
    Ndarray a0 = *a;                                        /* without the axis: where a sum begins */
    a0.ndim--;
    for (int d = axis; d < a0.ndim; d++) a0.shape[d] = a->shape[d + 1], a0.stride[d] = a->stride[d + 1];
    for (int i = size_of(y->ndim, y->shape); i-- > 0;) {
        const float *x = a->data + place(&a0, i);
        double       sum = start;
        for (int k = 0; k < a->shape[axis]; k++, x += a->stride[axis]) sum = fold(sum, *x);
        y->data[place(y, i)] = (float)sum;
    }
}

void ndarray_matmul(const Ndarray *C, const Ndarray *A, const Ndarray *B)
{
    int N = C->shape[C->ndim - 1], M = C->shape[C->ndim - 2], K = A->shape[A->ndim - 1];
    for (int i = size_of(C->ndim, C->shape); i-- > 0;) {
        float hi = 0, lo = 0;                               /* two floats for a double */
        for (int k = 0; k < K; k++) {
            float p = A->data[place(A, i / N * K + k)] * B->data[place(B, (i / (M * N) * K + k) * N + i % N)];
            float s = hi + p, t = s - hi;
            lo += (hi - (s - t)) + (p - t);
            hi = s;
        }
        C->data[place(C, i)] = hi + lo;
    }
}
