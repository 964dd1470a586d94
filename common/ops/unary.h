/* unary.h -- y = f(x), element by element: what an op's file gives is its curve and the curve's slope. */
#pragma once
#include "loops.h"
#include "vmath.h"

/* A piece of y = f(x), and of dx from saved and dy. saved is x or y, whichever the slope is easier to tell from. */
typedef void UnaryPiece(real *y, const real *x, int64_t N, NumbersArg);
typedef void UnaryBackwardPiece(real *dx, const real *saved, const real *dy, int64_t N, NumbersArg);

/* A forward, and that of a row <name>_backward. The Node's arg is a NumbersArg, or there is none. */
void unary(Node *, UnaryPiece *);
void unary_backward(Node *, UnaryBackwardPiece *);
/* A backward: x's gradient += what the row op_backward makes of saved and dy. */
void unary_add_grad(Tape *, Node *, const Op *op_backward, Tensor *saved);

Tensor *relu_backward(Tape *, Tensor *y, Tensor *dy);  /* the row of that name; y, or what it was made of */

/* What a piece consists of. Inlined, so that f is known and the loops become vector code. */
__attribute__((always_inline)) static inline void unary_loop(real *y, const real *x, int64_t N, NumbersArg p,
                                                             real (*f)(real, NumbersArg))
{
    for (int64_t i = 0; i < N; i++) y[i] = f(x[i], p);
}

__attribute__((always_inline)) static inline void unary_backward_loop(real *dx, const real *saved, const real *dy,
                                                                      int64_t N, NumbersArg p,
                                                                      real (*f)(real saved, real dy, NumbersArg))
{
    for (int64_t i = 0; i < N; i++) dx[i] = f(saved[i], dy[i], p);
}
