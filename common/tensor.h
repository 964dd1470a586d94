/* tensor.h -- n-dimensional arrays, and views of them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arena.h"

enum { MAX_DIMS = 6 };
typedef enum { F32, F64, F16, BF16, I64, I32, I8, U8, DTYPE_COUNT } Dtype;

typedef struct Tensor {                         /* plain: print it in gdb */
    void    *data;                              /* NULL once it has been given back */
    Dtype    dtype;
    Device   device;
    Arena   *arena;                             /* owns data and, later, the gradient */
    int      ndim;
    int64_t  shape[MAX_DIMS], stride[MAX_DIMS]; /* row-major, NumPy order, in elements */
    bool     needs_grad, keep;                  /* keep: tape_backward leaves data and gradient alone */
    uint32_t version;                           /* counts in-place writes; a view's, like needs_grad, is its base's */
    struct Tensor *base, *grad;                 /* base owns the data, is contiguous and never itself a view */
} Tensor;

/* tensor_new(arena, DEV_CPU, F32, SHAPE(3, 4)): two arguments in one. C only. The data is not zeroed. */
#define SHAPE(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), (int64_t[]){ __VA_ARGS__ }
Tensor *tensor_new(Arena *, Device, Dtype, int ndim, const int64_t *shape);
Tensor *tensor_try(Arena *, Device, Dtype, int ndim, const int64_t *shape); /* NULL: no memory, or the size overflows */
void    tensor_drop_grad(Tensor *);     /* before the next step: the first gradient to come is stored, not added */

int64_t tensor_count(const Tensor *);           /* of elements; 1 for ndim 0 */
size_t  tensor_size(Dtype);                     /* bytes of one element */
const char *tensor_dtype_name(Dtype);           /* "f32" */
size_t  tensor_bytes(const Tensor *);
bool    tensor_contiguous(const Tensor *);
bool    tensor_overlaps(const Tensor *);        /* elements of one place, as op_expand makes them */
bool    tensor_same_shape(const Tensor *, const Tensor *);
int64_t tensor_at(const Tensor *, int64_t i);   /* where the i-th element in row-major order lies, from data */
Tensor *tensor_root(Tensor *);                  /* its base, or itself */
bool    tensor_wants_grad(Tensor *);            /* false for NULL, an optional input that is not there */
void    tensor_set_shape(Tensor *, int ndim, const int64_t *shape);
Tensor  tensor_expanded(const Tensor *, int ndim, const int64_t *shape); /* broadcast: strides of 0 */

/* One element, whatever the dtype (CPU; F16 and BF16 are converted). For tests, printing and small tables. */
double  tensor_get(const Tensor *, int64_t i);
void    tensor_set(Tensor *, int64_t i, double value);

typedef struct { char s[96]; } Text;
Text    tensor_text(const Tensor *);            /* f32(3,4) */
