/* test_ndarray.c -- the probes that grade ndarray.c, and the oracles that prove it right. */
#include <math.h>
#include <string.h>
#include "probe.h"
#include "ndarray.h"

enum { MANY = 8192 };                                   /* elements at most */

/* ---- Views made here: no step waits for another ------------------------------------------------------------------ */

/* Orders that the elements may lie in. AS_THEY_COME is row-major; GAPS leaves every other place out. */
enum { AS_THEY_COME, COLUMNS_FIRST, BACKWARDS, GAPS, ORDERS };

typedef float *Make(int n);

static int count(int ndim, const int *shape)
{
    int n = 1;
    for (int d = 0; d < ndim; d++) n *= shape[d];
    return n;
}

/* memory: all of it, with the gaps; *places how many that are. */
static Ndarray lay(Make *make, float **memory, int *places, int order, int ndim, const int *shape)
{
    Ndarray v = { .ndim = ndim };
    int     step = order == GAPS ? 2 : 1;
    *places = count(ndim, shape) * step;
    *memory = v.data = make(*places ? *places : 1);
    for (int i = 0; i < ndim; i++) {
        int d = (order == COLUMNS_FIRST ? i : ndim - 1 - i) % NDARRAY_DIMS;
        v.shape[d] = shape[d], v.stride[d] = step;
        if (order == BACKWARDS && *places) v.data += (shape[d] - 1) * step, v.stride[d] = -step;
        step *= shape[d];
    }
    return v;
}

static Ndarray given(int order, int ndim, const int *shape)
{
    float *memory;
    int    places;
    return lay(probe_floats, &memory, &places, order, ndim, shape);
}

/* The first axis once more and once more: stride 0. */
static Ndarray repeated(Ndarray a)
{
    if (a.ndim) a.stride[0] = 0;
    return a;
}

#define VIEW(order, ...) given(order, sizeof(int[]){ __VA_ARGS__ } / sizeof(int), (int[]){ __VA_ARGS__ })

/* The element of v that is the i-th in row-major order. */
static float *element(const Ndarray *v, int i)
{
    float *p = v->data;
    for (int d = v->ndim - 1; d >= 0; i /= v->shape[d--]) p += i % v->shape[d] * v->stride[d];
    return p;
}

/* At most 5^4 elements; one axis in eight has none. */
static int some_shape(int *shape)
{
    int ndim = probe_pick(1, 2, 3, 4, 0, 2, 3);
    for (int d = 0; d < ndim; d++) shape[d] = probe_pick(3, 1, 5, 2, 4, 1, 2, 0);
    return ndim;
}

/* n as a product, in any way, with ones among its factors. */
static int some_factors(int *shape, int n)
{
    int ndim = 0;
    while (ndim < NDARRAY_DIMS - 1 && (n > 1 || probe_int(0, 2) == 0)) {
        int f = probe_int(1, n);
        while (n % f) f = probe_int(1, n);
        shape[ndim++] = f, n /= f;
    }
    if (n > 1 || ndim == 0) shape[ndim++] = n;
    return ndim;
}

/* Nothing that a step may leave behind. */
static Ndarray poisoned(void)
{
    Ndarray v = { .data = NULL, .ndim = -7 };
    for (int d = 0; d < NDARRAY_DIMS; d++) v.shape[d] = -7, v.stride[d] = 7;
    return v;
}

static void places_of(int *place, int *n, const Ndarray *v, int d, int at)
{
    if (d == v->ndim) place[(*n)++] = at;
    else
        for (int i = 0; i < v->shape[d]; i++) places_of(place, n, v, d + 1, at + i * v->stride[d]);
}

/* The shape, and which elements of base it reaches, in order: strides of axes of size 1 are nobody's business. */
static void emit_view(const Ndarray *v, const float *base)
{
    static int place[MANY];
    long long  elements = 1, at = ((intptr_t)v->data - (intptr_t)base) / (intptr_t)sizeof(float);
    int        n = 0, axes = v->ndim >= 0 && v->ndim <= NDARRAY_DIMS ? v->ndim : 0;
    emit_exact("ndim", &v->ndim, 1);
    emit_exact("shape", v->shape, axes);
    for (int d = 0; d < axes; d++) elements = v->shape[d] < 0 || elements > MANY ? MANY + 1 : elements * v->shape[d];
    if (elements <= MANY && v->ndim == axes && at > -MANY && at < MANY) places_of(place, &n, v, 0, (int)at);
    emit_exact("elements", place, n);
}

