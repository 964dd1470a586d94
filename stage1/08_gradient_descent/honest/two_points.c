/* two_points.c -- an honest variant: momentum from two points, Nesterov from the points ahead, fused multiply-adds. */
#include <complex.h>
#include <math.h>
#include <stdbool.h>
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

/* The two sides in one loop, the lengths by hypot. */
double gradient_descent_steepest(double *v, double *u, double *work, LossFunction *f, const void *data, const double *w,
                                 double h, int turns, int D)
{
    double curvature = 0, size = 0;
    for (int d = 0; d < D; d++) size = hypot(size, v[d]);
    for (int d = 0; d < D; d++) v[d] /= size;
    for (int t = 0; t < turns && size > 0; t++) {
        for (int side = -1; side <= 1; side += 2) {
            for (int d = 0; d < D; d++) work[d] = fma(side * h, v[d], w[d]);
            f(work + D, work, data, D);
            for (int d = 0; d < D; d++) u[d] = (side < 0 ? 0 : u[d]) + side * work[D + d] / (2 * h);
        }
        size = curvature = 0;
        for (int d = D - 1; d >= 0; d--) curvature = fma(v[d], u[d], curvature), size = hypot(size, u[d]);
        for (int d = 0; d < D && size > 0; d++) v[d] = u[d] / size;
    }
    return curvature;
}

/* Both roots as complex numbers. */
double gradient_descent_factor(Descent way, double rate, double beta, double curvature)
{
    double         shrink = 1 - rate * curvature, b = way == DESCENT_PLAIN ? 0 : beta;
    double         sum = way == DESCENT_NESTEROV ? shrink + b * shrink : shrink + b;
    double         product = way == DESCENT_NESTEROV ? b * shrink : b;
    double complex root = csqrt(sum * sum - 4 * product);
    return fmax(cabs((sum + root) / 2), cabs((sum - root) / 2));
}

double gradient_descent_best(double *rate, double *beta, Descent way, double flattest, double steepest)
{
    double l = sqrt(flattest), L = sqrt(steepest), slow = (L - l) / (L + l);
    const double table[][3] = { { 2 / (flattest + steepest), 0, (steepest - flattest) / (steepest + flattest) },
                                { 2 / (L + l) * (2 / (L + l)), slow * slow, slow },
                                { 1 / steepest, slow, 1 - l / L } };
    *rate = table[way][0], *beta = table[way][1];
    return table[way][2];
}

/* All answers first; then the first yes. */
Cause gradient_descent_diagnose(double *next, const DescentRun *run)
{
    int    last = run->steps - 1;
    double reach = run->rate * run->steepest, flat = run->flattest / run->steepest;
    bool   rose = !(run->loss[last] <= run->loss[0]), rest = run->length[last] <= DESCENT_AT_REST * run->length[0];
    struct { bool yes; Cause cause; double rate; } asked[] = {
        { rose && reach > 2, CAUSE_RATE_TOO_LARGE, 1 / run->steepest },
        { rose, CAUSE_WRONG_SIGN, -run->rate },
        { run->silent * 2 >= run->D, CAUSE_DEAD_UNITS, run->rate },
        { rest && run->flattest < 0, CAUSE_SADDLE, run->rate },
        { rest, CAUSE_NONE, run->rate },
        { reach < DESCENT_TIMID, CAUSE_RATE_TOO_SMALL, 1 / run->steepest },
        { flat > -DESCENT_VALLEY && flat < DESCENT_VALLEY, CAUSE_SCALING, run->rate },
        { true, CAUSE_PATIENCE, run->rate },
    };
    int i = 0;
    while (!asked[i].yes) i++;
    *next = asked[i].rate;
    return asked[i].cause;
}
