/* late.c -- an honest variant: a column is reflected only when its turn comes, sums are fused and in pairs, pivoting
 * goes by lengths brought up to date, and the normal equations are solved without a root. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "least_squares.h"

static double norm(const double *x, int step, int n)            /* squares in long double reach far enough */
{
    long double square = 0;
    for (int i = 0; i < n; i++) square += (long double)x[i * step] * x[i * step];
    return (double)sqrtl(square);
}

void least_squares_reflector(double *x, double *tau, int step, int n)
{
    int zero = 1;
    for (int i = 1; i < n; i++) zero &= x[i * step] == 0;
    *tau = 0;
    if (zero) return;
    double beta = -copysign(norm(x, step, n), x[0] + 0.0), head = x[0] - beta;
    *tau = -head / beta;
    for (int i = 1; i < n; i++) x[i * step] = x[i * step] / head;
    x[0] = beta;
}

static void reflect(double *a, int step, const double *v, double tau, int D, int n)
{
    double even = a[0], odd = 0;
    for (int i = 1; i < n; i += 2) odd = fma(v[i * D], a[i * step], odd);
    for (int i = 2; i < n; i += 2) even = fma(v[i * D], a[i * step], even);
    double f = -tau * (even + odd);
    a[0] += f;
    for (int i = 1; i < n; i++) a[i * step] = fma(f, v[i * D], a[i * step]);
}

void least_squares_qr(double *X, double *tau, int N, int D)
{
    for (int c = 0; c < D; c++) {
        for (int j = 0; j < c; j++) reflect(X + j * D + c, D, X + j * D + j, tau[j], D, N - j);
        least_squares_reflector(X + c * D + c, tau + c, D, N - c);
    }
}

void least_squares_multiply(double *y, const double *X, const double *tau, bool transposed, int count, int N, int D)
{
    if (transposed)
        for (int j = 0; j < count; j++) reflect(y + j, 1, X + j * D + j, tau[j], D, N - j);
    else
        for (int j = count; j-- > 0;) reflect(y + j, 1, X + j * D + j, tau[j], D, N - j);
}

void least_squares_back(double *w, const double *X, const double *z, int count, int D)
{
    for (int j = count; j-- > 0;) {
        double sum = 0;
        for (int c = count; --c > j;) sum = fma(X[j * D + c], w[c], sum);
        w[j] = (z[j] - sum) / X[j * D + j];
    }
}

void least_squares_solve(double *w, double *y, const double *X, const double *tau, const int *pivot, int rank, int N,
                         int D)
{
    double *z = calloc((size_t)N, sizeof *z);
    if (!z) abort();
    least_squares_multiply(y, X, tau, true, rank, N, D);
    for (int n = rank; n < N; n++) z[n] = y[n];
    least_squares_back(y, X, y, rank, D);
    for (int d = 0; d < D; d++) {
        w[d] = 0;
        for (int j = 0; j < rank; j++)
            if ((pivot ? pivot[j] : j) == d) w[d] = y[j];
    }
    least_squares_multiply(z, X, tau, false, rank, N, D);
    for (int n = 0; n < N; n++) y[n] = z[n];
    free(z);
}

/* Squared lengths are kept, and what a reflection takes away is subtracted; made anew where little is left. */
int least_squares_pivoted(double *X, double *tau, int *pivot, double tiny, int N, int D)
{
    double *left = malloc(sizeof(double) * (size_t)D), *was = malloc(sizeof(double) * (size_t)D), longest = 0;
    int     j;
    if (!left || !was) abort();
    for (int d = 0; d < D; d++) {
        pivot[d] = d, tau[d] = 0, left[d] = was[d] = norm(X + d, D, N);
        if (left[d] > longest) longest = left[d];
    }
    for (j = 0; j < D; j++) {
        int next = j;
        for (int c = j + 1; c < D; c++)
            if (left[c] > left[next]) next = c;
        if (left[next] <= tiny * longest) break;
        for (int n = 0; n < N; n++) {
            double x = X[n * D + next];
            X[n * D + next] = X[n * D + j], X[n * D + j] = x;
        }
        int p = pivot[next];
        pivot[next] = pivot[j], pivot[j] = p;
        left[next] = left[j], was[next] = was[j];
        least_squares_reflector(X + j * D + j, tau + j, D, N - j);
        for (int c = j + 1; c < D; c++) {
            reflect(X + j * D + c, D, X + j * D + j, tau[j], D, N - j);
            double gone = left[c] > 0 ? fabs(X[j * D + c]) / left[c] : 0, keep = gone < 1 ? 1 - gone * gone : 0;
            double part = left[c] / was[c];
            if (!(keep * part * part > 1e-3)) left[c] = was[c] = norm(X + (j + 1) * D + c, D, N - j - 1);
            else left[c] *= sqrt(keep);
        }
    }
    free(left);
    free(was);
    return j;
}

/* A = U^T diag(d) U, U with ones on its diagonal: no root */
bool least_squares_normal(double *w, double *A, const double *X, const double *y, int N, int D)
{
    for (int i = 0; i < D * D; i++) A[i] = 0;
    for (int n = 0; n < N; n++)
        for (int j = 0; j < D; j++)
            for (int c = j; c < D; c++) A[j * D + c] += X[n * D + j] * X[n * D + c];
    for (int j = 0; j < D; j++) {
        double whole = A[j * D + j];
        for (int k = 0; k < j; k++) A[j * D + j] -= A[k * D + k] * A[k * D + j] * A[k * D + j];
        if (!(A[j * D + j] > LEAST_SQUARES_TINY * whole)) return false;
        for (int c = j + 1; c < D; c++) {
            for (int k = 0; k < j; k++) A[j * D + c] -= A[k * D + k] * A[k * D + j] * A[k * D + c];
            A[j * D + c] /= A[j * D + j];
        }
    }
    for (int j = 0; j < D; j++) {
        w[j] = 0;
        for (int n = N; n-- > 0;) w[j] = fma(X[n * D + j], y[n], w[j]);
        for (int k = 0; k < j; k++) w[j] -= A[k * D + j] * w[k];
    }
    for (int j = D; j-- > 0;) {
        w[j] /= A[j * D + j];
        for (int c = j + 1; c < D; c++) w[j] -= A[j * D + c] * w[c];
    }
    return true;
}

/* S itself first, then its inverse */
double least_squares_condition(const double *X, double *z, int D)
{
    double *S = malloc(sizeof(double) * (size_t)D * D), whole = 0, inverse = 0;
    if (!S) abort();
    for (int j = 0; j < D; j++) {
        double size = norm(X + j, D, j + 1), sum = 0;
        for (int i = 0; i <= j; i++) S[i * D + j] = X[i * D + j] / size, sum += fabs(S[i * D + j]);
        if (sum > whole) whole = sum;
        if (X[j * D + j] == 0) inverse = INFINITY;
    }
    for (int j = 0; j < D && inverse < INFINITY; j++) {
        double sum = 0;
        for (int i = j; i >= 0; i--) {
            z[i] = i == j;
            for (int k = i + 1; k <= j; k++) z[i] -= S[i * D + k] * z[k];
            z[i] /= S[i * D + i];
            sum += fabs(z[i]);
        }
        if (sum > inverse) inverse = sum;
    }
    free(S);
    return inverse < INFINITY ? whole * inverse : INFINITY;
}
