/* gradient_descent.c -- walking downhill: plain, with momentum, after Nesterov; how fast by theory; why a run fails. */
#include <math.h>
#include "gradient_descent.h"

/* g = A w - b,   loss = w (A w / 2 - b) */
double gradient_descent_quadratic(double *g, const double *A, const double *b, const double *w, int D)
{
    /* exercise: write the gradient A w - b to g, return the loss w A w / 2 - b w */
    double loss = 0;
    for (int i = 0; i < D; i++, A += D) {
        double Aw = 0;
        for (int j = 0; j < D; j++)
            Aw += A[j] * w[j];
        g[i] = Aw - b[i];
        loss += w[i] * (Aw / 2 - b[i]);
    }
    return loss;
    /* end */
}

/* w = w - rate g(w) */
void gradient_descent_plain(double *w, double *loss, double *g, LossFunction *f, const void *data, double rate,
                            int steps, int D)
{
    /* exercise: in each step note the loss, then move every weight against its gradient */
    for (int s = 0; s < steps; s++) {
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++)
            w[d] -= rate * g[d];
    }
    /* end */
}

/* v = beta v - rate g(w),   w = w + v */
void gradient_descent_momentum(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    /* exercise: in each step note the loss, turn the velocity v a little downhill, then move by it */
    for (int s = 0; s < steps; s++) {
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++) {
            v[d] = beta * v[d] - rate * g[d];
            w[d] += v[d];
        }
    }
    /* end */
}

/* With a = w + beta v:   v' = beta v - rate g(a),   w' = w + v' = a - rate g(a) */
void gradient_descent_nesterov(double *w, double *v, double *loss, double *g, LossFunction *f, const void *data,
                               double rate, double beta, int steps, int D)
{
    /* exercise: as momentum, but loss and gradient are asked for at w + beta v */
    for (int s = 0; s < steps; s++) {
        for (int d = 0; d < D; d++)
            w[d] += beta * v[d];                    /* ahead: w is a */
        loss[s] = f(g, w, data, D);
        for (int d = 0; d < D; d++) {
            w[d] -= rate * g[d];
            v[d] = beta * v[d] - rate * g[d];
        }
    }
    /* end */
}

static double length(const double *v, int D)
{
    double square = 0;
    for (int d = 0; d < D; d++)
        square += v[d] * v[d];
    return sqrt(square);
}

/* H v = (g(w + h v) - g(w - h v)) / 2 h, exactly where the loss is quadratic. Again and again: the direction with the
 * curvature of the largest size grows most. */
double gradient_descent_steepest(double *v, double *u, double *work, LossFunction *f, const void *data, const double *w,
                                 double h, int turns, int D)
{
    double curvature = 0, size = length(v, D);
    for (int d = 0; d < D; d++)
        v[d] /= size;
    for (int t = 0; t < turns; t++) {
        /* exercise: u = H v by two gradients, curvature = v u; return 0 where u is all 0; then v = u / |u| */
        double *at = work, *behind = work + D;
        for (int d = 0; d < D; d++)
            at[d] = w[d] - h * v[d];
        f(behind, at, data, D);
        for (int d = 0; d < D; d++)
            at[d] = w[d] + h * v[d];
        f(u, at, data, D);
        curvature = 0;
        for (int d = 0; d < D; d++) {
            u[d] = (u[d] - behind[d]) / (2 * h);
            curvature += v[d] * u[d];
        }
        size = length(u, D);
        if (size == 0)
            return 0;
        for (int d = 0; d < D; d++)
            v[d] = u[d] / size;
        /* end */
    }
    return curvature;
}

/* The roots of z^2 - sum z + product: real ones are (sum +- root) / 2; a complex pair has |z|^2 = product. */
double gradient_descent_factor(Descent way, double rate, double beta, double curvature)
{
    /* exercise: the largest size of the roots of the equation in the header */
    double shrink = 1 - rate * curvature, sum, product;
    if (way == DESCENT_PLAIN)
        return fabs(shrink);
    sum = way == DESCENT_MOMENTUM ? shrink + beta : shrink * (1 + beta);
    product = way == DESCENT_MOMENTUM ? beta : shrink * beta;
    double inside = sum * sum - 4 * product;
    return inside < 0 ? sqrt(product) : (fabs(sum) + sqrt(inside)) / 2;
    /* end */
}

double gradient_descent_best(double *rate, double *beta, Descent way, double flattest, double steepest)
{
    /* exercise: fill in the table of the header: rate, beta, and the factor to return */
    double root = sqrt(steepest / flattest), slow = (root - 1) / (root + 1);
    if (way == DESCENT_PLAIN) {
        *rate = 2 / (steepest + flattest), *beta = 0;
        return (steepest - flattest) / (steepest + flattest);
    }
    if (way == DESCENT_MOMENTUM) {
        *rate = 4 / pow(sqrt(steepest) + sqrt(flattest), 2), *beta = slow * slow;
        return slow;
    }
    *rate = 1 / steepest, *beta = slow;
    return 1 - 1 / root;
    /* end */
}

Cause gradient_descent_diagnose(double *next, const DescentRun *run)
{
    /* exercise: ask the six questions of the header in their order; the first yes is the cause */
    int last = run->steps - 1;
    double reach = run->rate * run->steepest;
    *next = run->rate;
    if (!(run->loss[last] <= run->loss[0])) {       /* NaN too */
        *next = reach > 2 ? 1 / run->steepest : -run->rate;
        return reach > 2 ? CAUSE_RATE_TOO_LARGE : CAUSE_WRONG_SIGN;
    }
    if (2 * run->silent >= run->D)
        return CAUSE_DEAD_UNITS;
    if (run->length[last] <= DESCENT_AT_REST * run->length[0])
        return run->flattest < 0 ? CAUSE_SADDLE : CAUSE_NONE;
    if (reach < DESCENT_TIMID) {
        *next = 1 / run->steepest;
        return CAUSE_RATE_TOO_SMALL;
    }
    if (fabs(run->flattest) < DESCENT_VALLEY * run->steepest)
        return CAUSE_SCALING;
    return CAUSE_PATIENCE;
    /* end */
}