/* What a function that may refuse has made of v, which was poisoned. */
static void emit_if(bool made, const Ndarray *v, const float *base)
{
    Ndarray before = poisoned();
    int     ok = made, kept = v->data == before.data && v->ndim == before.ndim &&
                              !memcmp(v->shape, before.shape, sizeof v->shape) &&
                              !memcmp(v->stride, before.stride, sizeof v->stride);
    emit_exact("made", &ok, 1);
    if (made) emit_view(v, base);
    else emit_exact("left_as_it_was", &kept, 1);
}

/* ---- step ndarray_of --------------------------------------------------------------------------------------------- */

static void emit_of(int ndim, const int *shape)
{
    float  *data = probe_floats(1);
    Ndarray v = poisoned();
    probe_freeze();
    ndarray_of(&v, data, ndim, shape);
    int same = v.data == data && v.ndim == ndim;
    emit_exact("data_and_ndim", &same, 1);
    emit_exact("shape", v.shape, ndim);
    emit_exact("stride", v.stride, ndim);
}

PROBE(ndarray_of, by_pencil) { emit_of(3, probe_given_ints(2, 3, 4)); }

PROBE(ndarray_of, any_shape)
{
    int *shape = probe_ints(NDARRAY_DIMS, 1, 5);
    emit_of(probe_pick(1, 2, 3, 6, 4, 5), shape);
}

PROBE(ndarray_of, one_number_and_none)
{
    int *shape = probe_ints(4, 0, 2);
    emit_of(probe_pick(0, 1, 4, 3), shape);
}

/* ---- step ndarray_slice ------------------------------------------------------------------------------------------ */

static void emit_slice(const Ndarray *a, int axis, int start, int stop, int step)
{
    Ndarray v = poisoned();
    probe_freeze();
    bool made = ndarray_slice(&v, a, axis, start, stop, step);
    emit_if(made, &v, a->data);
}

PROBE(ndarray_slice, by_pencil)
{
    Ndarray a = VIEW(AS_THEY_COME, 3, 4);
    emit_slice(&a, 1, 3, 0, -2);
    emit_slice(&a, 0, 1, 3, 1);
    emit_slice(&a, 1, NDARRAY_OPEN, NDARRAY_OPEN, -1);
}

PROBE(ndarray_slice, forwards)
{
    Ndarray a = VIEW(probe_pick(AS_THEY_COME, BACKWARDS, GAPS), 3, probe_pick(1, 2, 7, 0, 10));
    int     size = a.shape[1], start = probe_int(0, size), stop = probe_int(0, size);
    emit_slice(&a, 1, start, stop, probe_pick(1, 2, 3, 1, 100));
}

PROBE(ndarray_slice, from_the_end_and_beyond)
{
    Ndarray a = VIEW(probe_pick(AS_THEY_COME, COLUMNS_FIRST, BACKWARDS), 2, probe_pick(5, 1, 8, 0), 2);
    int     size = a.shape[1], start = probe_int(-size - 3, size + 3), stop = probe_int(-size - 3, size + 3);
    emit_slice(&a, 1, start, stop, probe_pick(1, 2, 5));
}

PROBE(ndarray_slice, backwards)
{
    Ndarray a = VIEW(probe_pick(AS_THEY_COME, COLUMNS_FIRST, BACKWARDS, GAPS), probe_pick(5, 1, 8, 0), 3);
    int     size = a.shape[0], start = probe_int(-size - 3, size + 3), stop = probe_int(-size - 3, size + 3);
    emit_slice(&a, 0, start, stop, probe_pick(-1, -2, -5));
}

PROBE(ndarray_slice, open_ends)
{
    Ndarray a = VIEW(AS_THEY_COME, probe_pick(5, 1, 8, 0));
    int     size = a.shape[0], other = probe_int(-size - 1, size + 1), step = probe_pick(1, -1, 2, -3);
    emit_slice(&a, 0, NDARRAY_OPEN, other, step);
    emit_slice(&a, 0, other, NDARRAY_OPEN, step);
    emit_slice(&a, 0, NDARRAY_OPEN, NDARRAY_OPEN, step);
}

