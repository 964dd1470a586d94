/* split.c -- n equal slices along one dimension, as views. */
#include "ops.h"

void op_split(Tape *t, Tensor *x, int dim, int n, Tensor **out)
{
    CHECK(dim >= 0 && dim < x->ndim && n > 0 && x->shape[dim] % n == 0,
          "split: dimension %d makes no %d equal parts: %s", dim, n, tensor_text(x).s);
    int64_t step = x->shape[dim] / n;
    for (int i = 0; i < n; i++) out[i] = op_slice(t, x, dim, i * step, (i + 1) * step);
}
