/* dropout.c -- y = x / (1 - p), or 0 with probability p. Srivastava et al., JMLR 2014. */
#include "loops.h"
#include "philox.h"

/* Element i is kept where draw i of the generator, as rng_u32 gives it, is at least p 2^32: a mask that needs no
 * memory, because it can be drawn again. Round by round, LANES draws side by side become vector code. */
enum { LANES = 64 };

static inline void draws(uint32_t word[LANES], uint64_t key, uint64_t counter)
{
    uint32_t c[4][LANES], k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int l = 0; l < LANES; l++) {
        c[0][l] = (uint32_t)(counter + (uint64_t)l);
        c[1][l] = (uint32_t)((counter + (uint64_t)l) >> 32);
        c[2][l] = c[3][l] = 0;
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
#pragma omp simd
        for (int l = 0; l < LANES; l++) philox_round(&c[0][l], &c[1][l], &c[2][l], &c[3][l], k0, k1);
        philox_next(&k0, &k1);
    }
    for (int l = 0; l < LANES; l++) word[l] = c[0][l];
}

static void piece(real *y, const real *x, int64_t N, const Rng *rng, uint64_t from, double p)
{
    const uint32_t below = p >= 1 ? UINT32_MAX : (uint32_t)(p * 0x1p32); /* at p = 1 the factor makes up for the one */
    const real factor = p >= 1 ? 0 : (real)(1 / (1 - p));
    for (int64_t i = 0; i < N; i += LANES) {
        uint32_t word[LANES];
        int64_t width = N - i < LANES ? N - i : LANES;
        draws(word, rng->key, rng->counter + from + (uint64_t)i);
        for (int64_t l = 0; l < width; l++) y[i + l] = word[l] < below ? 0 : x[i + l] * factor;
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
        piece(y + i, x + i, N - i < PIECE ? N - i : PIECE, &a->rng, (uint64_t)i, a->p);
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