PROBE(ndarray_slice, step_0_and_into_itself)
{
    Ndarray      a = VIEW(AS_THEY_COME, 4, 6);
    const float *base = a.data;
    emit_slice(&a, 1, 0, 6, 0);
    int made = ndarray_slice(&a, &a, 1, -1, 1, -2) && ndarray_slice(&a, &a, 0, 1, NDARRAY_OPEN, 2);
    emit_exact("both_made", &made, 1);
    emit_view(&a, base);
}

/* ---- step ndarray_transpose -------------------------------------------------------------------------------------- */

static void emit_transpose(const Ndarray *a, const int *axes)
{
    Ndarray v = poisoned();
    probe_freeze();
    bool made = ndarray_transpose(&v, a, axes);
    emit_if(made, &v, a->data);
}

PROBE(ndarray_transpose, by_pencil)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 3);
    emit_transpose(&a, probe_given_ints(1, 0));
}

PROBE(ndarray_transpose, any_order)
{
    int     ndim = probe_pick(3, 1, 4, 2, 6, 5), *shape = probe_ints(NDARRAY_DIMS, 1, 4);
    Ndarray a = given(probe_pick(AS_THEY_COME, BACKWARDS, GAPS), ndim, shape);
    emit_transpose(&a, probe_permutation(ndim));
}

PROBE(ndarray_transpose, into_itself)
{
    Ndarray      a = VIEW(AS_THEY_COME, 2, 3, 4);
    const float *base = a.data;
    int          made = ndarray_transpose(&a, &a, probe_permutation(3));
    emit_exact("made", &made, 1);
    emit_view(&a, base);
}

PROBE(ndarray_transpose, refused)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 3, 4);
    int    *axes = probe_ints(3, 0, 2);
    if (probe_pick(0, 1)) axes[probe_int(0, 2)] = probe_pick(-1, 3);
    emit_transpose(&a, axes);
}

/* ---- step ndarray_reshape ---------------------------------------------------------------------------------------- */

static void emit_reshape(const Ndarray *a, int ndim, const int *shape)
{
    Ndarray v = poisoned();
    probe_freeze();
    bool made = ndarray_reshape(&v, a, ndim, shape);
    emit_if(made, &v, a->data);
}

PROBE(ndarray_reshape, by_pencil)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 6), turned = VIEW(COLUMNS_FIRST, 2, 6);
    emit_reshape(&a, 2, probe_given_ints(3, 4));
    emit_reshape(&turned, 1, probe_given_ints(12));
}

PROBE(ndarray_reshape, any_shape)
{
    int     n = probe_pick(24, 6, 1, 36, 7, 16), shape[NDARRAY_DIMS], other[NDARRAY_DIMS];
    int     ndim = some_factors(shape, n), to = some_factors(other, n);
    Ndarray a = given(probe_pick(AS_THEY_COME, GAPS, BACKWARDS), ndim, shape);
    emit_reshape(&a, to, other);
}

PROBE(ndarray_reshape, parts_of_arrays)                 /* some axes go over into the next, some do not */
{
    int     n = probe_pick(24, 12, 36, 16, 48), shape[NDARRAY_DIMS], other[NDARRAY_DIMS];
    int     ndim = some_factors(shape, n), to = some_factors(other, n), cut = probe_int(0, ndim - 1);
    Ndarray a = given(AS_THEY_COME, ndim, shape);
    for (int d = 0; d <= cut; d++) a.stride[d] *= probe_pick(1, 2, 2);
    emit_reshape(&a, to, other);
}

PROBE(ndarray_reshape, turned_or_repeated)
{
    int     n = probe_pick(24, 12, 36, 16, 8), shape[NDARRAY_DIMS], other[NDARRAY_DIMS];
    int     ndim = some_factors(shape, n), to = some_factors(other, n);
    Ndarray a = given(COLUMNS_FIRST, ndim, shape);
    if (probe_pick(0, 1)) a = repeated(given(AS_THEY_COME, ndim, shape));
    emit_reshape(&a, to, other);
}

PROBE(ndarray_reshape, axes_of_size_1)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 1, 3, 1);
    a.stride[1] = probe_pick(1, 99, -5), a.stride[3] = probe_pick(7, 0, 1);
    emit_reshape(&a, 1, probe_given_ints(6));
    emit_reshape(&a, 4, probe_given_ints(1, 3, 2, 1));
}

