/* rows.c -- an honest variant: a reflection takes X row by row, triangles go by columns, Cholesky by inner products. */
#include <math.h>
#include <stdlib.h>
#include "least_squares.h"

static double norm(const double *x, int step, int n)            /* the running maximum of LAPACK's older dnrm2 */
{
    double scale = 0, square = 1;
    for (int i = 0; i < n; i++) {
        double a = fabs(x[i * step]);
        if (a > scale) square = 1 + square * (scale / a) * (scale / a), scale = a;
        else if (a > 0) square += (a / scale) * (a / scale);
    }
    return scale * sqrt(square);
}

void least_squares_reflector(double *x, double *tau, int step, int n)
{
    double rest = n > 1 ? norm(x + step, step, n - 1) : 0;
    if (rest == 0) {
        *tau = 0;
        return;
    }
    double size = norm(x, step, n), head = fabs(x[0]) + size, sign = x[0] < 0 ? -1 : 1;
    *tau = head / size;
    for (int i = n - 1; i > 0; i--) x[i * step] = sign * x[i * step] / head;
    x[0] = -sign * size;
}

/* s = tau v^T A, then A = A - v s */
static void reflect_rows(double *v, double tau, int D, int rows, int columns)
{
    double *s = malloc(sizeof(double) * (size_t)(columns + 1));
    if (!s) abort();
    for (int c = 1; c <= columns; c++) s[c] = v[c];
    for (int i = 1; i < rows; i++)
        for (int c = 1; c <= columns; c++) s[c] += v[i * D] * v[i * D + c];
    for (int c = 1; c <= columns; c++) v[c] -= tau * s[c];
    for (int i = 1; i < rows; i++)
        for (int c = 1; c <= columns; c++) v[i * D + c] -= v[i * D] * (tau * s[c]);
    free(s);
}

void least_squares_qr(double *X, double *tau, int N, int D)
{
    for (int j = 0; j < D; j++) {
        least_squares_reflector(X + j * D + j, tau + j, D, N - j);
        reflect_rows(X + j * D + j, tau[j], D, N - j, D - j - 1);
    }
}

void least_squares_multiply(double *y, const double *X, const double *tau, bool transposed, int count, int N, int D)
{
    for (int j = transposed ? 0 : count - 1; transposed ? j < count : j >= 0; j += transposed ? 1 : -1) {
        double dot = 0;
        for (int n = N - 1; n > j; n--) dot += X[n * D + j] * y[n];
        dot = tau[j] * (dot + y[j]);
        for (int n = N - 1; n > j; n--) y[n] -= dot * X[n * D + j];
        y[j] -= dot;
    }
}

/* Column by column: as soon as w[j] is known, every row above gives its part away. */
void least_squares_back(double *w, const double *X, const double *z, int count, int D)
{
    for (int i = 0; i < count; i++) w[i] = z[i];
    for (int j = count - 1; j >= 0; j--) {
        w[j] /= X[j * D + j];
        for (int i = 0; i < j; i++) w[i] -= X[i * D + j] * w[j];
    }
}

void least_squares_solve(double *w, double *y, const double *X, const double *tau, const int *pivot, int rank, int N,
                         int D)
{
    double *z = malloc(sizeof(double) * (size_t)D);
    if (!z) abort();
    least_squares_multiply(y, X, tau, true, rank, N, D);
    least_squares_back(z, X, y, rank, D);
    for (int d = 0; d < D; d++) w[d] = 0;
    for (int j = 0; j < rank; j++) w[pivot ? pivot[j] : j] = z[j];
    for (int j = 0; j < rank; j++) y[j] = 0;
    least_squares_multiply(y, X, tau, false, rank, N, D);
    free(z);
}

int least_squares_pivoted(double *X, double *tau, int *pivot, double tiny, int N, int D)
{
    double first = 0;
    for (int d = 0; d < D; d++) pivot[d] = d, tau[d] = 0, first = fmax(first, norm(X + d, D, N));
    for (int j = 0; j < D; j++) {
        int next = D - 1;
        for (int c = D - 2; c >= j; c--)
            if (norm(X + j * D + c, D, N - j) >= norm(X + j * D + next, D, N - j)) next = c;
        if (norm(X + j * D + next, D, N - j) <= tiny * first) return j;
        for (int n = 0; n < N && next != j; n++) {
            double x = X[n * D + j];
            X[n * D + j] = X[n * D + next], X[n * D + next] = x;
        }
        int p = pivot[j];
        pivot[j] = pivot[next], pivot[next] = p;
        least_squares_reflector(X + j * D + j, tau + j, D, N - j);
        reflect_rows(X + j * D + j, tau[j], D, N - j, D - j - 1);
    }
    return D;
}

/* L below the diagonal, number by number */
bool least_squares_normal(double *w, double *A, const double *X, const double *y, int N, int D)
{
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int n = 0; n < N; n++) sum += X[n * D + i] * X[n * D + j];
            double whole = sum;
            for (int k = 0; k < j; k++) sum -= A[i * D + k] * A[j * D + k];
            if (i == j && !(sum > LEAST_SQUARES_TINY * whole)) return false;
            A[i * D + j] = i == j ? sqrt(sum) : sum / A[j * D + j];
        }
    for (int d = 0; d < D; d++) w[d] = 0;
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) w[d] += X[n * D + d] * y[n];
    for (int i = 0; i < D; i++) {
        for (int k = 0; k < i; k++) w[i] -= A[i * D + k] * w[k];
        w[i] /= A[i * D + i];
    }
    for (int i = D - 1; i >= 0; i--) {
        w[i] /= A[i * D + i];
        for (int k = 0; k < i; k++) w[k] -= A[i * D + k] * w[i];
    }
    return true;
}

/* Row by row of the inverse, which need all be there for a sum of columns. */
double least_squares_condition(const double *X, double *z, int D)
{
    double *T = calloc((size_t)D * D, sizeof *T), whole = 0, inverse = 0;
    if (!T) abort();
    for (int i = 0; i < D; i++) {
        if (X[i * D + i] == 0) {
            free(T);
            return INFINITY;
        }
        for (int j = i; j < D; j++) {                           /* row i of R^-1: x R = e_i */
            double sum = i == j;
            for (int k = i; k < j; k++) sum -= T[i * D + k] * X[k * D + j];
            T[i * D + j] = sum / X[j * D + j];
        }
        z[i] = norm(X + i, D, i + 1);
    }
    for (int j = 0; j < D; j++) {
        double a = 0, b = 0;
        for (int i = 0; i <= j; i++) a += fabs(X[i * D + j] / z[j]), b += fabs(T[i * D + j] * z[i]);
        whole = fmax(whole, a), inverse = fmax(inverse, b);
    }
    free(T);
    return whole * inverse;
}
