/* counter.c -- an honest variant: indices count up like the wheels of an odometer; axes that go together are merged. */
#include <string.h>
#include "ndarray.h"

/* A walk over several arrays of one shape. */
typedef struct Walk { int ndim, index[NDARRAY_DIMS], shape[NDARRAY_DIMS]; bool done; } Walk;

static Walk walk(int ndim, const int *shape)
{
    Walk w = { .ndim = ndim };
    for (int d = 0; d < ndim; d++) {
        w.shape[d] = shape[d];
        w.done |= shape[d] == 0;
    }
    return w;
}

static void next(Walk *w)
{
    int d = w->ndim - 1;
    while (d >= 0 && ++w->index[d] == w->shape[d]) w->index[d--] = 0;
    w->done = d < 0;
}

static float *at(const Ndarray *v, const Walk *w)
{
    float *p = v->data;
    for (int d = 0; d < w->ndim; d++) p += w->index[d] * v->stride[d];
    return p;
}

void ndarray_of(Ndarray *v, float *data, int ndim, const int *shape)
{
    Ndarray n = { .data = data, .ndim = ndim };
    memcpy(n.shape, shape, (size_t)ndim * sizeof *shape);
    for (int d = 0; d < ndim; d++) {
        n.stride[d] = 1;
        for (int e = 0; e < d; e++) n.stride[e] *= shape[d];
    }
    *v = n;
}

bool ndarray_slice(Ndarray *v, const Ndarray *a, int axis, int start, int stop, int step)
{
    if (step == 0) return false;
    if (step < 0) {                         /* turn the axis round, and slice forwards */
        int     size = a->shape[axis];
        Ndarray turned = *a;
        if (size) turned.data += (size - 1) * a->stride[axis];
        turned.stride[axis] = -a->stride[axis];
        int from = start == NDARRAY_OPEN ? 0 : size - 1 - (start < 0 ? start + size : start);
        int to = stop == NDARRAY_OPEN ? size : size - 1 - (stop < 0 ? stop + size : stop);
        if (from < 0) from = 0;
        if (to < 0) to = 0;
        return ndarray_slice(v, &turned, axis, from, to, -step);
    }
    int size = a->shape[axis], from = start, to = stop, n = 0;
    if (start == NDARRAY_OPEN) from = 0;
    if (stop == NDARRAY_OPEN) to = size;
    if (from < 0) from += size;
    if (to < 0) to += size;
    if (from < 0) from = 0;
    if (to > size) to = size;
    while (from + n * step < to) n++;
    Ndarray s = *a;
    if (n) s.data += from * a->stride[axis];
    s.shape[axis] = n, s.stride[axis] = step * a->stride[axis];
    *v = s;
    return true;
}

bool ndarray_transpose(Ndarray *v, const Ndarray *a, const int *axes)
{
    int used[NDARRAY_DIMS] = { 0 };
    for (int d = 0; d < a->ndim; d++)
        if (axes[d] < 0 || axes[d] >= a->ndim || used[axes[d]]++) return false;
    Ndarray t = *a;
    for (int d = 0; d < a->ndim; d++) t.shape[d] = a->shape[axes[d]], t.stride[d] = a->stride[axes[d]];
    *v = t;
    return true;
}

/* Runs first: axes merged as far as they go. Then each run is shared out among new axes, front to back. */
bool ndarray_reshape(Ndarray *v, const Ndarray *a, int ndim, const int *shape)
{
    int     size[NDARRAY_DIMS], step[NDARRAY_DIMS], runs = 0, n = 1, m = 1, r = 0, before = 1;
    Ndarray t = { .data = a->data, .ndim = ndim };
    for (int d = 0; d < a->ndim; d++) {
        n *= a->shape[d];
        if (a->shape[d] == 1) continue;
        if (runs && step[runs - 1] == a->stride[d] * a->shape[d]) size[runs - 1] *= a->shape[d];
        else size[runs++] = a->shape[d];
        step[runs - 1] = a->stride[d];
    }
    for (int d = 0; d < ndim; d++) m *= shape[d], t.shape[d] = shape[d];
    if (m != n) return false;
    for (int d = 0; n > 0 && d < ndim; d++) {
        if (shape[d] == 1) continue;
        before *= shape[d];
        if (size[r] % before) return false;
        t.stride[d] = step[r] * (size[r] / before);
        if (before == size[r]) r++, before = 1;
    }
    *v = t;
    return true;
}

bool ndarray_broadcast(Ndarray *v, Ndarray *w, const Ndarray *a, const Ndarray *b)
{
    if (a->ndim < b->ndim) return ndarray_broadcast(w, v, b, a);
    int     shift = a->ndim - b->ndim;
    Ndarray x = *a, y = { .data = b->data, .ndim = a->ndim };
    for (int d = 0; d < a->ndim; d++) {
        int size = d < shift ? 1 : b->shape[d - shift];
        if (d >= shift) y.stride[d] = b->stride[d - shift];
        if (x.shape[d] == 1) x.stride[d] = 0, x.shape[d] = size;
        else if (size == 1) y.stride[d] = 0;
        else if (size != x.shape[d]) return false;
    }
    memcpy(y.shape, x.shape, sizeof y.shape);
    *v = x, *w = y;
    return true;
}

void ndarray_apply(const Ndarray *y, const Ndarray *a, const Ndarray *b, NdarrayBinary *f)
{
    for (Walk w = walk(y->ndim, y->shape); !w.done; next(&w)) *at(y, &w) = f(*at(a, &w), *at(b, &w));
}

void ndarray_reduce(const Ndarray *y, const Ndarray *a, int axis, NdarrayFold *fold, double start)
{
    for (Walk w = walk(y->ndim, y->shape); !w.done; next(&w)) {
        const float *x = a->data;
        double       sum = start;
        for (int d = 0; d < y->ndim; d++) x += w.index[d] * a->stride[d + (d >= axis)];
        for (int k = 0; k < a->shape[axis]; k++) sum = fold(sum, x[k * a->stride[axis]]);
        *at(y, &w) = (float)sum;
    }
}

void ndarray_matmul(const Ndarray *C, const Ndarray *A, const Ndarray *B)
{
    int last = C->ndim - 1, K = A->shape[last];
    for (Walk w = walk(C->ndim, C->shape); !w.done; next(&w)) {
        Walk   i = w, j = w;
        double sum = 0;
        i.index[last] = j.index[last - 1] = 0;
        const float *a = at(A, &i), *b = at(B, &j);
        for (int k = K; k-- > 0;) sum += (double)b[k * B->stride[last - 1]] * a[k * A->stride[last]];
        *at(C, &w) = (float)sum;
    }
}
