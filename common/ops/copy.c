/* copy.c -- copies between layouts: to a tensor of its own, or into one that is there. Any dtype. */
#include <string.h>
#include "loops.h"

const char *same_shape(Node *n)
{
    for (int i = 0; i < n->n_out; i++) tensor_set_shape(n->out[i], n->in[0]->ndim, n->in[0]->shape);
    return NULL;
}

static void copy_piece(char *y, int64_t sy, const char *x, int64_t sx, int64_t N, size_t size)
{
    if (sy == 1 && sx == 1) {
        memcpy(y, x, (size_t)N * size);
        return;
    }
    sy *= (int64_t)size, sx *= (int64_t)size;
    if (size == sizeof(real)) /* the usual one: a constant size makes the copy a load and a store */
        for (int64_t i = 0; i < N; i++) memcpy(y + i * sy, x + i * sx, sizeof(real));
    else
        for (int64_t i = 0; i < N; i++) memcpy(y + i * sy, x + i * sx, size);
}

void loops_copy(const Tensor *to, const Tensor *from)
{
    Loops l = loops_new(2, (const Tensor *[]){ to, from });
    size_t size = tensor_size(to->dtype);
    char *y = to->data;
    const char *x = from->data;
#pragma omp parallel for if (l.count > PARALLEL)
    for (int64_t i = 0; i < l.pieces; i++) {
        int64_t at[3], N = loops_piece(&l, i, at);
        copy_piece(y + at[0] * (int64_t)size, l.step[0], x + at[1] * (int64_t)size, l.step[1], N, size);
    }
}

/* ---- contiguous ---- */

static void contiguous(Tape *t, Node *n) { (void)t, loops_copy(n->out[0], n->in[0]); }
static void contiguous_backward(Tape *t, Node *n) { tape_add_grad(t, n->in[0], n->out[0]->grad); }

static const Op op_of_contiguous = { .name = "contiguous", .dtypes = ~0u, .strided = true, .shape = same_shape,
                                     .forward = { [DEV_CPU] = contiguous }, .backward = contiguous_backward };

Tensor *op_contiguous(Tape *t, Tensor *x) { return tape_run(t, (Node){ .op = &op_of_contiguous, IN(x) }); }

/* ---- copy_into ---- */

static const char *into_shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "shapes must match";
    if (n->in[0]->dtype != n->in[1]->dtype) return "dtypes must match";
    n->out[0] = n->in[0];
    return NULL;
}

static void into(Tape *t, Node *n) { (void)t, loops_copy(n->in[0], n->in[1]); }

/* dst's old value no longer matters: its gradient goes to src and is zero from here on back. */
static void into_backward(Tape *t, Node *n)
{
    Tensor *d = n->out[0]->grad;
    tape_add_grad(t, n->in[1], d);
    op_fill(t, d, 0);
}

static const Op op_of_into = { .name = "copy_into", .dtypes = ~0u, .strided = true, .shape = into_shape,
                               .forward = { [DEV_CPU] = into }, .backward = into_backward };

Tensor *op_copy_into(Tape *t, Tensor *dst, Tensor *src)
{
    return tape_run(t, (Node){ .op = &op_of_into, IN(dst, src) });
}
