/* svm.h -- the widest road between two classes: hinge loss, kernels, SMO with a cache of rows, coordinate descent. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * X is (N,D), a row is a sample; y is (N), 1 or -1; everything else is double and finite, N >= 1, D >= 1, C > 0.
 * Outputs are written, whatever was in them, and overlap neither inputs nor each other; what is marked in/out starts
 * as the caller left it.
 */

/* ---- A straight line --------------------------------------------------------------------------------------------- */

/*
 *   f = |w|^2 / 2 + C sum max(0, 1 - y x w)         dw = w - C sum y x, over the rows with y x w < 1
 *
 * Returns f, writes a gradient. Where y x w is exactly 1 there are many; that of the flat side is taken.
 */
double svm_hinge(double *dw,                                                        /* (D) */
                 const double *X, const int *y, const double *w, double C, int N, int D);

/*
 * Once through the rows in this order, each alpha to where the dual is least while the others stay:
 *   g = y x w - 1 + b alpha      alpha = the nearest of [0, U] to alpha - g / (x x + b)      w = w + y x (its change)
 * squared 0: the loss is max(0, 1 - y x w), U = C, b = 0.  squared 1: its square, U infinite, b = 1 / (2 C).
 * alpha and w are in/out, w = sum alpha y x. No row of X is all 0. Returns the largest |g| that was met before its
 * alpha moved, 0 counting for a g that pushes alpha out of [0, U] from its end. order is a permutation of 0 .. N-1.
 * Hsieh, Chang, Lin, Keerthi, Sundararajan: A Dual Coordinate Descent Method for Large-scale Linear SVM, ICML 2008.
 */
double svm_coordinate(double *alpha, double *w,                                     /* (N) in/out, (D) in/out */
                      const double *X, const int *y, const int *order, double C, int squared, int N, int D);

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

typedef enum { SVM_LINEAR, SVM_POLYNOMIAL, SVM_RBF } SvmKind;
typedef struct SvmKernel { SvmKind kind; double gamma; int degree; } SvmKernel;     /* gamma > 0, degree >= 1 */

/* a b,   (gamma a b + 1)^degree,   exp(-gamma |a - b|^2). */
double svm_kernel(const SvmKernel *, const double *a, const double *b, int D);

/*
 *   minimises  1/2 sum Q[i][j] alpha[i] alpha[j] - sum alpha,   0 <= alpha <= C,  sum alpha y = 0
 *   Q[i][j] = y[i] y[j] k(X[i], X[j])      G = Q alpha - 1, its gradient
 *
 * Row i of Q, wherever it comes from: the pointer holds until the next but one is asked for.
 */
typedef const double *SvmRow(void *from, int i);

/* Rows that were asked for are kept. Its arrays are the caller's; at first holds and slot are all -1, used all 0. */
typedef struct SvmCache {
    int     N, slots;               /* slots >= 2 */
    double *rows;                   /* (slots,N) */
    int    *holds, *slot;           /* (slots) which row lies there; (N) where row i lies; -1: none, nowhere */
    int    *used, now;              /* (slots) the request that last wanted it; requests so far */
    void  (*fill)(double *row, const void *what, int i);    /* works row i out: (N) */
    const void *what;
} SvmCache;

/* An SvmRow. Counts the request: ++now. A row that is not there takes the place of the one least recently used, of
 * equals the first; so empty places go first. */
const double *svm_cached(void *cache, int i);

/*
 * Who may rise:  alpha < C where y is 1, alpha > 0 where it is -1.  Who may fall: alpha > 0, and alpha < C.
 *   i   who may rise, with the largest -y G, m for short
 *   j   who may fall, with -y G < m and the largest (m + y[j] G[j])^2 / a,  a = Q[i][i] + Q[j][j] - 2 y[i] y[j] Q[i][j]
 * the first of equals; 1e-12 for an a of 0 or less. Returns m minus the least -y G of those who may fall: above 0 there
 * is something to gain. Where there is no i or no j, -1 is written. Where nobody may rise, or nobody fall, it returns
 * -INFINITY. diagonal is Q[i][i]; row is asked for row i alone. Fan, Chen, Lin, JMLR 2005.
 */
double svm_select(int *i, int *j,                                                   /* (1), (1) */
                  const double *alpha, const double *G, const int *y, const double *diagonal, double C,
                  SvmRow *row, void *from, int N);

/*
 *   alpha[i] + y[i] t,  alpha[j] - y[j] t:  sum alpha y stays.  t = (y[j] G[j] - y[i] G[i]) / a, a as above
 *
 * with t > 0, or as far as the first of the two reaches an end, 0 or C, exactly. G is kept right:
 * G + t (y[i] Q[i] - y[j] Q[j])
 */
void svm_update(double *alpha, double *G,                                           /* (N) in/out, (N) in/out */
                int i, int j, const double *Qi, const double *Qj, const int *y, double C, int N);

/*
 * The score's offset: the mean of y G over 0 < alpha < C. Where there is none, half way between the largest y G of
 * those who may only fall, and the least of those who may only rise; both occur then.
 */
double svm_rho(const double *alpha, const double *G, const int *y, double C, int N);

/* sum alpha y k(X[n], x) - rho: above 0 is class 1. Rows with alpha 0 are passed over. */
double svm_score(const SvmKernel *, const double *X, const int *y, const double *alpha, double rho,
                 const double *x, int N, int D);                                    /* x: (D) */

typedef struct SvmProblem { SvmKernel kernel; const double *X; const int *y; double C; int N, D; } SvmProblem;

/* Row i of Q; what is an SvmProblem: the fill of its cache. */
void svm_row(double *row, const void *what, int i);                                 /* (N) */

/* From alpha = 0 until svm_select's return is at most tolerance, or for so many steps; returns how many it made.
 * Made of what stands above. cache's fill and what are set; diagonal is working memory. */
int svm_solve(double *alpha, double *G, double *diagonal,                           /* (N), (N), (N) */
              SvmCache *cache, const SvmProblem *, double tolerance, int steps);
