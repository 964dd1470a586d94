/* ndarray.c -- arrays of any number of dimensions, and views of them: what NumPy does, by shape and stride. */
#include "ndarray.h"

void ndarray_of(Ndarray *v, float *data, int ndim, const int *shape)
{
    v->data = data;
    v->ndim = ndim;
    /* exercise: copy the shape; a step along an axis passes over all that the axes behind it hold */
    int step = 1;
    for (int d = ndim - 1; d >= 0; d--) {
        v->shape[d] = shape[d];
        v->stride[d] = step;
        step *= shape[d];
    }
    /* end */
}

static int cut(int i, int low, int high) { return i < low ? low : i > high ? high : i; }

bool ndarray_slice(Ndarray *v, const Ndarray *a, int axis, int start, int stop, int step)
{
    int size = a->shape[axis];
    int low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;     /* where start and stop may lie */
    /* exercise: find the first element and count them; then data, shape and stride of this axis are all that changes */
    if (step == 0)
        return false;
    int from = start == NDARRAY_OPEN ? (step < 0 ? high : low) : cut(start < 0 ? start + size : start, low, high);
    int to = stop == NDARRAY_OPEN ? (step < 0 ? low : high) : cut(stop < 0 ? stop + size : stop, low, high);
    int far = step < 0 ? from - to : to - from, stride = step < 0 ? -step : step;
    int count = far > 0 ? (far - 1) / stride + 1 : 0;
    *v = *a;
    if (count > 0)                                  /* else from may lie outside */
        v->data += from * a->stride[axis];
    v->shape[axis] = count;
    v->stride[axis] *= step;
    return true;
    /* end */
}

bool ndarray_transpose(Ndarray *v, const Ndarray *a, const int *axes)
{
    Ndarray old = *a;                               /* v may be a */
    /* exercise: refuse an axis that a lacks, or that occurs twice; then take shape and stride of each axis along */
    unsigned seen = 0;
    for (int d = 0; d < old.ndim; d++) {
        if (axes[d] < 0 || axes[d] >= old.ndim || seen & 1u << axes[d])
            return false;
        seen |= 1u << axes[d];
    }
    *v = old;
    for (int d = 0; d < old.ndim; d++) {
        v->shape[d] = old.shape[axes[d]];
        v->stride[d] = old.stride[axes[d]];
    }
    return true;
    /* end */
}

static int count(int ndim, const int *shape)
{
    int n = 1;
    for (int d = 0; d < ndim; d++)
        n *= shape[d];
    return n;
}

/* Old axes from the last on are runs: one goes over into the next where its stride is what the other covers in all.
 * New axes cut a run into pieces. */
bool ndarray_reshape(Ndarray *v, const Ndarray *a, int ndim, const int *shape)
{
    Ndarray new = { .data = a->data, .ndim = ndim };
    int     old = a->ndim, left = 1, step = 1;      /* axes of a not yet used; of the run: elements, and their stride */
    if (count(ndim, shape) != count(a->ndim, a->shape))
        return false;
    if (count(ndim, shape) == 0) {                  /* nothing to reach: any strides will do */
        ndarray_of(v, a->data, ndim, shape);
        return true;
    }
    for (int d = ndim - 1; d >= 0; d--) {
        /* exercise: is the run used up, begin the next and let it grow; then the new axis takes its part, or fails */
        while (left == 1 && old > 0) {
            left = a->shape[--old];
            step = a->stride[old];
            while (old > 0 && (a->shape[old - 1] == 1 || a->stride[old - 1] == left * step))
                left *= a->shape[--old];
        }
        if (left % shape[d] != 0)
            return false;
        new.shape[d] = shape[d];
        new.stride[d] = step;
        left /= shape[d];
        step *= shape[d];
        /* end */
    }
    *v = new;
    return true;
}

