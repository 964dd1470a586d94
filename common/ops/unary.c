/* unary.c -- what the functions of one number share. */
#include "unary.h"

enum { PIECE = 1 << 14 };

static NumbersArg numbers(const Node *n)
{
    return n->arg ? *(const NumbersArg *)n->arg : (NumbersArg){ 0 };
}

void unary(Node *n, UnaryPiece *piece)
{
    int64_t N = tensor_count(n->in[0]);
    const real *x = n->in[0]->data;
    real *y = n->out[0]->data;
    NumbersArg p = numbers(n);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i += PIECE) piece(y + i, x + i, N - i < PIECE ? N - i : PIECE, p);
}

void unary_backward(Node *n, UnaryBackwardPiece *piece)
{
    int64_t N = tensor_count(n->in[0]);
    const real *saved = n->in[0]->data, *dy = n->in[1]->data;
    real *dx = n->out[0]->data;
    NumbersArg p = numbers(n);
#pragma omp parallel for if (N > PARALLEL)
    for (int64_t i = 0; i < N; i += PIECE) piece(dx + i, saved + i, dy + i, N - i < PIECE ? N - i : PIECE, p);
}

void unary_add_grad(Tape *t, Node *n, const Op *op_backward, Tensor *saved)
{
    Tensor *dy = n->out[0]->grad;
    tape_add_grad(t, n->in[0], tape_run(t, (Node){ .op = op_backward, IN(saved, dy), .arg = n->arg,
                                                   .arg_size = n->arg_size }));
}
