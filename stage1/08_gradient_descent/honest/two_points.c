/* two_points.c -- an honest variant: momentum from two points, Nesterov from the points ahead, fused multiply-adds. */
#include <math.h>
#include "gradient_descent.h"

double gradient_descent_quadratic(double *g, const double *A, const double *b, const double *w, int D)
{
    double wAw = 0, bw = 0;
    for (int i = 0; i < D; i++) {
        double even = 0, odd = 0;
        for (int j = 0; j < D; j += 2) even = fma(A[i * D + j], w[j], even);
        for (int j = 1; j < D; j += 2) odd = fma(A[i * D + j], w[j], odd);
        g[i] = even + odd - b[i];
        wAw = fma(w[i], even + odd, wAw), bw = fma(b[i], w[i], bw);
    }
    return 0.5 * wAw - bw;
}

void gradient_descent_plain(double *w, double *loss, double *g, LossFunction *f, const void *data, double rate,
                            int steps, int D)
{
    for (int s = 0; s < steps; s++) {
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++) w[d] = fma(-rate, g[d], w[d]);
    }
}

/* v is kept as the weights of one step ago. */
void gradient_descent_momentum(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    for (int d = 0; d < D; d++) v[d] = w[d] - v[d];
    for (int s = 0; s < steps; s++) {
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++) {
            double next = w[d] + beta * (w[d] - v[d]) - rate * g[d];
            v[d] = w[d], w[d] = next;
        }
    }
    for (int d = 0; d < D; d++) v[d] = w[d] - v[d];
}

/* w holds the point ahead from one step to the next. */
void gradient_descent_nesterov(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    for (int d = 0; d < D; d++) w[d] = fma(beta, v[d], w[d]);
    for (int s = 0; s < steps; s++) {
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++) {
            double old = v[d];
            v[d] = beta * old - rate * g[d];
            w[d] += (1 + beta) * v[d] - beta * old;
        }
    }
    for (int d = 0; d < D; d++) w[d] -= beta * v[d];
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
