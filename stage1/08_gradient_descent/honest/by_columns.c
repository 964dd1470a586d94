/* by_columns.c -- an honest variant: columns instead of rows, pointers, another order of every sum. */
#include <math.h>
#include "gradient_descent.h"

double gradient_descent_quadratic(double *g, const double *A, const double *b, const double *w, int D)
{
    for (int i = 0; i < D; i++) g[i] = -b[i];
    for (int j = D - 1; j >= 0; j--)                    /* A is symmetric: its row j is its column j */
        for (int i = 0; i < D; i++) g[i] += A[j * D + i] * w[j];
    double twice = 0;
    for (int i = D - 1; i >= 0; i--) twice += w[i] * (g[i] - b[i]);
    return twice / 2;
}

void gradient_descent_plain(double *w, double *loss, double *g, LossFunction *f, const void *data, double rate,
                            int steps, int D)
{
    while (steps-- > 0) {
        *loss++ = f(g, w, data, D);
        for (int d = D - 1; d >= 0; d--) w[d] = w[d] + -rate * g[d];
    }
}

void gradient_descent_momentum(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    while (steps-- > 0) {
        *loss++ = f(g, w, data, D);
        for (int d = 0; d < D; d++) v[d] *= beta;
        for (int d = 0; d < D; d++) v[d] -= g[d] * rate;
        for (int d = 0; d < D; d++) w[d] += v[d];
    }
}

/* Back by beta v after the look ahead, as the formula stands. */
void gradient_descent_nesterov(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    while (steps-- > 0) {
        for (int d = 0; d < D; d++) w[d] += beta * v[d];
        *loss++ = f(g, w, data, D);
        for (int d = 0; d < D; d++) {
            double old = w[d] - beta * v[d];
            v[d] = beta * v[d] - rate * g[d];
            w[d] = old + v[d];
        }
    }
}

double gradient_descent_steepest(double *v, double *u, double *work, LossFunction *f, const void *data, const double *w,
                                 double h, int turns, int D)
{
    double curvature = 0, square = 0;
    for (int d = 0; d < D; d++) square += v[d] * v[d];
    for (int d = 0; d < D; d++) v[d] *= 1 / sqrt(square);
    while (turns-- > 0) {
        for (int d = 0; d < D; d++) work[d] = w[d] + h * v[d];
        f(work + D, work, data, D);
        for (int d = 0; d < D; d++) work[d] = w[d] - h * v[d];
        f(u, work, data, D);
        curvature = square = 0;
        for (int d = D - 1; d >= 0; d--) {
            u[d] = work[D + d] / (2 * h) - u[d] / (2 * h);
            curvature += v[d] * u[d], square += u[d] * u[d];
        }
        if (!(square > 0)) return 0;
        for (int d = 0; d < D; d++) v[d] = u[d] / sqrt(square);
    }
    return curvature;
}

/* The complex case by real and imaginary part. */
double gradient_descent_factor(Descent way, double rate, double beta, double curvature)
{
    double shrink = 1 - rate * curvature;
    if (way == DESCENT_PLAIN) return shrink < 0 ? -shrink : shrink;
    double half = (way == DESCENT_MOMENTUM ? shrink + beta : shrink + shrink * beta) / 2;
    double inside = half * half - (way == DESCENT_MOMENTUM ? beta : shrink * beta);
    if (inside < 0) return hypot(half, sqrt(-inside));
    return fmax(fabs(half + sqrt(inside)), fabs(half - sqrt(inside)));
}

double gradient_descent_best(double *rate, double *beta, Descent way, double flattest, double steepest)
{
    double l = sqrt(flattest), L = sqrt(steepest);
    switch (way) {
    case DESCENT_PLAIN:
        *rate = 1 / ((flattest + steepest) / 2), *beta = 0;
        return (steepest / flattest - 1) / (steepest / flattest + 1);
    case DESCENT_MOMENTUM:
        *rate = 4 / (L + l) / (L + l), *beta = (L - l) * (L - l) / (L + l) / (L + l);
        return (L - l) / (L + l);
    default: *rate = 1 / steepest, *beta = (L - l) / (L + l); return (L - l) / L;
    }
}

Cause gradient_descent_diagnose(double *next, const DescentRun *run)
{
    const double *loss = run->loss + run->steps - 1, reach = run->rate * run->steepest;
    *next = run->rate;
    if (isnan(*loss) || *loss > run->loss[0]) {
        if (!(reach > 2)) return *next = -*next, CAUSE_WRONG_SIGN;
        return *next = 1 / run->steepest, CAUSE_RATE_TOO_LARGE;
    }
    if (run->D - run->silent <= run->silent) return CAUSE_DEAD_UNITS;
    if (run->length[run->steps - 1] / run->length[0] <= DESCENT_AT_REST)
        return run->flattest < 0 ? CAUSE_SADDLE : CAUSE_NONE;
    if (reach < DESCENT_TIMID) return *next = 1 / run->steepest, CAUSE_RATE_TOO_SMALL;
    if (run->flattest < DESCENT_VALLEY * run->steepest && run->flattest > -DESCENT_VALLEY * run->steepest)
        return CAUSE_SCALING;
    return CAUSE_PATIENCE;
}
