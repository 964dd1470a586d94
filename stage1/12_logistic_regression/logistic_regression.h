/* logistic_regression.h -- probabilities from a straight line: loss, Newton, SGD, separable data, many classes. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * Everything is double. Outputs are written, whatever was in them, and overlap neither inputs nor each other; what is
 * marked in/out starts as the caller left it. X and w are finite, N >= 1, D >= 1; N D and D D fit an int.
 */
typedef struct LogisticData {
    const double *X;                /* (N,D) a row is a sample. With an intercept, column 0 is all ones */
    const int    *y;                /* (N) the class, from 0 on */
    const double *weight;           /* (classes) what a sample of each class counts, above 0; NULL: 1 each */
    double        lambda;           /* the penalty, >= 0 */
    int           free;             /* so many weights, from the first on, are not penalised: 1 with an intercept */
    int           N, D;
} LogisticData;

/* weight[c] = N / (C count of class c), so that all classes count alike; 0 for a class that does not occur. */
void logistic_regression_balance(double *weight, const int *y, int N, int C);       /* (C) */

/* ---- Two classes ------------------------------------------------------------------------------------------------- */

/*
 *   p = 1 / (1 + exp(-z))      returns -log p if y is 1, -log(1 - p) if it is 0
 *
 * For a score z of any size, infinite ones too: nothing overflows, and a loss of 1e-40 is no 0.
 */
double logistic_regression_point(double *p, double z, int y);                       /* (1) */

/*
 *   f = 1/N sum weight[y] loss(x w, y)  +  lambda/2 sum w[d]^2, d >= free        dw = 1/N sum weight[y] (p - y) x + ..
 *
 * Returns f, writes its gradient. Divided by N, whatever the weights add up to.
 */
double logistic_regression_loss(double *dw,                                         /* (D) */
                                const LogisticData *, const double *w);

/* H = 1/N sum weight[y] p (1 - p) x x^T, and lambda on the diagonal from free on: both triangles. */
void logistic_regression_hessian(double *H,                                         /* (D,D) */
                                 const LogisticData *, const double *w);

/*
 *   H s = dw      w = w - t s
 *
 * t is the first of 1, 1/2, 1/4, .., 2^-40 with f(w - t s) <= f(w) (1 + 1e-14) - t (dw s) / 10000; the 1e-14 is what
 * rounding may add. w is in/out. Ends before a step where the largest |dw| is at most tolerance, where H is not
 * positive definite, where no t will do; and after so many steps. loss[i] is the f that step i found, before it moved.
 * Returns how many steps it made. work is working memory. Armijo, 1966; Nocedal, Wright: Numerical Optimization.
 */
int logistic_regression_newton(double *w, double *loss, double *work,       /* (D) in/out, (steps), (D + 3, D) */
                               const LogisticData *, double tolerance, int steps);

/*
 * Once through the rows in this order, batch of them at a time, the last batch perhaps shorter: w = w - rate dw, where
 * dw is the gradient of the batch's mean (each row weighted by its class, divided by the rows of the batch) and of the
 * whole penalty. w is in/out. order is a permutation of 0 .. N-1, 1 <= batch <= N. dw is working memory.
 */
void logistic_regression_sgd(double *w, double *dw,                                 /* (D) in/out, (D) */
                             const LogisticData *, const int *order, int batch, double rate);

/*
 * The smallest x w over the rows of class 1, and -x w over those of class 0. Above 0: w tells the classes apart without
 * a mistake, so the loss of t w falls to 0 as t grows, and without a penalty no w is the best.
 */
double logistic_regression_margin(const LogisticData *, const double *w);

/* ---- Many classes: row c of W scores class c --------------------------------------------------------------------- */

/*
 *   p[c] = exp(z[c]) / sum exp(z),  z = W x
 *   f = 1/N sum -weight[y] log p[y]  +  lambda/2 sum W[c][d]^2, d >= free
 *   dW[c] = 1/N sum weight[y] (p[c] - (y == c)) x + ..
 *
 * Returns f, writes its gradient and the probabilities. Scores of any size: nothing overflows. C >= 1.
 */
double logistic_regression_softmax_loss(double *dW, double *P,                      /* (C,D), (N,C) */
                                        const LogisticData *, const double *W, int C);

/*
 *   u = V x      HV[c] = 1/N sum weight[y] p[c] (u[c] - sum p u) x  +  lambda V[c][d], d >= free
 *
 * The second derivative times V, without the (C D)^2 numbers of H. P as softmax_loss left it.
 */
void logistic_regression_softmax_product(double *HV,                                /* (C,D) */
                                         const LogisticData *, const double *P, const double *V, int C);

/*
 * Newton's method, each step by conjugate gradients: made of the two above. Ends where the largest |dW| is at most
 * tolerance, and after so many steps; returns how many it made. W is in/out. work: 5 C D + N C numbers.
 */
int logistic_regression_softmax_fit(double *W, double *work,                        /* (C,D) in/out */
                                    const LogisticData *, double tolerance, int steps, int C);
