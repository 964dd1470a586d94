/* right_looking_and_givens.c -- an honest variant: Cholesky that updates the rest at once, and rotations for QR. */
#include <math.h>
#include "linear_regression.h"

void linear_regression_predict(double *yhat, const double *X, const double *w, int N, int D)
{
    for (int n = 0; n < N; n++) yhat[n] = X[n * D] * w[0];
    for (int d = 1; d < D; d++)
        for (int n = 0; n < N; n++) yhat[n] += X[n * D + d] * w[d];
}

double linear_regression_loss(double *dw, const double *X, const double *y, const double *w, int N, int D)
{
    double loss = 0;
    for (int d = 0; d < D; d++) dw[d] = 0;
    for (int n = N - 1; n >= 0; n--) {                  /* the last row first, running means */
        double r = y[n];
        for (int d = D - 1; d >= 0; d--) r -= w[d] * X[n * D + d];
        loss += r * r / N;
        for (int d = 0; d < D; d++) dw[d] -= r * X[n * D + d];
    }
    for (int d = 0; d < D; d++) dw[d] *= 2.0 / N;
    return loss;
}

void linear_regression_descend(double *w, double *loss, double *dw, const double *X, const double *y, double rate,
                               int steps, int N, int D)
{
    while (steps-- > 0) {
        *loss++ = linear_regression_loss(dw, X, y, w, N, D);
        for (int d = D - 1; d >= 0; d--) w[d] = w[d] - dw[d] * rate;
    }
}

bool linear_regression_cholesky(double *A, int D)
{
    for (int k = 0; k < D; k++) {
        double whole = A[k * D + k];
        for (int j = 0; j < k; j++) whole += A[k * D + j] * A[k * D + j];       /* what the updates below took away */
        if (!(A[k * D + k] > LINEAR_REGRESSION_TINY * whole)) return false;
        A[k * D + k] = sqrt(A[k * D + k]);
        for (int i = k + 1; i < D; i++) A[i * D + k] *= 1 / A[k * D + k];
        for (int j = k + 1; j < D; j++)
            for (int i = j; i < D; i++) A[i * D + j] -= A[i * D + k] * A[j * D + k];
    }
    return true;
}

void linear_regression_solve(double *x, const double *L, const double *b, int D)
{
    for (int i = 0; i < D; i++) x[i] = b[i];
    for (int k = 0; k < D; k++) {                       /* by columns: what is known leaves all the others */
        x[k] /= L[k * D + k];
        for (int i = k + 1; i < D; i++) x[i] -= L[i * D + k] * x[k];
    }
    for (int k = D - 1; k >= 0; k--) {
        x[k] /= L[k * D + k];
        for (int i = 0; i < k; i++) x[i] -= L[k * D + i] * x[k];
    }
}

bool linear_regression_ridge(double *w, double *A, const double *X, const double *y, double lambda, int N, int D)
{
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++) {
            double sum = 0;
            for (int n = N - 1; n >= 0; n--) sum += X[n * D + i] * X[n * D + j];
            A[i * D + j] = i == j && i ? sum + lambda : sum;
        }
    if (!linear_regression_cholesky(A, D)) return false;
    for (int d = 0; d < D; d++) {
        w[d] = 0;
        for (int n = 0; n < N; n++) w[d] += X[n * D + d] * y[n];
    }
    linear_regression_solve(w, A, w, D);
    return true;
}

static void rotate(double *a, double *b, double c, double s, int n)
{
    for (int i = 0; i < n; i++) {
        double t = c * a[i] + s * b[i];
        b[i] = c * b[i] - s * a[i], a[i] = t;
    }
}

bool linear_regression_qr(double *w, double *rss, double *X, double *y, int N, int D)
{
    for (int j = 0; j < D; j++) {
        double whole = 0;
        if (j >= N) return false;
        for (int n = 0; n < N; n++) whole = hypot(whole, X[n * D + j]);
        for (int n = N - 1; n > j; n--) {               /* turn row n against row j until X[n][j] is 0 */
            double r = hypot(X[j * D + j], X[n * D + j]);
            if (r == 0) continue;
            double c = X[j * D + j] / r, s = X[n * D + j] / r;
            rotate(X + j * D, X + n * D, c, s, D);
            rotate(y + j, y + n, c, s, 1);
        }
        if (!(fabs(X[j * D + j]) > LINEAR_REGRESSION_TINY * whole) || !isfinite(whole)) return false;
    }
    for (int j = D - 1; j >= 0; j--) {
        w[j] = y[j];
        for (int c = j + 1; c < D; c++) w[j] -= X[j * D + c] * w[c];
        w[j] /= X[j * D + j];
    }
    double sum = 0;
    for (int n = N - 1; n >= D; n--) sum += y[n] * y[n];
    *rss = sum;
    return true;
}

bool linear_regression_errors(double *se, double *t, const double *R, const double *w, double rss, int N, int D)
{
    if (N <= D) return false;
    double s = sqrt(rss / (N - D));
    for (int j = 0; j < D; j++) se[j] = 0;
    for (int c = 0; c < D; c++) {                       /* column c of R^-1, its squares spread over the rows */
        for (int i = c; i >= 0; i--) {
            t[i] = i == c;
            for (int k = i + 1; k <= c; k++) t[i] -= R[i * D + k] * t[k];
            t[i] /= R[i * D + i];
            se[i] += t[i] * t[i];
        }
    }
    for (int j = 0; j < D; j++) se[j] = s * sqrt(se[j]), t[j] = w[j] / se[j];
    return true;
}
