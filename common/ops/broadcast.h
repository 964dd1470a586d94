/* broadcast.h -- y = f(a, b) with NumPy's broadcasting: shapes are aligned at the right, and a 1 stretches. */
#pragma once
#include "loops.h"

const char *broadcast_shape(Node *);   /* of all its inputs */
/* x's gradient += g, after what was stretched has been summed back. */
void        broadcast_add_grad(Tape *, Tensor *x, Tensor *g);

/* One op's loops over a piece: sa and sb are 1, 0 (stretched) or anything. */
typedef void BroadcastPiece(real *y, const real *a, int64_t sa, const real *b, int64_t sb, int64_t N);
void        broadcast(Node *, BroadcastPiece *);

/* What such a function consists of. Inlined, so that f is known and the loops become vector code. */
__attribute__((always_inline)) static inline void broadcast_loops(real *y, const real *a, int64_t sa, const real *b,
                                                                  int64_t sb, int64_t N, real (*f)(real, real))
{
    if (sa == 1 && sb == 1)
        for (int64_t i = 0; i < N; i++) y[i] = f(a[i], b[i]);
    else if (sa == 1 && sb == 0)
        for (int64_t i = 0; i < N; i++) y[i] = f(a[i], *b);
    else if (sa == 0 && sb == 1)
        for (int64_t i = 0; i < N; i++) y[i] = f(*a, b[i]);
    else
        for (int64_t i = 0; i < N; i++) y[i] = f(a[i * sa], b[i * sb]);
}
