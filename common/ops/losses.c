/* losses.c -- means over all elements: a sum a piece, then the sums in order, whatever the number of threads. */
#include "losses.h"

enum { PIECE = 1 << 14 };

const char *losses_shape(Node *n)
{
    if (!tensor_same_shape(n->in[0], n->in[1])) return "needs a target of the same shape";
    tensor_set_shape(n->out[0], SHAPE(1));
    return NULL;
}

static int64_t length(int64_t N, int64_t i) { return N - i * PIECE < PIECE ? N - i * PIECE : PIECE; }

void losses(Tape *t, Node *n, LossPiece *piece)
{
    int64_t N = tensor_count(n->in[0]), pieces = (N + PIECE - 1) / PIECE;
    const real *x = n->in[0]->data, *target = n->in[1]->data;
    double *sum = tape_scratch(t, (size_t)pieces * sizeof *sum), total = 0;
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < pieces; i++) sum[i] = piece(x + i * PIECE, target + i * PIECE, length(N, i));
    for (int64_t i = 0; i < pieces; i++) total += sum[i];
    *(real *)n->out[0]->data = (real)(total / (double)N);
}

void losses_backward(Node *n, LossBackwardPiece *piece)
{
    int64_t N = tensor_count(n->in[0]), pieces = (N + PIECE - 1) / PIECE;
    const real *x = n->in[0]->data, *target = n->in[1]->data;
    real *dx = n->out[0]->data, factor = *(const real *)n->in[2]->data / (real)N;
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < pieces; i++)
        piece(dx + i * PIECE, x + i * PIECE, target + i * PIECE, length(N, i), factor);
}
