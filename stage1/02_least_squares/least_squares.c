/* least_squares.c -- Householder's QR, with and without pivoting; the projection it gives; digits that get lost. */
#include <math.h>
#include "least_squares.h"

/* The length of x[from] .. x[to-1], without squares that overflow or vanish: in units of the largest. */
static double length(const double *x, int step, int from, int to)
{
    double most = 0, square = 0;
    for (int i = from; i < to; i++)
        most = fmax(most, fabs(x[i * step]));
    if (most == 0)
        return 0;
    for (int i = from; i < to; i++)
        square += (x[i * step] / most) * (x[i * step] / most);
    return most * sqrt(square);
}

/* H x = beta e_0: with u = x - beta e_0 the mirror stands halfway, and v = u / u[0], tau = -u[0] / beta. */
void least_squares_reflector(double *x, double *tau, int step, int n)
{
    /* exercise: beta to x[0], v to the others, tau; nothing but tau = 0 where the others are all 0 */
    double rest = length(x, step, 1, n);
    *tau = 0;
    if (rest == 0)
        return;
    double beta = x[0] < 0 ? hypot(x[0], rest) : -hypot(x[0], rest);    /* to the far side: x[0] - beta cannot cancel */
    *tau = (beta - x[0]) / beta;
    for (int i = 1; i < n; i++)
        x[i * step] /= x[0] - beta;
    x[0] = beta;
    /* end */
}

/* a = H a = a - tau v (v . a), n numbers; v[0] is 1 and not stored there. a lies step_a apart, v lies step_v apart. */
static void reflect(double *a, int step_a, const double *v, int step_v, double tau, int n)
{
    double dot = a[0];
    for (int i = 1; i < n; i++)
        dot += v[i * step_v] * a[i * step_a];
    a[0] -= tau * dot;
    for (int i = 1; i < n; i++)
        a[i * step_a] -= tau * dot * v[i * step_v];
}

void least_squares_qr(double *X, double *tau, int N, int D)
{
    /* exercise: for each column make its reflector from the diagonal down, and reflect every column right of it */
    for (int j = 0; j < D; j++) {
        double *v = X + j * D + j;
        least_squares_reflector(v, &tau[j], D, N - j);
        for (int c = 1; c < D - j; c++)
            reflect(v + c, D, v, D, tau[j], N - j);
    }
    /* end */
}

/* Q^T = H_(count-1) ... H_0: the first reflection comes first. Q = H_0 ... H_(count-1): the last one does. */
void least_squares_multiply(double *y, const double *X, const double *tau, bool transposed, int count, int N, int D)
{
    /* exercise: reflect y by each H_j, in the order that the product says */
    for (int i = 0; i < count; i++) {
        int j = transposed ? i : count - 1 - i;
        reflect(y + j, 1, X + j * D + j, D, tau[j], N - j);
    }
    /* end */
}

/* The last row has one unknown; each row above has one more. */
void least_squares_back(double *w, const double *X, const double *z, int count, int D)
{
    /* exercise: from the last row up, take away what is known and divide by the diagonal */
    for (int j = count - 1; j >= 0; j--) {
        double sum = z[j];
        for (int c = j + 1; c < count; c++)
            sum -= X[j * D + c] * w[c];
        w[j] = sum / X[j * D + j];
    }
    /* end */
}

/* Q^T y = (z, rest):  |y - X w|^2 = |z - R w|^2 + |rest|^2. The first can be made 0; Q (0, rest) is what remains. */
void least_squares_solve(double *w, double *y, const double *X, const double *tau, const int *pivot, int rank, int N,
                         int D)
{
    /* exercise: w from R w = the first rank numbers of Q^T y, each to its column; y becomes Q (0, the others) */
    least_squares_multiply(y, X, tau, true, rank, N, D);
    least_squares_back(y, X, y, rank, D);
    for (int d = 0; d < D; d++)
        w[d] = 0;
    for (int j = 0; j < rank; j++) {
        w[pivot ? pivot[j] : j] = y[j];
        y[j] = 0;
    }
    least_squares_multiply(y, X, tau, false, rank, N, D);
    /* end */
}

