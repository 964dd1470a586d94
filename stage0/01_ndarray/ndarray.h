/* ndarray.h -- arrays of any number of dimensions, and views of them: what NumPy does, by shape and stride. */
/* kind: kernel; needs: nothing */
#pragma once
#include <stdbool.h>
#include "todo.h"

enum { NDARRAY_DIMS = 6 };          /* at most */

/*
 * A view of memory that somebody else owns: the element with index (i, j, ..) is data[i stride[0] + j stride[1] + ..].
 * Strides count floats, not bytes; they may be negative, and 0. shape[d] >= 0. ndim 0: one number. Entries of shape and
 * stride from ndim on mean nothing. Sizes times strides times steps stay within an int.
 */
typedef struct Ndarray {
    float *data;
    int    ndim;
    int    shape[NDARRAY_DIMS], stride[NDARRAY_DIMS];
} Ndarray;

/*
 * The first five make a view *v and move no number. Where they return a bool: false, and *v as it was, if what is asked
 * for cannot be had. v may be a. A view of an array without elements may have any data and strides.
 */

/* All of data, in row-major order: the last index runs fastest. stride[d] = shape[d+1] shape[d+2] .., the last 1. */
void ndarray_of(Ndarray *v, float *data, int ndim, const int *shape);

/*
 * a[start:stop:step] along one axis, as Python counts. Elements start, start + step, .. that come before stop; below it
 * if step > 0, above it if step < 0. A negative start or stop counts from the end: -1 is the last element. What lies
 * outside is cut to what is there, so a slice may be short, or empty. NDARRAY_OPEN: left out, as in a[::-1]; then all
 * the way in the direction of step. False: step is 0.
 */
enum { NDARRAY_OPEN = -2147483647 - 1 };
bool ndarray_slice(Ndarray *v, const Ndarray *a, int axis, int start, int stop, int step);

/* v's axis d is a's axis axes[d]: for a matrix (1, 0) is its transpose. False: not each axis of a once. */
bool ndarray_transpose(Ndarray *v, const Ndarray *a, const int *axes);             /* axes (ndim) */

/*
 * The same elements in the same row-major order, in another shape. False: not as many elements, or no strides reach
 * them, so that they would have to be copied (a transposed matrix made flat). shape[d] >= 0.
 */
bool ndarray_reshape(Ndarray *v, const Ndarray *a, int ndim, const int *shape);

/*
 * a and b as views v and w of one common shape. Axes are matched from the last; where one array has none, or an axis of
 * size 1, it is repeated: stride 0. False: two sizes that differ, and neither is 1. v may be a, w may be b.
 */
bool ndarray_broadcast(Ndarray *v, Ndarray *w, const Ndarray *a, const Ndarray *b);

/*
 * The others write the elements of y, whatever the strides of each array; of y no two may share a place, and y shares
 * none with an input unless it is the same view.
 */

/* y = f(a, b), element by element. All three have the same shape. */
typedef float NdarrayBinary(float a, float b);
void ndarray_apply(const Ndarray *y, const Ndarray *a, const Ndarray *b, NdarrayBinary *f);

/*
 *   y[..] = fold(.. fold(fold(start, a[.. 0 ..]), a[.. 1 ..]) .., a[.. last ..])
 *
 * along one axis, first to last, in double; y's shape is a's without that axis. An axis of size 0 gives start.
 */
typedef double NdarrayFold(double sum, double x);
void ndarray_reduce(const Ndarray *y, const Ndarray *a, int axis, NdarrayFold *fold, double start);

/*
 *   C[.., m, n] = sum over k of A[.., m, k] B[.., k, n], summed in double
 *
 * (..,M,N), (..,M,K), (..,K,N), all with the same axes in front, at least two axes. K = 0 gives 0.
 */
void ndarray_matmul(const Ndarray *C, const Ndarray *A, const Ndarray *B);
