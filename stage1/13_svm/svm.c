/* svm.c -- the widest road between two classes: hinge loss, kernels, SMO with a cache of rows, coordinate descent. */
#include <math.h>
#include <stdbool.h>
#include "svm.h"

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* f = |w|^2 / 2 + C sum max(0, 1 - y x w) */
double svm_hinge(double *dw, const double *X, const int *y, const double *w, double C, int N, int D)
{
    /* exercise: return the loss, write its gradient: w, minus C y x for each row inside the margin */
    double f = dot(w, w, D) / 2;
    for (int d = 0; d < D; d++)
        dw[d] = w[d];
    for (int n = 0; n < N; n++) {
        const double *x = X + n * D;
        double short_of = 1 - y[n] * dot(x, w, D);
        if (!(short_of > 0))
            continue;
        f += C * short_of;
        for (int d = 0; d < D; d++)
            dw[d] -= C * y[n] * x[d];
    }
    return f;
    /* end */
}

/* g = y x w - 1 + b alpha,   alpha = min(max(alpha - g / (x x + b), 0), U) */
double svm_coordinate(double *alpha, double *w, const double *X, const int *y, const int *order, double C, int squared,
                      int N, int D)
{
    double b = squared ? 1 / (2 * C) : 0, U = squared ? INFINITY : C, worst = 0;
    for (int k = 0; k < N; k++) {
        int n = order[k];
        const double *x = X + n * D;
        /* exercise: g, what it counts for in worst, the new alpha within 0 and U, and what that does to w */
        double g = y[n] * dot(x, w, D) - 1 + b * alpha[n], old = alpha[n];
        if (!(old == 0 && g > 0) && !(old == U && g < 0))
            worst = fmax(worst, fabs(g));
        alpha[n] = fmin(fmax(old - g / (dot(x, x, D) + b), 0), U);
        for (int d = 0; d < D; d++)
            w[d] += (alpha[n] - old) * y[n] * x[d];
        /* end */
    }
    return worst;
}

double svm_kernel(const SvmKernel *k, const double *a, const double *b, int D)
{
    /* exercise: the kernel of this kind */
    if (k->kind == SVM_LINEAR)
        return dot(a, b, D);
    if (k->kind == SVM_POLYNOMIAL)
        return pow(k->gamma * dot(a, b, D) + 1, k->degree);
    double square = 0;
    for (int d = 0; d < D; d++)
        square += (a[d] - b[d]) * (a[d] - b[d]);
    return exp(-k->gamma * square);
    /* end */
}

const double *svm_cached(void *cache, int i)
{
    SvmCache *c = cache;
    /* exercise: count the request; a row that is not there goes to the slot used longest ago; return the row */
    int s = c->slot[i];
    c->now++;
    if (s < 0) {
        s = 0;
        for (int other = 1; other < c->slots; other++)
            if (c->used[other] < c->used[s])
                s = other;
        if (c->holds[s] >= 0)
            c->slot[c->holds[s]] = -1;              /* whoever lay there is nowhere now */
        c->holds[s] = i;
        c->slot[i] = s;
        c->fill(c->rows + (long)s * c->N, c->what, i);
    }
    c->used[s] = c->now;
    return c->rows + (long)s * c->N;
    /* end */
}

static bool may_rise(double alpha, int y, double C) { return y > 0 ? alpha < C : alpha > 0; }
static bool may_fall(double alpha, int y, double C) { return y > 0 ? alpha > 0 : alpha < C; }

/* What the kernel bends by along the pair, never 0. */
static double bend(double Qii, double Qjj, double Qij, int yi, int yj)
{
    double a = Qii + Qjj - 2 * yi * yj * Qij;
    return a > 0 ? a : 1e-12;
}

double svm_select(int *i, int *j, const double *alpha, const double *G, const int *y, const double *diagonal, double C,
                  SvmRow *row, void *from, int N)
{
    double m = -INFINITY, least = INFINITY, best = 0;
    *i = *j = -1;
    /* exercise: first i and m; then, with row i of Q, the least -y G and j */
    for (int n = 0; n < N; n++)
        if (may_rise(alpha[n], y[n], C) && -y[n] * G[n] > m) {
            m = -y[n] * G[n];
            *i = n;
        }
    if (*i < 0)
        return -INFINITY;
    const double *Qi = row(from, *i);
    for (int n = 0; n < N; n++) {
        if (!may_fall(alpha[n], y[n], C))
            continue;
        double b = m + y[n] * G[n], gain = b * b / bend(diagonal[*i], diagonal[n], Qi[n], y[*i], y[n]);
        least = fmin(least, -y[n] * G[n]);
        if (b > 0 && gain > best) {
            best = gain;
            *j = n;
        }
    }
    return m - least;
    /* end */
}

void svm_update(double *alpha, double *G, int i, int j, const double *Qi, const double *Qj, const int *y, double C,
                int N)
{
    /* exercise: t, but no further than either alpha's end; move both, then the gradient of all */
    double room_i = y[i] > 0 ? C - alpha[i] : alpha[i], room_j = y[j] > 0 ? alpha[j] : C - alpha[j];
    double t = (y[j] * G[j] - y[i] * G[i]) / bend(Qi[i], Qj[j], Qi[j], y[i], y[j]);
    t = fmin(t, fmin(room_i, room_j));
    alpha[i] = t < room_i ? alpha[i] + y[i] * t : y[i] > 0 ? C : 0;     /* at the end exactly: others ask whether */
    alpha[j] = t < room_j ? alpha[j] - y[j] * t : y[j] > 0 ? 0 : C;
    for (int n = 0; n < N; n++)
        G[n] += t * (y[i] * Qi[n] - y[j] * Qj[n]);
    /* end */
}

double svm_rho(const double *alpha, const double *G, const int *y, double C, int N)
{
    /* exercise: the mean of y G over the free; without any, the middle between the two sides */
    double sum = 0, low = -INFINITY, high = INFINITY;
    int    free = 0;
    for (int n = 0; n < N; n++) {
        bool rise = may_rise(alpha[n], y[n], C), fall = may_fall(alpha[n], y[n], C);
        if (rise && fall) {
            sum += y[n] * G[n];
            free++;
        } else if (rise)
            high = fmin(high, y[n] * G[n]);
        else
            low = fmax(low, y[n] * G[n]);
    }
    return free ? sum / free : (low + high) / 2;
    /* end */
}

double svm_score(const SvmKernel *k, const double *X, const int *y, const double *alpha, double rho, const double *x,
                 int N, int D)
{
    /* exercise: the support vectors' kernels with x, each times alpha y; minus rho */
    double sum = 0;
    for (int n = 0; n < N; n++)
        if (alpha[n] > 0)
            sum += alpha[n] * y[n] * svm_kernel(k, X + n * D, x, D);
    return sum - rho;
    /* end */
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
    cache->fill = svm_row, cache->what = p;
    for (int n = 0; n < p->N; n++) {
        alpha[n] = 0, G[n] = -1;
        diagonal[n] = svm_kernel(&p->kernel, p->X + n * p->D, p->X + n * p->D, p->D);
    }
    for (int s = 0; s < steps; s++) {
        int i, j;
        if (!(svm_select(&i, &j, alpha, G, p->y, diagonal, p->C, svm_cached, cache, p->N) > tolerance))
            return s;
        const double *Qi = svm_cached(cache, i), *Qj = svm_cached(cache, j);
        svm_update(alpha, G, i, j, Qi, Qj, p->y, p->C, p->N);
    }
    return steps;
}
