/* gradient_descent.h -- walking downhill: plain, with momentum, after Nesterov; how fast by theory; why a run fails. */
/* kind: kernel; needs: nothing */
#pragma once
#include "todo.h"

/*
 * w, g, v are (D); loss is (steps); everything is double, D >= 1, steps >= 0. Outputs are written, whatever was in
 * them, and overlap neither inputs nor each other; what is marked in/out starts as the caller left it. A rate too large
 * makes w and loss grow to infinity and NaN, and that is no error.
 */

/* A loss: writes its gradient at w to g, returns its value there. data is the caller's affair. */
typedef double LossFunction(double *g, const double *w, const void *data, int D);

/*
 *   returns w A w / 2 - b w      g = A w - b
 *
 * A (D,D) is symmetric, row-major. A bowl if all its eigenvalues, the curvatures, are positive; the bottom is A^-1 b.
 */
double gradient_descent_quadratic(double *g,                                        /* (D) */
                                  const double *A, const double *b, const double *w, int D);

/*
 *   steps times:   w = w - rate g(w)
 *
 * w is in/out. loss[s] is what step s found, before it moved; g is working memory. Cauchy, 1847.
 */
void gradient_descent_plain(double *w, double *loss, double *g,                     /* in/out, (steps), (D) */
                            LossFunction *f, const void *data, double rate, int steps, int D);

/*
 *   steps times:   v = beta v - rate g(w)      w = w + v
 *
 * w and v are in/out: a walk may be cut in two, and goes on where it was. loss[s] is that of w before step s moved.
 * Polyak: Some methods of speeding up the convergence of iteration methods, 1964.
 */
void gradient_descent_momentum(double *w, double *v, double *loss, double *g,       /* in/out, in/out, (steps), (D) */
                               LossFunction *f, const void *data, double rate, double beta, int steps, int D);

/*
 *   steps times:   v' = beta v - rate g(w + beta v)      w = w + v'      v = v'
 *
 * The slope is asked for where the momentum will have carried w, and so is loss[s]: both belong to w + beta v.
 * Nesterov, 1983, as written by Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in
 * deep learning, ICML 2013.
 */
void gradient_descent_nesterov(double *w, double *v, double *loss, double *g,       /* in/out, in/out, (steps), (D) */
                               LossFunction *f, const void *data, double rate, double beta, int steps, int D);

/*
 *   turns times:   u = (g(w + h v) - g(w - h v)) / 2 h      returns v u      v = u / |u|
 *
 * The curvature of the largest size, by power iteration, from gradients alone: u is the Hessian times v. v is in/out:
 * it starts as any vector but 0, is divided by its length first, and ends as the direction of that curvature; the last
 * turn's v u is returned. Negative: the ground falls away on both sides. Ends early, with 0, when u is all 0.
 * turns >= 1.
 * u and work are working memory.
 */
double gradient_descent_steepest(double *v, double *u, double *work,                /* (D) in/out, (D), (2,D) */
                                 LossFunction *f, const void *data, const double *w, double h, int turns, int D);

typedef enum { DESCENT_PLAIN, DESCENT_MOMENTUM, DESCENT_NESTEROV } Descent;         /* plain: beta is not looked at */

/*
 * What each step multiplies the distance to the bottom by, in the long run, along a direction with this curvature: the
 * largest size of the roots z of
 *   plain      z = 1 - rate curvature
 *   momentum   z^2 - (1 + beta - rate curvature) z + beta = 0
 *   Nesterov   z^2 - (1 + beta)(1 - rate curvature) z + beta (1 - rate curvature) = 0
 * Above 1 it diverges. Goh: Why Momentum Really Works, Distill 2017.
 */
double gradient_descent_factor(Descent, double rate, double beta, double curvature);

/*
 * The rate and the momentum with the smallest factor in the worst direction, when all curvatures lie between flattest
 * and steepest, 0 < flattest <= steepest; l and L for short, k = L / l. Returns that factor.
 *   plain      rate 2 / (L + l)                    beta 0                                 factor (k - 1) / (k + 1)
 *   momentum   rate 4 / (sqrt L + sqrt l)^2        beta the square of the factor          (sqrt k - 1) / (sqrt k + 1)
 *   Nesterov   rate 1 / L                          beta (sqrt k - 1) / (sqrt k + 1)       1 - 1 / sqrt k
 * Nesterov's pair is the one with a proof for every convex loss, not the best for a quadratic one.
 */
double gradient_descent_best(double *rate, double *beta,                            /* (1), (1) */
                             Descent, double flattest, double steepest);

/* ---- Why does it not converge? ----------------------------------------------------------------------------------- */

/* A run of plain descent, and what was measured about it. */
typedef struct DescentRun {
    int           steps, D;
    double        rate;
    const double *loss, *length;    /* (steps) before each step: the loss, the gradient's length */
    double        flattest, steepest;   /* the smallest and the largest curvature: where it ended, or began if it
                                         * rose. The smallest may be negative. */
    int           silent;               /* of the D weights, those whose gradient was exactly 0 in every step */
} DescentRun;

typedef enum { CAUSE_NONE, CAUSE_RATE_TOO_LARGE, CAUSE_WRONG_SIGN, CAUSE_DEAD_UNITS, CAUSE_SADDLE, CAUSE_RATE_TOO_SMALL,
               CAUSE_SCALING, CAUSE_PATIENCE } Cause;

#define DESCENT_AT_REST 1e-6    /* the last gradient, beside the first */
#define DESCENT_TIMID   0.1     /* rate times the steepest curvature; 1 to 2 is what it can stand */
#define DESCENT_VALLEY  1e-3    /* the flattest curvature, beside the steepest */

/*
 * Asks in this order, and the first yes is the cause; *next is the rate to go on with. steps >= 2.
 *  1 The last loss is above the first, or no number. If rate times steepest is above 2, the rate is too large: take
 *    1 / steepest. Else steps so short would have lowered it, and the sign is wrong: take -rate.
 *  2 At least half of the weights are silent: dead units, which no rate wakes. Start again from other weights.
 *  3 The last gradient is at most DESCENT_AT_REST times the first: at rest. With the flattest curvature below 0 that is
 *    a saddle, which a small push leaves; else the bottom, and nothing is wrong.
 *  4 Still on its way, and rate times steepest is below DESCENT_TIMID: the rate is too small. Take 1 / steepest.
 *  5 The flattest curvature is, in size, below DESCENT_VALLEY times the steepest: no rate is right for both directions.
 *    Bring the columns to one scale, or take momentum.
 *  6 Else it wants more steps, and nothing besides.
 * Where no other rate is named, *next is the rate.
 */
Cause gradient_descent_diagnose(double *next, const DescentRun *);                  /* (1) */