PROBE(ndarray_reshape, other_counts_and_none)
{
    int     shape[NDARRAY_DIMS], other[NDARRAY_DIMS], ndim = some_shape(shape), to = some_shape(other);
    Ndarray a = given(AS_THEY_COME, ndim, shape);
    if (probe_int(0, 1))
        for (int d = to = ndim; d-- > 0;) other[ndim - 1 - d] = shape[d];
    emit_reshape(&a, to, other);
}

/* ---- step ndarray_broadcast -------------------------------------------------------------------------------------- */

static void emit_broadcast(const Ndarray *a, const Ndarray *b)
{
    Ndarray v = poisoned(), w = poisoned();
    probe_freeze();
    bool made = ndarray_broadcast(&v, &w, a, b);
    emit_if(made, &v, a->data);
    emit_if(made, &w, b->data);
}

PROBE(ndarray_broadcast, by_pencil)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 1), b = VIEW(AS_THEY_COME, 3);
    emit_broadcast(&a, &b);
}

PROBE(ndarray_broadcast, any_that_fit)
{
    int     shape[NDARRAY_DIMS], x[NDARRAY_DIMS], y[NDARRAY_DIMS], ndim = some_shape(shape);
    int     from = probe_int(0, ndim), with = probe_int(0, ndim), swap = probe_int(0, 1);
    for (int d = 0; d < ndim; d++) {
        int one = probe_int(0, 3);
        x[d] = one == 0 ? 1 : shape[d], y[d] = one == 1 ? 1 : shape[d];
    }
    if (swap) from = 0;
    else with = 0;
    Ndarray a = given(probe_pick(AS_THEY_COME, GAPS, BACKWARDS), ndim - from, x + from);
    Ndarray b = given(probe_pick(COLUMNS_FIRST, AS_THEY_COME), ndim - with, y + with);
    emit_broadcast(&a, &b);
}

PROBE(ndarray_broadcast, any_two)
{
    int     x[NDARRAY_DIMS], y[NDARRAY_DIMS], m = some_shape(x), n = probe_pick(2, 1, 0);
    for (int d = 0; d < n; d++) y[d] = probe_pick(1, 3, 5, 0);
    Ndarray a = given(AS_THEY_COME, m, x), b = given(AS_THEY_COME, n, y);
    emit_broadcast(&a, &b);
}

PROBE(ndarray_broadcast, into_themselves)
{
    Ndarray      a = VIEW(AS_THEY_COME, 4, 1, 3), b = VIEW(AS_THEY_COME, 5, 1);
    const float *p = a.data, *q = b.data;
    int          made = ndarray_broadcast(&a, &b, &a, &b);
    emit_exact("made", &made, 1);
    emit_view(&a, p);
    emit_view(&b, q);
}

/* ---- step ndarray_apply ------------------------------------------------------------------------------------------ */

static float minus(float a, float b) { return a - b; }
static float weighted(float a, float b) { return a * 2 + b; }

static void emit_apply(int order, int ndim, const int *shape, Ndarray a, Ndarray b)
{
    float  *memory;
    int     places;
    Ndarray y = lay(probe_output, &memory, &places, order, ndim, shape);
    probe_freeze();
    ndarray_apply(&y, &a, &b, probe_pick(0, 1) ? weighted : minus);
    emit_exact("y", memory, places);
}

PROBE(ndarray_apply, by_pencil)
{
    int     shape[] = { 2, 3 }, one = probe_pick(0, 1);
    Ndarray a = VIEW(AS_THEY_COME, 2, 3), b = VIEW(AS_THEY_COME, 2, 3);
    if (one) b.stride[1] = 0;
    emit_apply(AS_THEY_COME, 2, shape, a, b);
}

PROBE(ndarray_apply, any_strides)
{
    int     shape[NDARRAY_DIMS], ndim = some_shape(shape), order = probe_pick(0, 1, 2, 3, 0);
    Ndarray a = given(probe_pick(BACKWARDS, COLUMNS_FIRST, AS_THEY_COME, GAPS), ndim, shape);
    Ndarray b = given(probe_pick(AS_THEY_COME, COLUMNS_FIRST, GAPS), ndim, shape);
    emit_apply(order, ndim, shape, a, b);
}