bool ndarray_broadcast(Ndarray *v, Ndarray *w, const Ndarray *a, const Ndarray *b)
{
    int     ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    Ndarray x = { .data = a->data, .ndim = ndim }, y = { .data = b->data, .ndim = ndim };
    /* exercise: from the last axis to the first: both sizes, 1 where there is no axis; fit them, or return false */
    for (int d = ndim - 1, i = a->ndim - 1, j = b->ndim - 1; d >= 0; d--, i--, j--) {
        int m = i < 0 ? 1 : a->shape[i], n = j < 0 ? 1 : b->shape[j];
        if (m != n && m != 1 && n != 1)
            return false;
        x.shape[d] = y.shape[d] = m == 1 ? n : m;
        x.stride[d] = m == 1 ? 0 : a->stride[i];
        y.stride[d] = n == 1 ? 0 : b->stride[j];
    }
    /* end */
    *v = x;
    *w = y;
    return true;
}

/* a[i]: what is left when the first axis has been chosen. */
static Ndarray part(const Ndarray *a, int i)
{
    Ndarray v = { .data = a->data + i * a->stride[0], .ndim = a->ndim - 1 };
    for (int d = 1; d < a->ndim; d++) {
        v.shape[d - 1] = a->shape[d];
        v.stride[d - 1] = a->stride[d];
    }
    return v;
}

void ndarray_apply(const Ndarray *y, const Ndarray *a, const Ndarray *b, NdarrayBinary *f)
{
    /* exercise: no axis: one number. One axis: a loop with three strides. More: each part of the first, by itself */
    if (y->ndim == 0)
        *y->data = f(*a->data, *b->data);
    else if (y->ndim == 1)
        for (int i = 0; i < y->shape[0]; i++)
            y->data[i * y->stride[0]] = f(a->data[i * a->stride[0]], b->data[i * b->stride[0]]);
    else
        for (int i = 0; i < y->shape[0]; i++) {
            Ndarray yi = part(y, i), ai = part(a, i), bi = part(b, i);
            ndarray_apply(&yi, &ai, &bi, f);
        }
    /* end */
}

void ndarray_reduce(const Ndarray *y, const Ndarray *a, int axis, NdarrayFold *fold, double start)
{
    /* exercise: only axis left: fold it into one number. Else move it to the end, and take each part of the first */
    if (a->ndim == 1) {
        double sum = start;
        for (int i = 0; i < a->shape[0]; i++)
            sum = fold(sum, a->data[i * a->stride[0]]);
        *y->data = (float)sum;
        return;
    }
    Ndarray last = *a;                              /* a with that axis as its last: the others are y's, in order */
    for (int d = axis; d + 1 < a->ndim; d++) {
        last.shape[d] = a->shape[d + 1];
        last.stride[d] = a->stride[d + 1];
    }
    last.shape[a->ndim - 1] = a->shape[axis];
    last.stride[a->ndim - 1] = a->stride[axis];
    for (int i = 0; i < y->shape[0]; i++) {
        Ndarray yi = part(y, i), ai = part(&last, i);
        ndarray_reduce(&yi, &ai, ai.ndim - 1, fold, start);
    }
    /* end */
}

void ndarray_matmul(const Ndarray *C, const Ndarray *A, const Ndarray *B)
{
    /* exercise: two axes: three loops with six strides. More: each part of the first axis is a product of its own */
    if (C->ndim > 2) {
        for (int i = 0; i < C->shape[0]; i++) {
            Ndarray Ci = part(C, i), Ai = part(A, i), Bi = part(B, i);
            ndarray_matmul(&Ci, &Ai, &Bi);
        }
        return;
    }
    for (int m = 0; m < C->shape[0]; m++)
        for (int n = 0; n < C->shape[1]; n++) {
            const float *a = A->data + m * A->stride[0], *b = B->data + n * B->stride[1];
            double       sum = 0;
            for (int k = 0; k < A->shape[1]; k++)
                sum += (double)a[k * A->stride[1]] * b[k * B->stride[0]];
            C->data[m * C->stride[0] + n * C->stride[1]] = (float)sum;
        }
    /* end */
}
