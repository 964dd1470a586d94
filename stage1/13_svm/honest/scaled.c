/* scaled.c -- an honest variant: scores y G kept apart, alpha times y as one number, candidates collected in lists. */
#include <math.h>
#include <stdlib.h>
#include "svm.h"

static double times(const double *a, const double *b, int D)
{
    double odd = 0, even = 0;
    for (int d = 0; d < D; d++) d % 2 ? (odd += a[d] * b[d]) : (even += a[d] * b[d]);
    return even + odd;
}

double svm_hinge(double *dw, const double *X, const int *y, const double *w, double C, int N, int D)
{
    double loss = 0;
    for (int d = 0; d < D; d++) dw[d] = 0;
    for (int n = N - 1; n >= 0; n--) {
        double m = 1 - (y[n] > 0 ? times(w, X + n * D, D) : -times(w, X + n * D, D));
        if (m <= 0) continue;
        loss += m;
        for (int d = 0; d < D; d++) dw[d] += y[n] > 0 ? X[n * D + d] : -X[n * D + d];
    }
    loss *= C;
    for (int d = 0; d < D; d++) dw[d] = w[d] - C * dw[d], loss += w[d] * w[d] / 2;
    return loss;
}

double svm_coordinate(double *alpha, double *w, const double *X, const int *y, const int *order, double C, int squared,
                      int N, int D)
{
    double worst = 0, ridge = squared ? 1 / (2 * C) : 0, top = squared ? HUGE_VAL : C;
    for (const int *n = order; n < order + N; n++) {
        const double *x = X + *n * D;
        double signedalpha = alpha[*n] * y[*n], pull = y[*n] - times(w, x, D) - ridge * signedalpha;   /* y - x w */
        double g = -pull * y[*n], held = alpha[*n] == 0 ? fmin(g, 0) : alpha[*n] == top ? fmax(g, 0) : g;
        worst = fabs(held) > worst ? fabs(held) : worst;
        double next = (signedalpha + pull / (times(x, x, D) + ridge)) * y[*n];
        next = next < 0 ? 0 : next > top ? top : next;
        double change = next * y[*n] - signedalpha;
        alpha[*n] = next;
        for (int d = 0; d < D; d++) w[d] += change * x[d];
    }
    return worst;
}

double svm_kernel(const SvmKernel *k, const double *a, const double *b, int D)
{
    if (k->kind == SVM_RBF) {
        double e = 0;
        for (int d = D - 1; d >= 0; d--) e -= k->gamma * (b[d] - a[d]) * (b[d] - a[d]);
        return exp(e);
    }
    double v = times(b, a, D);
    if (k->kind == SVM_LINEAR) return v;
    double base = v * k->gamma + 1, power = 1;
    for (int n = k->degree; n > 0; n /= 2, base *= base)
        if (n % 2) power *= base;
    return power;
}

const double *svm_cached(void *cache, int i)
{
    SvmCache *c = cache;
    c->now += 1;
    if (c->slot[i] == -1) {
        int victim = -1;
        for (int s = 0; s < c->slots; s++)
            if (victim < 0 || c->used[s] < c->used[victim]) victim = s;
        for (int n = 0; n < c->N; n++)
            if (c->slot[n] == victim) c->slot[n] = -1;
        c->fill(c->rows + victim * c->N, c->what, i);
        c->slot[i] = victim;
        c->holds[victim] = i;
    }
    c->used[c->slot[i]] = c->now;
    return c->rows + c->slot[i] * c->N;
}

double svm_select(int *i, int *j, const double *alpha, const double *G, const int *y, const double *diagonal, double C,
                  SvmRow *row, void *from, int N)
{
    int   *up = malloc((size_t)N * sizeof *up), *down = malloc((size_t)N * sizeof *down), ups = 0, downs = 0;
    double m = -INFINITY, least = INFINITY, best = -1;
    *i = *j = -1;
    for (int n = 0; n < N; n++) {
        if (alpha[n] > 0) *(y[n] > 0 ? &down[downs++] : &up[ups++]) = n;
        if (alpha[n] < C) *(y[n] > 0 ? &up[ups++] : &down[downs++]) = n;
    }
    for (int k = 0; k < ups; k++)
        if (y[up[k]] * -G[up[k]] > m) m = y[up[k]] * -G[up[k]], *i = up[k];
    const double *Q = ups ? row(from, *i) : NULL;
    for (int k = 0; k < downs && ups; k++) {
        int    n = down[k];
        double v = y[n] * -G[n], a = diagonal[*i] - 2 * y[*i] * y[n] * Q[n] + diagonal[n];
        least = v < least ? v : least;
        double gain = (m - v) * (m - v) / (a > 0 ? a : 1e-12);
        if (v < m && gain > best) best = gain, *j = n;
    }
    free(up), free(down);
    return ups && downs ? m - least : -INFINITY;
}

void svm_update(double *alpha, double *G, int i, int j, const double *Qi, const double *Qj, const int *y, double C,
                int N)
{
    double bend = Qi[i] + Qj[j] - (y[i] == y[j] ? 2 : -2) * Qi[j], t;
    double room[2] = { y[i] > 0 ? C - alpha[i] : alpha[i], y[j] > 0 ? alpha[j] : C - alpha[j] };
    t = (y[j] * G[j] - y[i] * G[i]) / (bend > 0 ? bend : 1e-12);
    if (t > room[0]) t = room[0];
    if (t > room[1]) t = room[1];
    double di = y[i] > 0 ? t : -t, dj = y[j] > 0 ? -t : t;
    alpha[i] = t == room[0] ? (y[i] > 0 ? C : 0) : alpha[i] + di;
    alpha[j] = t == room[1] ? (y[j] > 0 ? 0 : C) : alpha[j] + dj;
    for (int n = N - 1; n >= 0; n--) G[n] += di * Qi[n] + dj * Qj[n];
}

double svm_rho(const double *alpha, const double *G, const int *y, double C, int N)
{
    double sum = 0, ends[2] = { -INFINITY, INFINITY };
    int    n = 0, free = 0;
    for (; n < N; n++) {
        double v = y[n] * G[n];
        if (alpha[n] > 0 && alpha[n] < C) sum += v, free++;
        else if ((alpha[n] == 0) == (y[n] > 0)) ends[1] = fmin(ends[1], v);
        else ends[0] = fmax(ends[0], v);
    }
    if (!free) return ends[0] / 2 + ends[1] / 2;
    return sum / free;
}

double svm_score(const SvmKernel *k, const double *X, const int *y, const double *alpha, double rho, const double *x,
                 int N, int D)
{
    double score = -rho;
    for (int n = N - 1; n >= 0; n--)
        if (alpha[n] != 0) score += y[n] * (alpha[n] * svm_kernel(k, x, X + n * D, D));
    return score;
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