PROBE(ndarray_apply, repeated)
{
    int     shape[NDARRAY_DIMS], ndim = some_shape(shape);
    Ndarray a = given(probe_pick(COLUMNS_FIRST, AS_THEY_COME), ndim, shape);
    Ndarray b = repeated(given(probe_pick(AS_THEY_COME, GAPS), ndim, shape));
    emit_apply(probe_pick(AS_THEY_COME, BACKWARDS, GAPS), ndim, shape, probe_pick(0, 1, 0) ? b : a, b);
}

PROBE(ndarray_apply, in_place)
{
    int     places, shape[] = { 3, 5 };
    float  *memory;
    Ndarray y = lay(probe_inout, &memory, &places, probe_pick(AS_THEY_COME, GAPS), 2, shape);
    Ndarray b = VIEW(COLUMNS_FIRST, 3, 5);
    probe_freeze();
    ndarray_apply(&y, &y, &b, minus);
    emit_exact("y", memory, places);
}

/* ---- step ndarray_reduce ----------------------------------------------------------------------------------------- */

static double plus(double sum, double x) { return sum + x; }
static double larger(double sum, double x) { return x > sum ? x : sum; }
static double halved(double sum, double x) { return sum / 2 + x; }      /* says in which order they came */

static void emit_reduce(int order, const Ndarray *a, int axis, NdarrayFold *fold, double start)
{
    int     shape[NDARRAY_DIMS], places;
    float  *memory;
    for (int d = 0; d < a->ndim; d++)
        if (d != axis) shape[d - (d > axis)] = a->shape[d];
    Ndarray y = lay(probe_output, &memory, &places, order, a->ndim - 1, shape);
    probe_freeze();
    ndarray_reduce(&y, a, axis, fold, start);
    probe_terms(1);                                     /* in double, and in the order that the contract says */
    emit("y", memory, places);
}

PROBE(ndarray_reduce, by_pencil)
{
    Ndarray a = VIEW(AS_THEY_COME, 2, 3);
    emit_reduce(AS_THEY_COME, &a, 0, plus, 0);
    emit_reduce(AS_THEY_COME, &a, 1, plus, 0);
}

PROBE(ndarray_reduce, any_axis)
{
    int     shape[NDARRAY_DIMS], ndim = some_shape(shape);
    if (ndim == 0) shape[ndim++] = 7;
    Ndarray a = given(probe_pick(AS_THEY_COME, COLUMNS_FIRST, BACKWARDS, GAPS), ndim, shape);
    emit_reduce(probe_pick(AS_THEY_COME, COLUMNS_FIRST, GAPS), &a, probe_int(0, ndim - 1), halved,
                probe_pick(0, 100));
}

PROBE(ndarray_reduce, largest)
{
    Ndarray a = VIEW(probe_pick(AS_THEY_COME, GAPS), 3, probe_pick(7, 1, 129), 2);
    emit_reduce(AS_THEY_COME, &a, probe_pick(1, 0, 2), larger, -INFINITY);
}

PROBE(ndarray_reduce, of_nothing)
{
    Ndarray a = VIEW(AS_THEY_COME, probe_pick(3, 1), 0, 2);
    emit_reduce(AS_THEY_COME, &a, probe_pick(1, 0, 2, 1), plus, probe_pick(0, 1));
}

PROBE(ndarray_reduce, long_sums)                        /* 1e7 and many small ones: a sum in float loses them */
{
    int     C = probe_pick(1000, 3000);
    Ndarray a = VIEW(AS_THEY_COME, 2, C);
    float  *small = probe_uniform(2 * C, 0, 1);
    small[0] = small[C] = 1e7f;
    a.data = small;
    emit_reduce(AS_THEY_COME, &a, 1, plus, 0);
}

/* ---- step ndarray_matmul ----------------------------------------------------------------------------------------- */

/* The largest sum of |a b|: what is rounded on the way, however much of it cancels. */
static double rounded(const Ndarray *C, const Ndarray *A, const Ndarray *B)
{
    int    M = C->shape[C->ndim - 2], N = C->shape[C->ndim - 1], K = A->shape[A->ndim - 1];
    double most = 0;
    for (int i = 0; i < count(C->ndim, C->shape); i++) {
        double size = 0;
        for (int k = 0; k < K; k++)
            size += fabs((double)*element(A, i / N * K + k) * *element(B, (i / (M * N) * K + k) * N + i % N));
        most = fmax(most, size);
    }
    return most;
}

