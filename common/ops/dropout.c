/* dropout.c -- y = x / (1 - p), or 0 with probability p. Srivastava et al., JMLR 2014. */
#include "loops.h"
#include "philox.h"

/* Element i is kept where draw i of the generator, as rng_u32 gives it, is at least p 2^32: a mask that needs no
 * memory, because it can be drawn again. */
static void piece(real *y, const real *x, int64_t N, uint64_t key, uint64_t counter, double p)
{
    const uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    const uint32_t below = p >= 1 ? UINT32_MAX : (uint32_t)(p * 0x1p32); /* at p = 1 nothing at all is kept: factor */
    const real factor = p >= 1 ? 0 : (real)(1 / (1 - p));
#pragma omp simd
    for (int64_t i = 0; i < N; i++) {
        uint64_t at = counter + (uint64_t)i;
        uint32_t c[4] = { (uint32_t)at, (uint32_t)(at >> 32), 0, 0 };
        philox(c, k0, k1);
        y[i] = c[0] < below ? 0 : x[i] * factor;
    }
}

static void forward(Tape *t, Node *n)
{
    (void)t;
    enum { PIECE = 1 << 12 };
    const DropoutArg *a = n->arg;
    int64_t N = tensor_count(n->in[0]);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
#pragma omp parallel for if (N > PARALLEL / 4)
    for (int64_t i = 0; i < N; i += PIECE)
        piece(y + i, x + i, N - i < PIECE ? N - i : PIECE, a->rng.key, a->rng.counter + (uint64_t)i, a->p);
}

/* dx = dy with the same mask: the op is its own slope */
static void backward(Tape *t, Node *n);

static const Op op = { .name = "dropout", .dtypes = 1u << REAL, .shape = same_shape, .forward = { [DEV_CPU] = forward },
                       .backward = backward };

static void backward(Tape *t, Node *n)
{
    Tensor *dy = n->out[0]->grad;
    tape_add_grad(t, n->in[0], tape_run(t, (Node){ .op = &op, IN(dy), .arg = n->arg, .arg_size = n->arg_size }));
}

Tensor *op_dropout(Tape *t, Tensor *x, double p, Rng *rng)
{
    CHECK(p >= 0 && p <= 1, "dropout: a probability of %g", p);
    if (p == 0 || !tape_training(t)) return x;
    DropoutArg arg = { .p = p, .rng = *rng };
    rng->counter += (uint64_t)tensor_count(x);
    return tape_run(t, (Node){ .op = &op, IN(x), .arg = &arg, .arg_size = sizeof arg });
}