static void swap_columns(double *X, int *pivot, int a, int b, int N, int D)
{
    for (int n = 0; n < N; n++) {
        double x = X[n * D + a];
        X[n * D + a] = X[n * D + b], X[n * D + b] = x;
    }
    int p = pivot[a];
    pivot[a] = pivot[b], pivot[b] = p;
}

int least_squares_pivoted(double *X, double *tau, int *pivot, double tiny, int N, int D)
{
    double longest = 0;
    for (int d = 0; d < D; d++) {
        pivot[d] = d, tau[d] = 0;
        longest = fmax(longest, length(X + d, D, 0, N));
    }
    for (int j = 0; j < D; j++) {
        /* exercise: find the column with the longest remainder; return j if that is short; else it is next: reflect */
        int    next = j;
        double most = 0;
        for (int c = j; c < D; c++) {
            double left = length(X + c, D, j, N);
            if (left > most)
                most = left, next = c;
        }
        if (!(most > tiny * longest))
            return j;
        swap_columns(X, pivot, j, next, N, D);
        double *v = X + j * D + j;
        least_squares_reflector(v, &tau[j], D, N - j);
        for (int c = 1; c < D - j; c++)
            reflect(v + c, D, v, D, tau[j], N - j);
        /* end */
    }
    return D;
}

/* A = X^T X = R^T R, row after row of R: A[j][c] = sum of R[k][j] R[k][c] over k <= j. Then R^T z = X^T y, R w = z. */
bool least_squares_normal(double *w, double *A, const double *X, const double *y, int N, int D)
{
    for (int j = 0; j < D; j++)
        for (int c = j; c < D; c++) {
            A[j * D + c] = 0;
            for (int n = 0; n < N; n++)
                A[j * D + c] += X[n * D + j] * X[n * D + c];
        }
    /* exercise: A, whose upper triangle is X^T X, becomes R; false if it cannot; then z and w, which share a place */
    for (int j = 0; j < D; j++) {
        double whole = A[j * D + j];
        for (int k = 0; k < j; k++)
            for (int c = j; c < D; c++)
                A[j * D + c] -= A[k * D + j] * A[k * D + c];
        double left = A[j * D + j];
        if (!(left > LEAST_SQUARES_TINY * whole))
            return false;
        for (int c = j; c < D; c++)
            A[j * D + c] /= sqrt(left);
    }
    for (int j = 0; j < D; j++) {
        w[j] = 0;
        for (int n = 0; n < N; n++)
            w[j] += X[n * D + j] * y[n];
        for (int k = 0; k < j; k++)
            w[j] -= A[k * D + j] * w[k];
        w[j] /= A[j * D + j];
    }
    least_squares_back(w, A, w, D, D);
    return true;
    /* end */
}

/* S = R / lengths, column by column, so S^-1 = lengths R^-1, row by row. */
double least_squares_condition(const double *X, double *z, int D)
{
    /* exercise: the largest column sum of S times that of its inverse, a column of which is S^-1 e_j */
    double most = 0, inverse = 0;
    for (int j = 0; j < D; j++) {
        double sum = 0;
        if (X[j * D + j] == 0)
            return INFINITY;
        for (int i = 0; i <= j; i++)
            sum += fabs(X[i * D + j]);
        most = fmax(most, sum / length(X + j, D, 0, j + 1));
    }
    for (int j = 0; j < D; j++) {
        double sum = 0;
        for (int i = 0; i <= j; i++)
            z[i] = i == j;
        least_squares_back(z, X, z, j + 1, D);          /* column j of R^-1: 0 below j */
        for (int i = 0; i <= j; i++)
            sum += fabs(z[i]) * length(X + i, D, 0, i + 1);
        inverse = fmax(inverse, sum);
    }
    return most * inverse;
    /* end */
}