static void emit_matmul(int order, Ndarray A, Ndarray B)
{
    int     shape[NDARRAY_DIMS] = { 0 }, places, ndim = A.ndim, K = A.shape[ndim - 1];
    float  *memory;
    for (int d = 0; d < ndim; d++) shape[d] = d < ndim - 1 ? A.shape[d] : B.shape[d];
    Ndarray C = lay(probe_output, &memory, &places, order, ndim, shape);
    probe_freeze();
    ndarray_matmul(&C, &A, &B);
    probe_terms(K ? K : 1);
    probe_scale(rounded(&C, &A, &B));
    emit("C", memory, places);
}

PROBE(ndarray_matmul, by_pencil) { emit_matmul(AS_THEY_COME, VIEW(AS_THEY_COME, 2, 3), VIEW(AS_THEY_COME, 3, 2)); }

PROBE(ndarray_matmul, any_strides)
{
    int M = probe_pick(1, 3, 9, 0, 33), N = probe_pick(5, 1, 7), K = probe_pick(7, 1, 0, 2, 33);
    emit_matmul(probe_pick(0, 1, 2, 3), VIEW(probe_pick(1, 0, 2, 3, 1), M, K), VIEW(probe_pick(0, 2, 1, 3), K, N));
}

PROBE(ndarray_matmul, many_products)
{
    int     batch = probe_pick(3, 1, 0), M = probe_pick(2, 5), N = probe_pick(3, 1), K = probe_pick(4, 1, 9);
    Ndarray A = VIEW(probe_pick(AS_THEY_COME, COLUMNS_FIRST), batch, 2, M, K);
    Ndarray B = VIEW(probe_pick(AS_THEY_COME, GAPS), batch, 2, K, N);
    emit_matmul(AS_THEY_COME, A, probe_pick(0, 1) ? repeated(B) : B);
}

/* ---- oracles: brute force, index by index ------------------------------------------------------------------------ */

ORACLE(ndarray_of, consecutive)
{
    int     shape[NDARRAY_DIMS], ndim = some_shape(shape), n = count(ndim, shape);
    float  *data = probe_floats(n ? n : 1);
    Ndarray v;
    ndarray_of(&v, data, ndim, shape);
    for (int i = 0; i < n; i++) expect(element(&v, i) == data + i, "element %d lies elsewhere", i);
}

/* The loop that the slice stands for. Python: for i in range(*slice(start, stop, step).indices(size)). */
ORACLE(ndarray_slice, by_its_loop)
{
    int     size = probe_pick(0, 1, 5, 8), step = probe_pick(1, 2, -1, -2, 3, -7), got = 0;
    int     start = probe_int(-size - 3, size + 3), stop = probe_int(-size - 3, size + 3);
    bool    no_start = probe_int(0, 3) == 0, no_stop = probe_int(0, 3) == 0;
    Ndarray a = VIEW(probe_pick(AS_THEY_COME, BACKWARDS), size), v;
    ndarray_slice(&v, &a, 0, no_start ? NDARRAY_OPEN : start, no_stop ? NDARRAY_OPEN : stop, step);
    int from = no_start ? (step > 0 ? -100 : 100) : start < 0 ? start + size : start;
    int to = no_stop ? (step > 0 ? 100 : -100) : stop < 0 ? stop + size : stop;
    if (step > 0 && from < 0) from = 0;
    if (step < 0 && from >= size) from = size - 1;
    for (int i = from; step > 0 ? i < to : i > to; i += step) {
        if (i < 0 || i >= size) break;
        expect(got < v.shape[0], "only %d elements of [%d:%d:%d]", v.shape[0], start, stop, step);
        expect(v.data + got * v.stride[0] == a.data + i * a.stride[0], "element %d of [%d:%d:%d]", got, start, stop,
               step);
        got++;
    }
    expect(v.shape[0] == got, "size %d: [%d:%d:%d] has %d, want %d", size, start, stop, step, v.shape[0], got);
}

/* What NumPy 1.24 says. */
ORACLE(ndarray_slice, as_numpy_does)
{
    static const struct { int start, stop, step, from, n; } want[] = {
        { NDARRAY_OPEN, NDARRAY_OPEN, -1, 9, 10 }, { -3, NDARRAY_OPEN, 1, 7, 3 }, { 7, 2, -2, 7, 3 },
        { -1, -1, 1, 0, 0 }, { -100, 100, 4, 0, 3 }, { 100, -100, -4, 9, 3 }, { 0, -1, -1, 0, 0 }, { 2, 2, 1, 0, 0 },
    };
    Ndarray a = VIEW(AS_THEY_COME, 10), v;
    for (int i = 0; i < (int)(sizeof want / sizeof *want); i++) {
        expect(ndarray_slice(&v, &a, 0, want[i].start, want[i].stop, want[i].step), "slice %d is refused", i);
        expect(v.shape[0] == want[i].n, "slice %d has %d elements, want %d", i, v.shape[0], want[i].n);
        if (want[i].n) expect(v.data == a.data + want[i].from, "slice %d begins elsewhere", i);
    }
    expect(!ndarray_slice(&v, &a, 0, 0, 10, 0), "a step of 0 is taken");
}

ORACLE(ndarray_transpose, index_by_index)
{
    int     shape[] = { 2, 3, 4 }, *axes = probe_permutation(3), at[3];
    Ndarray a = given(probe_pick(0, 1, 2, 3), 3, shape), v;
    expect(ndarray_transpose(&v, &a, axes), "a permutation is refused");
    for (at[0] = 0; at[0] < 2; at[0]++)
        for (at[1] = 0; at[1] < 3; at[1]++)
            for (at[2] = 0; at[2] < 4; at[2]++) {
                const float *p = v.data, *q = a.data;
                for (int d = 0; d < 3; d++) p += at[axes[d]] * v.stride[d], q += at[d] * a.stride[d];
                expect(p == q, "(%d,%d,%d) lies elsewhere", at[0], at[1], at[2]);
            }
}

/* A view is right if its i-th element is a's. Where it is refused, no strides may do: those of each axis are given by
 * its second element, so there is one choice, and it must fail. */
ORACLE(ndarray_reshape, element_by_element)
{
    int     n = probe_pick(24, 12, 36, 16, 1), shape[NDARRAY_DIMS], other[NDARRAY_DIMS];
    int     ndim = some_factors(shape, n), to = some_factors(other, n);
    Ndarray a = given(probe_pick(AS_THEY_COME, COLUMNS_FIRST, BACKWARDS), ndim, shape), v;
    for (int d = probe_int(0, ndim); d < ndim; d++) a.stride[d] *= 2;
    if (probe_int(0, 3) == 0) a = repeated(a);
    bool    made = ndarray_reshape(&v, &a, to, other), can = true;
    Ndarray only = { .data = a.data, .ndim = to };
    for (int d = to - 1, step = 1; d >= 0; step *= other[d--]) {
        only.shape[d] = other[d];
        only.stride[d] = other[d] > 1 ? (int)(element(&a, step) - a.data) : 0;
    }
    for (int i = 0; i < n; i++) {
        can = can && element(&only, i) == element(&a, i);
        if (made) expect(element(&v, i) == element(&a, i), "element %d lies elsewhere", i);
    }
    expect(made == can, "made %d, possible %d", made, can);
}

/* NumPy's rule by brute force: an index of the result, with 0 wherever the array has size 1 or no axis. */
ORACLE(ndarray_broadcast, index_by_index)
{
    int     x[NDARRAY_DIMS], y[NDARRAY_DIMS], m = some_shape(x), n = some_shape(y), most = m > n ? m : n;
    Ndarray a = given(BACKWARDS, m, x), b = given(AS_THEY_COME, n, y), v, w;
    bool    fit = true, made = ndarray_broadcast(&v, &w, &a, &b);
    for (int d = 1; d <= m && d <= n; d++) fit = fit && (x[m - d] == y[n - d] || x[m - d] == 1 || y[n - d] == 1);
    expect(made == fit, "made %d, fit %d", made, fit);
    if (!made) return;
    expect(v.ndim == most && w.ndim == most, "%d and %d axes, want %d", v.ndim, w.ndim, most);
    for (int d = 1; d <= most; d++) {
        int p = d <= m ? x[m - d] : 1, q = d <= n ? y[n - d] : 1;
        expect(v.shape[most - d] == (p == 1 ? q : p) && w.shape[most - d] == (p == 1 ? q : p), "axis -%d", d);
    }
    for (int i = 0; i < count(most, v.shape); i++) {
        const float *p = a.data, *q = b.data;
        for (int d = 1, k = i; d <= most; k /= v.shape[most - d], d++) {
            int at = k % v.shape[most - d];
            if (d <= m && x[m - d] != 1) p += at * a.stride[m - d];
            if (d <= n && y[n - d] != 1) q += at * b.stride[n - d];
        }
        expect(element(&v, i) == p && element(&w, i) == q, "element %d lies elsewhere", i);
    }
}

ORACLE(ndarray_apply, element_by_element)
{
    int     shape[NDARRAY_DIMS], ndim = some_shape(shape), places;
    float  *memory;
    Ndarray a = given(COLUMNS_FIRST, ndim, shape), b = repeated(given(GAPS, ndim, shape));
    Ndarray y = lay(probe_output, &memory, &places, probe_pick(0, 1, 2, 3), ndim, shape);
    ndarray_apply(&y, &a, &b, minus);
    for (int i = 0; i < count(ndim, shape); i++) {
        float got = *element(&y, i), want = *element(&a, i) - *element(&b, i);
        expect(got == want || (isnan(got) && isnan(want)), "element %d: %g, want %g", i, got, want);
    }
}

ORACLE(ndarray_reduce, element_by_element)
{
    int     shape[] = { probe_pick(2, 1, 5), probe_pick(3, 0, 7), probe_pick(4, 1) };
    int     axis = probe_pick(0, 1, 2), places;
    float  *memory;
    int     rest[] = { shape[axis == 0], shape[axis == 2 ? 1 : 2] }, inner[] = { axis == 0, axis == 2 ? 1 : 2 };
    Ndarray a = given(probe_pick(0, 1, 2, 3), 3, shape);
    Ndarray y = lay(probe_output, &memory, &places, probe_pick(0, 1, 2, 3), 2, rest);
    ndarray_reduce(&y, &a, axis, halved, 3);
    for (int i = 0; i < rest[0]; i++)
        for (int j = 0; j < rest[1]; j++) {
            const float *p = a.data + i * a.stride[inner[0]] + j * a.stride[inner[1]];
            double       want = 3;
            for (int k = 0; k < shape[axis]; k++) want = want / 2 + p[k * a.stride[axis]];
            float got = y.data[i * y.stride[0] + j * y.stride[1]];
            expect(got == (float)want || (isnan(got) && isnan(want)), "(%d,%d): %g, want %g", i, j, got, want);
        }
}

ORACLE(ndarray_matmul, three_loops)
{
    int     M = probe_pick(1, 3, 9), N = probe_pick(5, 1, 7), K = probe_pick(7, 1, 0, 33);
    int     places, shape[] = { 2, M, N };
    float  *memory;
    Ndarray A = VIEW(probe_pick(0, 1, 2, 3), 2, M, K), B = VIEW(probe_pick(0, 1, 2, 3), 2, K, N);
    Ndarray C = lay(probe_output, &memory, &places, probe_pick(0, 1, 2, 3), 3, shape);
    ndarray_matmul(&C, &A, &B);
    for (int i = 0; i < 2 * M * N; i++) {
        double sum = 0, size = 0;
        for (int k = 0; k < K; k++) {
            double p = (double)*element(&A, i / N * K + k) * *element(&B, (i / (M * N) * K + k) * N + i % N);
            sum += p, size += fabs(p);
        }
        float got = *element(&C, i);
        expect(fabs(got - sum) <= 1.2e-7 * size, "element %d: %g, want %g", i, got, sum);
    }
}

/* (A B)^T = B^T A^T, by strides alone. */
ORACLE(ndarray_matmul, transposed_is_the_other_order)
{
    int     M = probe_pick(1, 3, 9), N = probe_pick(5, 1, 7), K = probe_pick(7, 1, 33), turn[] = { 1, 0 };
    Ndarray A = VIEW(AS_THEY_COME, M, K), B = VIEW(GAPS, K, N), C, D, At, Bt, Dt;
    ndarray_of(&C, probe_output(M * N), 2, (int[]){ M, N });
    ndarray_of(&D, probe_output(M * N), 2, (int[]){ N, M });
    ndarray_transpose(&At, &A, turn);
    ndarray_transpose(&Bt, &B, turn);
    ndarray_transpose(&Dt, &D, turn);
    ndarray_matmul(&C, &A, &B);
    ndarray_matmul(&D, &Bt, &At);
    for (int i = 0; i < M * N; i++)
        expect(*element(&C, i) == *element(&Dt, i) || isnan(*element(&C, i)), "element %d", i);
}
